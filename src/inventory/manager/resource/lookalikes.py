"""Active resources that probably represent the same thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.plain import Document, Json
from inventory.domain.reference_key import TYPE_FIELDS
from inventory.model.connection import translated_errors
from inventory.model.documents.cloud_service import ACTIVE

RESOURCE_ID: Final = "reference.resource_id"
LOOKED_AT: Final = 100_000
"""The maximum number of resources of one type that are examined for duplicates."""
DUPLICATED: Final = 1_000
"""The maximum number of resource_ids that are reported as duplicated."""
_OF_ONE_ID: Final = 20
"""The maximum number of resources that are read of one resource_id."""
_LARGE: Final = 50
"""The maximum number of resource_ids with more resources than that of which some are read."""
_MILLISECONDS: Final = 5_000
_SHOWN: Final = dict.fromkeys(
    (
        *("cloud_service_id", "name", *TYPE_FIELDS, "account"),
        *("region_code", "project_id", "reference", "updated_at", "instance_type"),
    ),
    1,
) | {"_id": 0}


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Active resources of one type that share a resource_id.

    Attributes:
        resources: number of examined resources.
        complete: whether all resources of the type were examined, and all duplicates are reported.
        groups: some of them by resource_id, the most frequent first.
    """

    resources: int
    complete: bool
    groups: Mapping[str, Sequence[Document]]


class Lookalikes:
    """Finds similar resources."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._services = database["cloud_service"]

    @translated_errors()
    def with_values(
        self, document: Json, values: Mapping[str, Any], *, scope: Mapping[str, Any], limit: int
    ) -> list[Document]:
        """Return other active resources that have these values.

        Args:
            document: the resource to exclude.
            values: by path.
            scope: limits the search to what the caller may see.
            limit: maximum number of results.
        """
        query = {"domain_id": document["domain_id"], "state": ACTIVE, **scope}
        query |= {path: {"$eq": value} for path, value in values.items()}
        query["cloud_service_id"] = {"$ne": document["cloud_service_id"]}
        return list(self._services.find(query, _SHOWN, max_time_ms=_MILLISECONDS).limit(limit))

    @translated_errors()
    def of_type(self, domain_id: str, kind: Mapping[str, Any], *, scope: Mapping[str, Any]) -> Duplicates:
        """Return the resources of a type that share a resource_id.

        Args:
            kind: provider, cloud_service_group and cloud_service_type.
            scope: limits the search to what the caller may see.
        """
        match = {"domain_id": domain_id, **kind, "state": ACTIVE, **scope}
        count = self._services.count_documents(match, limit=LOOKED_AT + 1)
        stages: list[Document] = [
            {"$match": match},
            {"$limit": LOOKED_AT},
            {"$group": {"_id": f"${RESOURCE_ID}", "count": {"$sum": 1}}},
            {"$match": {"count": {"$gt": 1}, "_id": {"$gt": ""}}},
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": DUPLICATED + 1},
        ]
        rows = list(self._services.aggregate(stages, allowDiskUse=True))
        groups: dict[str, list[Document]] = {row["_id"]: [] for row in rows[:DUPLICATED]}
        large = [row["_id"] for row in rows[:DUPLICATED] if row["count"] > _OF_ONE_ID]
        for resource_id in large[:_LARGE]:
            groups[resource_id] = list(
                self._services.find(match | {RESOURCE_ID: resource_id}, _SHOWN).limit(_OF_ONE_ID)
            )
        if small := [each for each in groups if each not in large]:
            query = match | {RESOURCE_ID: {"$in": small}}
            for found in self._services.find(query, _SHOWN).limit(_OF_ONE_ID * DUPLICATED):
                groups[found["reference"]["resource_id"]].append(found)
        return Duplicates(min(count, LOOKED_AT), count <= LOOKED_AT and len(rows) <= DUPLICATED, groups)

    @translated_errors()
    def some_of_type(
        self, domain_id: str, kind: Mapping[str, Any], *, scope: Mapping[str, Any], limit: int
    ) -> Sequence[Document]:
        """Return some resources of a type, whole."""
        match = {"domain_id": domain_id, **kind, "state": ACTIVE, **scope}
        return list(self._services.find(match).limit(limit))
