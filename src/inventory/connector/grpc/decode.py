"""Messages of a plugin's stream: from bytes to what ingest reads, doing no more than is asked for."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from inventory.connector.grpc.struct import to_dict, to_plain
from inventory.connector.ports import Json, ResourceMessage
from inventory.domain.redact import Redactor
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2

FINGERPRINT_BYTES: Final = 16
"""Enough that two resources never share one by chance."""

_REPEATED: Final = "metadata"
"""The member of a resource that a plugin sends alike with each resource of a type (how to show it). Two thirds of
a real plugin's message, and of the time to decode it."""

_CACHED: Final = 32
"""How many different values of it are remembered per stream; plugins have about one per type."""

Received = tuple[collector_pb2.ResourceInfo, int]
"""A message and its size on the wire, bytes."""


def deserialize(data: bytes) -> Received:
    """Return the message in ``data`` with its size."""
    return collector_pb2.ResourceInfo.FromString(data), len(data)


def fingerprint(message: collector_pb2.ResourceInfo) -> bytes:
    """Return a hash of type, state, rules and content, the same for the same content in any order of keys."""
    rules = message.match_rules.SerializeToString(deterministic=True)
    head = f"{message.resource_type}\0{int(message.state)}\0{len(rules)}\0"
    digest = hashlib.blake2b(head.encode(), digest_size=FINGERPRINT_BYTES)
    digest.update(rules)
    digest.update(message.resource.SerializeToString(deterministic=True))
    return digest.digest()


class MessageDecoder:
    """Turns the messages of one stream into :class:`~inventory.connector.ports.ResourceMessage`."""

    def __init__(self, *, redactor: Redactor) -> None:
        """Take what hides secret values in the plugin's words."""
        self._redactor = redactor
        self._rules: dict[bytes, Json] = {}
        self._repeated: dict[bytes, Any] = {}

    def decode(self, message: collector_pb2.ResourceInfo, size: int) -> ResourceMessage:
        """Return the message; its content is decoded when first asked for."""
        content = message.resource
        return ResourceMessage(
            resource_type=message.resource_type,
            state=int(message.state),
            message=self._redactor(message.message),
            match_rules=self._decode_rules(message.match_rules),
            resource=lambda: self._decode_resource(content),
            size=size,
            fingerprint=fingerprint(message),
        )

    def _decode_rules(self, rules: Struct) -> Json:
        key = rules.SerializeToString(deterministic=True)
        found = self._rules.get(key)
        if found is None:
            found = to_dict(rules)
            _remember(self._rules, key, found)
        return found

    def _decode_resource(self, content: Struct) -> Json:
        if _REPEATED not in content.fields:
            return to_dict(content)
        value = content.fields[_REPEATED]
        key = value.SerializeToString(deterministic=True)
        found = self._repeated.get(key)
        if found is None:
            found = to_plain(value)
            _remember(self._repeated, key, found)
        result = {name: to_plain(item) for name, item in content.fields.items() if name != _REPEATED}
        result[_REPEATED] = found
        return result


def _remember(cache: dict[bytes, Any], key: bytes, value: Any) -> None:
    """Keep ``value``, and drop the oldest once there are too many."""
    if len(cache) >= _CACHED:
        del cache[next(iter(cache))]
    cache[key] = value
