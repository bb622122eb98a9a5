"""Finds the faults of one message of a stream. Pure; the ingest's own functions say what it would refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from inventory.connector.ports import ResourceMessage
from inventory.domain.plain import Json
from inventory.errors import InvalidResourceError, InventoryError, MatchRuleError, UnsupportedResourceTypeError
from inventory.ingest.decision.changeset import new_cloud_service, new_cloud_service_type, new_region
from inventory.ingest.decision.match import MatchCondition, conditions_of, is_stored, parse_rules
from inventory.ingest.reading.kinds import (
    CLOUD_SERVICE,
    CLOUD_SERVICE_TYPE,
    FAILURE_STATE,
    KINDS,
    SKIP_STATE,
    Disposition,
    ResourceKind,
    classify,
)
from inventory.ingest.reading.record import values_of
from inventory.ingest.review import EMPTY_IDENTITY, LARGE_BYTES, LARGE_MESSAGE, NO_METADATA
from inventory.manager.resource.store import UNSTORABLE, encodable
from inventory.plugin_check.fault import Fault, remark, violation

STAGE: Final = "collect"
STATES: Final = ("NONE", "CREATED", "PENDING", "INPROGRESS", "SUCCESS", "FAILURE", "TIMEOUT", "IDLE", "SKIP")
_SUCCESS: Final = 4
_NOW: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SECRET_NAME: Final = re.compile(r"secret|passw|token|private|api_?key|credential", re.IGNORECASE)
_SECRET_LENGTH: Final = 8


def state_name(state: int) -> str:
    """Return the name of a state."""
    return STATES[state] if 0 <= state < len(STATES) else str(state)


def faults_of_message(message: ResourceMessage) -> Iterator[Fault]:
    """Yield the faults of ``message``."""
    if message.fault:
        unreadable = InvalidResourceError(key="resource", reason=message.fault)
        yield violation(STAGE, unreadable.code, unreadable.message)
        return
    yield from _state(message)
    if message.size > LARGE_BYTES:
        yield remark(STAGE, LARGE_MESSAGE, f"a message of {message.size / 1024**2:.1f} MiB: above gRPC's usual 4 MiB")
    match classify(message):
        case Disposition.STORE:
            yield from _stored(message, KINDS[message.resource_type])
        case Disposition.REPORT:
            if not message.message:
                yield violation(STAGE, "NO_MESSAGE", "an error without a message: users do not learn what went wrong")
        case Disposition.CACHE:
            if not message.resource:
                yield remark(STAGE, "EMPTY_CACHE", "an empty FilterCache")
        case Disposition.UNKNOWN:
            yield remark(STAGE, "PASSED_OVER", f"{message.resource_type} is not supported and is skipped")
        case Disposition.UNSUPPORTED:
            name = message.resource_type
            error = UnsupportedResourceTypeError(resource_type=name or "(empty)")
            yield violation(STAGE, error.code, error.message)


def _state(message: ResourceMessage) -> Iterator[Fault]:
    if message.state not in range(len(STATES)):
        yield violation(STAGE, "STATE", f"state {message.state} does not exist")
    elif message.state not in (_SUCCESS, FAILURE_STATE, SKIP_STATE):
        name = state_name(message.state)
        yield remark(STAGE, "STATE", f"state {name}: it is taken as SUCCESS, which should be said")


def _stored(message: ResourceMessage, kind: ResourceKind) -> Iterator[Fault]:
    try:
        rules = parse_rules(message.match_rules, kind)
        for key in sorted({key for rule in rules if not isinstance(rule, MatchRuleError) for key in rule}):
            if not is_stored(key, kind):
                yield remark(STAGE, "UNKNOWN_KEY", f"a match rule names {key[:100]}, which nothing stored has")
        conditions, error = asked_for(message, kind)
        if error:
            yield violation(STAGE, error.code, error.message)
        if conditions and not any(_is_indexed(condition, kind) for condition in conditions):
            keys = ", ".join(conditions[0].paths)
            yield remark(STAGE, "SLOW_RULE", f"no match rule holds {kind.indexed}: lookups by {keys} are slow")
        if conditions and (empty := _empty_identity(conditions[0], kind)):
            words = f"no value for {empty}, which tells it from others: all such resources become one"
            yield remark(STAGE, EMPTY_IDENTITY, words)
    except InventoryError as exc:
        yield violation(STAGE, exc.code, exc.message)
    if kind is CLOUD_SERVICE_TYPE and not (message.resource.get("metadata") or message.resource.get("json_metadata")):
        yield remark(STAGE, NO_METADATA, "a type without metadata: consoles show its resources without a table")
    try:
        if not encodable(document_of(message, kind)):
            yield violation(STAGE, "ERROR_INVALID_RESOURCE", f"the resource {UNSTORABLE}")
    except InventoryError as exc:
        yield violation(STAGE, exc.code, exc.message)


def asked_for(message: ResourceMessage, kind: ResourceKind) -> tuple[list[MatchCondition], InventoryError | None]:
    """Return the conditions of the match rules; raises like :func:`conditions_of`. The project is the one sent, since
    projects from secrets and collector rules are unknown here.
    """

    def fill(resource: Json) -> Json:
        document = {**document_of(message, kind), "project_id": resource.get("project_id")}
        return {key: document.get(key) for key in kind.filled_keys}

    return conditions_of(parse_rules(message.match_rules, kind), message.resource, kind, fill)


def document_of(message: ResourceMessage, kind: ResourceKind) -> Json:
    """Return the document that would be stored for ``message``. Raises ``InventoryError`` if the ingest refuses it."""
    values = values_of(kind, message.resource)
    if kind is CLOUD_SERVICE:
        return new_cloud_service(values, cloud_service_id="id", domain_id="domain", now=_NOW)
    if kind is CLOUD_SERVICE_TYPE:
        return new_cloud_service_type(values, cloud_service_type_id="id", domain_id="domain", now=_NOW)
    values = {"name": values.get("region_code"), **values}
    return new_region(values, region_id="id", domain_id="domain", now=_NOW)


def _empty_identity(condition: MatchCondition, kind: ResourceKind) -> str:
    """Return the path of the identifying field if the match rule contains it and the resource has no value there."""
    for path, wanted in zip(condition.paths, condition.wanted, strict=True):
        if path == kind.indexed and wanted is None:
            return path
    return ""


def _is_indexed(condition: MatchCondition, kind: ResourceKind) -> bool:
    return any(
        path == kind.indexed and wanted is not None
        for path, wanted in zip(condition.paths, condition.wanted, strict=True)
    )


def secret_values(data: Any, *, named: bool = False) -> set[str]:
    """Return the values of a secret whose names mark them as secret and that are too long to be ordinary words."""
    if isinstance(data, Mapping):
        return {
            value
            for name, member in data.items()
            for value in secret_values(member, named=named or _SECRET_NAME.search(str(name)) is not None)
        }
    if isinstance(data, list | tuple):
        return {value for member in data for value in secret_values(member, named=named)}
    return {data} if named and isinstance(data, str) and len(data) >= _SECRET_LENGTH else set()


def shows_secret(message: ResourceMessage, secrets: set[str]) -> Iterator[Fault]:
    """Yield a violation if the resource, which all users of the domain can read, contains a secret value."""
    if secrets:
        written = json.dumps(message.resource, default=str, ensure_ascii=False)
        if any(secret in written or json.dumps(secret)[1:-1] in written for secret in secrets):
            yield violation(STAGE, "SECRET_SHOWN", "a resource contains a value of the secret, which users can read")
