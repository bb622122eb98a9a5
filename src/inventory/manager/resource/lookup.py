"""Finding stored resources for a collect filter: their values, and the secrets that collected them (contract, §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.collector.filter_format import FilterFormat, FilterLookup, Found
from inventory.domain.plain import Document
from inventory.errors import CollectInitializeError, InvalidParameterError, clip
from inventory.model.connection import translated_errors
from inventory.model.documents.cloud_service import ACTIVE
from inventory.model.time_limit import query_limit
from inventory.query.ast import Condition
from inventory.query.fields import KeyTarget, ResourceSchema
from inventory.query.mongo import condition_filter
from inventory.query.operators import typed_condition
from inventory.query.schemas import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION

_SCHEMAS: Final = {f"inventory.{schema.name}": schema for schema in (CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION)}
_REFERENCES: Final = {CLOUD_SERVICE_TYPE.name: "ref_cloud_service_type", REGION.name: "ref_region"}
"""The field of cloud services that refers to the other resource."""
_COLLECTED_BY: Final = "collection_info.secret_id"


class ResourceLookup:
    """Applies filters to the stored resources of a domain."""

    def __init__(self, *, database: Database[Document], timeout_seconds: float) -> None:
        """Create a lookup.

        Args:
            timeout_seconds: time limit of one MongoDB query, s.
        """
        self._database = database
        self._timeout_seconds = timeout_seconds
        self._milliseconds = int(timeout_seconds * 1000)

    def find(self, domain_id: str, lookup: FilterLookup, secret_ids: Sequence[str], *, now: datetime) -> Found:
        """Return, per secret that collected the resources found, the values that the change rules require.

        A cloud service itself names its secrets. For a type or region, those count that collected a cloud service of
        it; if there is none, nobody is known to have collected it, and all of ``secret_ids`` count.

        Args:
            lookup: the client's filter.
            secret_ids: the candidate secrets.
            now: the time, UTC.

        Raises:
            CollectInitializeError: the plugin's format names something that is not stored.
            BadRequestError: a client's value cannot be compared with the field.
            RequestTimeoutError, ConnectionFailureError: from MongoDB.
        """
        schema = _SCHEMAS.get(lookup.format.resource_type)
        if schema is None:
            raise _untranslatable(lookup.format, f"no resources of type {lookup.format.resource_type} are kept")
        target = _own_field(schema, lookup.format, lookup.format.key)
        paths = _paths(schema, lookup.format)
        condition = typed_condition(target, "in", list(lookup.values), now=now)
        with translated_errors(key=f"filter.{lookup.format.key}"), query_limit(self._timeout_seconds):
            if schema is CLOUD_SERVICE:
                return self._cloud_services(domain_id, condition, paths, secret_ids)
            return self._by_reference(domain_id, schema, condition, paths, secret_ids)

    def _cloud_services(
        self, domain_id: str, condition: Condition, paths: Mapping[str, list[str]], secret_ids: Sequence[str]
    ) -> dict[str, dict[str, list[Any]]]:
        living = {"domain_id": domain_id, "state": ACTIVE, _COLLECTED_BY: {"$in": list(secret_ids)}}
        numbered = list(enumerate(path for group in paths.values() for path in group))
        group = {"_id": f"${_COLLECTED_BY}"} | {f"v{number}": {"$addToSet": f"${path}"} for number, path in numbered}
        stages: list[Document] = [
            {"$match": {"$and": [living, condition_filter(condition)]}},
            {"$unwind": "$collection_info"},
            {"$match": {_COLLECTED_BY: {"$in": list(secret_ids)}}},
            {"$group": group},
        ]
        rows = self._database["cloud_service"].aggregate(stages, maxTimeMS=self._milliseconds)
        by_path = {path: f"v{number}" for number, path in numbered}
        return {
            row["_id"]: {key: _distinct(row[by_path[path]] for path in group) for key, group in paths.items()}
            for row in rows
        }

    def _by_reference(
        self,
        domain_id: str,
        schema: ResourceSchema,
        condition: Condition,
        paths: Mapping[str, list[str]],
        secret_ids: Sequence[str],
    ) -> dict[str, dict[str, list[Any]]]:
        reference = _REFERENCES[schema.name]
        query = {"$and": [{"domain_id": domain_id}, condition_filter(condition)]}
        found = list(self._database[schema.collection].find(query, max_time_ms=self._milliseconds))
        seen_by = self._secrets_of(domain_id, reference, [document.get(reference) for document in found])
        result: dict[str, dict[str, list[Any]]] = {}
        for secret_id in secret_ids:
            own = [
                document for document in found if secret_id in (seen_by.get(document.get(reference)) or set(secret_ids))
            ]
            if own:
                result[secret_id] = {
                    key: _distinct(_at(document, path) for document in own for path in group)
                    for key, group in paths.items()
                }
        return result

    def _secrets_of(self, domain_id: str, reference: str, keys: Iterable[str | None]) -> dict[str | None, set[str]]:
        """Return the secrets that collected an active cloud service of each type or region."""
        match = {"domain_id": domain_id, reference: {"$in": [key for key in keys if key]}, "state": ACTIVE}
        stages: list[Document] = [
            {"$match": match},
            {"$unwind": "$collection_info"},
            {"$group": {"_id": f"${reference}", "secrets": {"$addToSet": f"${_COLLECTED_BY}"}}},
        ]
        rows = self._database["cloud_service"].aggregate(stages, maxTimeMS=self._milliseconds)
        return {row["_id"]: set(row["secrets"]) for row in rows}


def _paths(schema: ResourceSchema, format: FilterFormat) -> dict[str, list[str]]:
    """Return the stored paths by change_key; raises ``CollectInitializeError`` as ``find`` does."""
    if not format.change_rules:
        raise _untranslatable(format, "it has no change rule")
    paths: dict[str, list[str]] = {}
    for rule in format.change_rules:
        if not rule.change_key:
            raise _untranslatable(format, "a change rule lacks its change_key")
        paths.setdefault(rule.change_key, []).append(_own_field(schema, format, rule.resource_key).path)
    return paths


def _own_field(schema: ResourceSchema, format: FilterFormat, key: str) -> KeyTarget:
    """Return the stored field ``key``. Every key must exist: ignoring one would widen what is collected."""
    try:
        target = schema.target(key)
    except InvalidParameterError as exc:
        raise _untranslatable(format, f"{clip(key, 256)} is not a key of {schema.name}") from exc
    if target.members and key != format.key:
        raise _untranslatable(format, f"{clip(key, 256)} has a dot or a dollar in a name")
    if target.reference is not None:
        raise _untranslatable(format, f"{clip(key, 256)} leads from {schema.name} into another resource")
    return target


def _untranslatable(format: FilterFormat, reason: str) -> CollectInitializeError:
    """Return the error for a filter that cannot be translated with the plugin's metadata."""
    return CollectInitializeError(stage="filter", reason=f"filter_format {clip(format.key, 256)}: {reason}")


def _at(document: object, path: str) -> object:
    for segment in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(segment)
    return document


def _distinct(values: Iterable[object]) -> list[Any]:
    """Return the distinct scalars in ``values``, with lists flattened, in a stable order."""
    scalars: set[Any] = set()
    pending: list[object] = list(values)
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str | int | float):
            scalars.add(value)
    return sorted(scalars, key=lambda value: (isinstance(value, str), value))
