"""Decodes messages of a plugin's stream for ingest, lazily."""

from __future__ import annotations

import hashlib
from typing import Final

from google.protobuf.message import DecodeError

from inventory.connector.grpc.salvage import Salvaged, salvage
from inventory.connector.ports import ResourceMessage
from inventory.domain.plain import Json
from inventory.domain.redact import Redactor
from inventory.protobuf.struct_reader import StructReader
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2

FINGERPRINT_BYTES: Final = 16
"""Long enough that two resources never share one by chance."""

_RULES_KEPT: Final = 32
"""How many different match rules are cached per stream; plugins have a handful."""

Received = tuple[collector_pb2.ResourceInfo | Salvaged, int]
"""A message, or the readable part of it, and its size on the wire, bytes."""


def deserialize(data: bytes) -> Received:
    """Return the message in ``data`` with its size; never raises, since grpc would end the stream."""
    try:
        return collector_pb2.ResourceInfo.FromString(data), len(data)
    except DecodeError:
        return salvage(data), len(data)


def fingerprint(resource_type: str, state: int, rules: bytes, content: bytes) -> bytes:
    """Return a hash of type, state, rules and content, independent of the order of keys.

    Args:
        resource_type: of the message.
        state: of the message.
        rules: its match rules in deterministic serialization.
        content: its resource in deterministic serialization.
    """
    head = f"{resource_type}\0{state}\0{len(rules)}\0"
    digest = hashlib.blake2b(head.encode(), digest_size=FINGERPRINT_BYTES)
    digest.update(rules)
    digest.update(content)
    return digest.digest()


class MessageDecoder:
    """Converts the messages of one stream to :class:`~inventory.connector.ports.ResourceMessage`."""

    def __init__(self, *, redactor: Redactor) -> None:
        """Set the redactor for secret values in the plugin's messages."""
        self._redactor = redactor
        self._rules: dict[bytes, Json] = {}
        self._reader = StructReader()

    def decode(self, message: collector_pb2.ResourceInfo | Salvaged, size: int) -> ResourceMessage:
        """Return the message; its content is decoded on first access."""
        if isinstance(message, Salvaged):
            return self._salvaged(message, size)
        rules = message.match_rules.SerializeToString(deterministic=True)
        content = message.resource.SerializeToString(deterministic=True)
        resource_type, state, words = message.resource_type, int(message.state), message.message
        return ResourceMessage(
            resource_type=resource_type,
            state=state,
            message=self._redactor(words) if words else words,
            match_rules=self._decode_rules(rules),
            resource=lambda: self._reader.read(content),
            size=size,
            fingerprint=fingerprint(resource_type, state, rules, content),
        )

    def _salvaged(self, message: Salvaged, size: int) -> ResourceMessage:
        """Return the readable part; without a fingerprint, since equal content need not have equal bytes."""
        return ResourceMessage(
            resource_type=message.resource_type,
            state=message.state,
            message=self._redactor(message.message),
            match_rules=message.match_rules,
            resource=message.resource,
            size=size,
            fault=message.fault,
        )

    def _decode_rules(self, written: bytes) -> Json:
        found = self._rules.get(written)
        if found is None:
            found = self._reader.read(written)
            if len(self._rules) >= _RULES_KEPT:
                del self._rules[next(iter(self._rules))]
            self._rules[written] = found
        return found
