"""The documents and messages that are measured with."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format

from inventory.connector.ports import ResourceMessage
from inventory.domain.clock import isoformat
from inventory.model.documents.collector import Collector
from inventory.model.new_document import new_document
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.bench.bed import PLUGIN, VERSION
from tests.streams import ec2
from tests.streams.build import padded
from tests.streams.recording import on_the_wire, replay

Document = dict[str, Any]

SMALL_DATA_BYTES = 1_600
"""Makes a resource of about 2 KB on the wire."""
LARGE_AT_ONCE = 300
_ANYONE: Final = b"~~~~~~~~"
"""The owner in messages that are the same for all accounts."""
_templates_lock: Final = threading.Lock()
CREATED = datetime(2026, 1, 5, 12, tzinfo=UTC)


def collectors(domain_id: str, count: int, first: int = 0) -> list[Document]:
    """Return ``count`` collectors of a little over 1 KB each, as they are stored, numbered from ``first`` on."""
    return [_collector(domain_id, number) for number in range(first, first + count)]


def _collector(domain_id: str, number: int) -> Document:
    view = [{"name": f"Column {index}", "key": f"data.compute.property_{index}", "type": "text"} for index in range(6)]
    info = {
        "plugin_id": PLUGIN if number % 2 else f"plugin-{number % 10}",
        "version": VERSION,
        "options": {"regions": ["ap-northeast-2", "us-east-1"], "threads": 8, "deep": {"a": {"b": {"c": number}}}},
        "metadata": {
            "supported_resource_type": ["inventory.CloudService", "inventory.Region"],
            "options_schema": {"type": "object", "properties": {"regions": {"type": "array", "title": "Regions"}}},
            "view": view,
        },
        "provider": "aws",
        "upgrade_mode": "MANUAL",
    }
    return new_document(
        Collector,
        collector_id=collector_id(number),
        name=f"Collector-{number:04}",
        provider="aws",
        capability={"supported_schema": ["aws_access_key"]},
        plugin_info=info,
        tags={"team": f"team-{number % 7}", "environment": "production"},
        domain_id=domain_id,
        created_at=CREATED,
    )


def collector_id(number: int) -> str:
    """Return the id of one of :func:`collectors`."""
    return f"collector-{number:012x}"


def collector_message(document: Document) -> bytes:
    """Return what a bare server would have ready to send for a collector."""
    return collector_info(document).SerializeToString()


def collector_info(document: Document) -> collector_pb2.CollectorInfo:
    """Return the CollectorInfo of a stored collector."""
    info = {key: isoformat(value) if isinstance(value, datetime) else value for key, value in document.items()}
    message = collector_pb2.CollectorInfo()
    json_format.ParseDict(info, message, ignore_unknown_fields=True)
    return message


def small(owner: str, number: int, version: int = 0) -> ResourceMessage:
    """Return a resource of about 2 KB; another version is another content."""
    message = padded(f"{owner}-{number}", bytes_of_data=SMALL_DATA_BYTES)
    resource: Document = dict(message.resource)
    resource["data"] = {**resource["data"], "version": float(version)}
    return ResourceMessage(
        message.resource_type, message.state, "", message.match_rules, resource, message.size, message.fingerprint
    )


def small_messages(owner: str, count: int, version: int = 0) -> Iterator[bytes]:
    """Yield encoded resources of about 2 KB."""
    for message in on_the_wire(small(owner, number, version) for number in range(count)):
        yield message.SerializeToString()


def stirred_messages(owner: str, count: int, version: int, stir: int) -> Iterator[bytes]:
    """Yield encoded resources of about 2 KB, of which one in ``stir`` differs from version to version."""
    name = owner.rjust(len(_ANYONE), "0").encode()
    with _templates_lock:
        templates = _stirred_templates(count, version, stir)
    # As long as the placeholder, so that no length in the message changes: a real plugin would keep up with the worker.
    return (template.replace(_ANYONE, name) for template in templates)


@functools.lru_cache(maxsize=2)
def _stirred_templates(count: int, version: int, stir: int) -> tuple[bytes, ...]:
    """Return the messages of an owner whose name is replaced by those of the accounts."""
    owner = _ANYONE.decode()
    stirred = (small(owner, number, _stirred(number, version, stir)) for number in range(count))
    return tuple(message.SerializeToString() for message in on_the_wire(stirred))


def _stirred(number: int, version: int, stir: int) -> int:
    """Return the last version, up to ``version``, in which a resource has changed: each in its turn."""
    return max(version - (version - number) % stir, 0)


def large_messages(owner: str, count: int, version: int, path: Path | None) -> Iterator[bytes]:
    """Yield encoded resources of about 14 KB, recorded in ``path`` or constructed, repeated under ids of the owner."""
    recorded = replay(path) if path else on_the_wire(ec2.stream(LARGE_AT_ONCE))
    resources = [each for each in recorded if each.resource_type == "inventory.CloudService"]
    for number in range(count):
        message = resources[number % len(resources)]
        copy = type(message)()
        copy.CopyFrom(message)
        reference = copy.resource.fields["reference"].struct_value
        reference.fields["resource_id"].string_value += f"-{owner}-{number // len(resources)}"
        copy.resource.fields["data"].struct_value.fields["version"].number_value = version
        yield copy.SerializeToString()
