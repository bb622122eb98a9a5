"""Finding the active resources that are the same as deleted ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.plain import Document, Json
from inventory.domain.reference_key import TYPE_FIELDS
from inventory.model.connection import translated_errors

_COMPARED: Final = dict.fromkeys(
    (
        *("cloud_service_id", "match_key", "name", "reference", "region_code", "instance_type", "instance_size"),
        *(*TYPE_FIELDS, "account", "project_id", "updated_at"),
    ),
    1,
)


class Same(Protocol):
    """Recognizes that a living resource is the same thing as a deleted one."""

    def __call__(self, deleted: Document, living: Document) -> bool:
        """Return whether the two are the same."""

    def names_by_rule(self, deleted: Document) -> bool:
        """Return whether resources with another resource_id may be the same thing as this one."""


class Twins:
    """Active resources, searched by what may identify a deleted one."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._services = database["cloud_service"]

    @translated_errors()
    def of(self, resource: Json, same: Same) -> list[Document]:
        """Return the active resources because of which an undo does not restore this deleted one."""
        deleted = dict(resource)
        found = self.candidates(deleted["domain_id"], [deleted], same, None)
        alike = {each["cloud_service_id"]: each for each in found if same(deleted, each)}
        return [alike[key] for key in sorted(alike)]

    def candidates(
        self, domain_id: str, deleted: Sequence[Document], same: Same, session: ClientSession | None
    ) -> Iterator[Document]:
        """Yield the active resources that may be the same as one of the deleted ones."""
        keys = [entry["former_match_key"] for entry in deleted if entry.get("former_match_key")]
        resource_ids = sorted({resource_id_of(entry) for entry in deleted} - {""})
        names = {entry["name"] for entry in deleted if entry.get("name")}
        by_name = {entry["name"] for entry in deleted if entry.get("name") and same.names_by_rule(entry)}
        kinds = {name: {"$in": sorted({entry[name] for entry in deleted})} for name in TYPE_FIELDS}
        active = {"domain_id": domain_id, "state": "ACTIVE"}
        without_id = {"reference.resource_id": {"$in": [None, ""]}, **kinds}
        queries: list[tuple[object, Document]] = [
            (keys, {**active, "match_key": {"$in": keys}}),
            (resource_ids, {**active, "reference.resource_id": {"$in": resource_ids}}),
            (names, {**active, **without_id, "name": {"$in": sorted(names)}}),
            (by_name, {**active, **kinds, "name": {"$in": sorted(by_name)}}),
        ]
        for wanted, query in queries:
            if wanted:
                yield from self._services.find(query, _COMPARED, session=session)


def resource_id_of(entry: Mapping[str, Any]) -> str:
    """Return the provider's own id of a resource; empty if it has none."""
    return (entry.get("reference") or {}).get("resource_id") or ""
