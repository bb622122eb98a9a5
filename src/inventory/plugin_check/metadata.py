"""Checks the answer of ``init``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from inventory.domain.collector.filter_format import parse_formats
from inventory.domain.collector.rule import managed_rules
from inventory.domain.plain import Json
from inventory.ingest.reading.kinds import ERROR_TYPES, KINDS
from inventory.manager.resource.store import encodable
from inventory.plugin_check.fault import Fault, remark, violation

STAGE: Final = "init"
SCHEDULES: Final = frozenset({"hours", "minutes", "interval", "cron"})
_LISTS: Final = ("supported_resource_type", "supported_schedules", "supported_features", "filter_format")


def faults_of_metadata(metadata: Json) -> Iterator[Fault]:
    """Yield the faults of a plugin's metadata."""
    if not metadata:
        yield remark(STAGE, "EMPTY_METADATA", "the metadata is empty: no filter, no garbage collection, any schedule")
        return
    if not encodable({"metadata": dict(metadata)}):
        yield violation(STAGE, "METADATA", "the metadata cannot be stored: too large, too deep, or a NUL in a key")
    for name in _LISTS:
        value = metadata.get(name)
        if value is not None and not isinstance(value, list):
            yield violation(STAGE, "METADATA", f"{name} must be a list, and is {_kind(value)}")
    yield from _schedules(metadata)
    yield from _formats(metadata)
    schema = metadata.get("options_schema")
    if schema is not None and not isinstance(schema, Mapping):
        yield violation(STAGE, "METADATA", f"options_schema must be a JSON schema, and is {_kind(schema)}")
    for fault in managed_rules(metadata)[1]:
        yield violation(STAGE, "COLLECTOR_RULE", fault)


def _schedules(metadata: Json) -> Iterator[Fault]:
    listed = metadata.get("supported_schedules")
    if isinstance(listed, list):
        for each in listed:
            if each not in SCHEDULES:
                known = ", ".join(sorted(SCHEDULES))
                yield remark(STAGE, "SCHEDULE", f"supported_schedules names {each!r}; known are {known}")


def _formats(metadata: Json) -> Iterator[Fault]:
    listed = metadata.get("filter_format")
    if not isinstance(listed, list):
        return
    known = parse_formats({"filter_format": [each for each in listed if isinstance(each, Mapping)]}) or {}
    if len(known) < len(listed):
        message = f"{len(listed) - len(known)} of {len(listed)} entries of filter_format have no key"
        yield violation(STAGE, "FILTER_FORMAT", message)
    for key, found in known.items():
        if found.resource_type != "CUSTOM" and not found.change_rules:
            yield violation(STAGE, "FILTER_FORMAT", f"filter_format {key!r} looks resources up without change_rules")


def undeclared(metadata: Json, types: set[str]) -> Iterator[Fault]:
    """Yield the types that were sent but not declared by the plugin."""
    declared = metadata.get("supported_resource_type")
    if not isinstance(declared, list):
        return
    for name in sorted((types & KINDS.keys()) - set(map(str, declared)) - ERROR_TYPES):
        yield remark("collect", "UNDECLARED_TYPE", f"sends {name}, which supported_resource_type does not name")


def _kind(value: object) -> str:
    return "a dict" if isinstance(value, Mapping) else f"a {type(value).__name__}"
