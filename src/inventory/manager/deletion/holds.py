"""Holds: deletions that wait for confirmation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ReturnDocument
from pymongo.database import Database

from inventory.errors import NotFoundError
from inventory.model.connection import Document, translated_errors
from inventory.model.documents.deletion import (
    AGE,
    APPROVED,
    COLLECT,
    DISCARDED,
    DISSOLVED,
    HELD,
    OPEN,
    Deletion,
    StoredDeletion,
)
from inventory.model.new_document import new_document

EXAMPLES: Final = 20
"""The number of resources listed in a hold."""
_NAMES_KEPT: Final = 100
"""The number of types and regions that are counted by name in a hold; the others are only in the total."""
_SHOWN: Final = ("name", "provider", "cloud_service_group", "cloud_service_type", "region_code", "account")
FIELDS: Final = ("cloud_service_id", "reference.resource_id", *_SHOWN)
"""The fields of a resource that :meth:`Summary.add` reads."""


@dataclass(slots=True)
class Summary:
    """A summary of what would be deleted: numbers by type and region, and examples."""

    total: int = 0
    types: Counter[str] = field(default_factory=Counter)
    regions: Counter[str] = field(default_factory=Counter)
    examples: list[Document] = field(default_factory=list)

    def add(self, resources: Sequence[Mapping[str, Any]]) -> None:
        """Count resources, which contain :data:`FIELDS`."""
        for each in resources:
            self.total += 1
            self.types[_type_of(each)] += 1
            self.regions[each.get("region_code") or ""] += 1
            if len(self.examples) < EXAMPLES:
                shown = {name: each[name] for name in _SHOWN if each.get(name)}
                resource_id = (each.get("reference") or {}).get("resource_id") or ""
                example = {"cloud_service_id": each["cloud_service_id"], "resource_id": resource_id, **shown}
                self.examples.append(example)

    def fields(self) -> Document:
        """Return the stored form."""
        return {
            "held": self.total,
            "missing": self.total,
            "types": _counted(self.types),
            "regions": _counted(self.regions),
            "examples": self.examples,
        }


def hold_id_of(job_task_id: str) -> str:
    """Return the id of the hold of a task's garbage collection; the same when it is repeated."""
    return f"hold-{job_task_id.rpartition('-')[2]}"


class HoldManager:
    """The only writer of the collection ``deletion``.

    Args:
        database: holds the collection.
        kept_days: how long a hold is kept after its decision, days: as long as it can be undone.
    """

    def __init__(self, *, database: Database[Document], kept_days: float = 90.0) -> None:
        self._deletions = database["deletion"]
        self._states = database["collection_state"]
        self._kept = timedelta(days=kept_days)

    @translated_errors()
    def get(self, domain_id: str, deletion_id: str) -> StoredDeletion:
        """Return the hold, with the current ``missing``. Raises ``NotFoundError``."""
        found = self._deletions.find_one(_of(domain_id, deletion_id))
        if found is None:
            raise NotFoundError(key="deletion_id", value=deletion_id)
        [current] = self.current(domain_id, [found])
        return current

    @translated_errors()
    def list(
        self, domain_id: str, *, states: Sequence[str] = (), collector_id: str = "", start: int, limit: int
    ) -> tuple[Sequence[StoredDeletion], int]:
        """Return a page, the newest first, and the total number.

        Args:
            domain_id: the domain.
            states: only holds in one of these states; empty for all.
            collector_id: only holds of this collector; empty for all.
            start: number of the first hold, from 1.
            limit: maximum number of holds.
        """
        query: Document = {"domain_id": domain_id}
        if states:
            query["state"] = {"$in": list(states)}
        if collector_id:
            query["collector_id"] = collector_id
        rows = self._deletions.find(query).sort([("created_at", -1), ("_id", -1)]).skip(start - 1).limit(limit)
        return self.current(domain_id, list(rows)), self._deletions.count_documents(query)

    def current(self, domain_id: str, found: Sequence[Any]) -> Sequence[StoredDeletion]:
        """Return holds with the current ``missing``; a hold that no longer holds anything is DISSOLVED."""
        open_ids = [each["deletion_id"] for each in found if each["kind"] == COLLECT and each["state"] in OPEN]
        missing = self.missing(domain_id, open_ids)
        for each in found:
            if each["deletion_id"] in open_ids:
                each["missing"] = missing.get(each["deletion_id"], 0)
            if each["state"] == HELD and not each["missing"]:
                each["state"] = DISSOLVED
        return found

    @translated_errors()
    def missing(self, domain_id: str, hold_ids: Sequence[str]) -> dict[str, int]:
        """Return the number of resources that each hold of kind COLLECT still holds; without the empty holds."""
        if not hold_ids:
            return {}
        query = {"domain_id": domain_id, "hold_id": {"$in": list(hold_ids)}}
        rows = self._states.aggregate([{"$match": query}, {"$group": {"_id": "$hold_id", "count": {"$sum": 1}}}])
        return {row["_id"]: row["count"] for row in rows}

    @translated_errors()
    def exists(self, domain_id: str, deletion_id: str) -> bool:
        """Return whether a hold has this id."""
        return self._deletions.find_one(_of(domain_id, deletion_id), {"_id": 1}) is not None

    @translated_errors()
    def put(self, values: Mapping[str, Any]) -> None:
        """Store a new hold, or update the undecided one of the same id."""
        document = new_document(Deletion, **values)
        query = {**_of(values["domain_id"], values["deletion_id"]), "state": values["state"]}
        fixed = {name: document.pop(name) for name in ("domain_id", "deletion_id", "state", "created_at")}
        created = {name: value for name, value in fixed.items() if name not in query}
        self._deletions.update_one(query, {"$set": document, "$setOnInsert": created}, upsert=True)

    @translated_errors()
    def confirm(
        self, domain_id: str, collector_id: str, secret_id: str, *, now: datetime, unless_since: datetime
    ) -> None:
        """Record that a further complete collect has not seen the held resources of a collector and secret.

        Args:
            domain_id, collector_id, secret_id: whose holds.
            now: the time.
            unless_since: start of the collect; when repeated for the same collect, nothing is counted twice.
        """
        query: Document = {"state": HELD, "domain_id": domain_id, "collector_id": collector_id, "secret_id": secret_id}
        query |= {"created_at": {"$lt": unless_since}, "confirmed_at": {"$not": {"$gte": unless_since}}}
        self._deletions.update_many(query, {"$inc": {"confirmations": 1}, "$set": {"confirmed_at": now}})

    @translated_errors()
    def renew(self, hold: StoredDeletion, *, missing: int, cutoff: datetime, now: datetime) -> None:
        """Record that a further run of housekeeping has found that many resources of a held type still too old."""
        change = {"$set": {"missing": missing, "cutoff": cutoff, "confirmed_at": now}, "$inc": {"confirmations": 1}}
        self._deletions.update_one({**_of(hold["domain_id"], hold["deletion_id"]), "state": HELD}, change)

    @translated_errors()
    def answer(self, domain_id: str, hold_id: str, state: str, *, by: str, now: datetime) -> StoredDeletion | None:
        """Set a hold to APPROVING or DISCARDING, and return it; one in that state already is returned, too."""
        query = {**_of(domain_id, hold_id), "state": {"$in": [HELD, state]}}
        found: Any = self._deletions.find_one_and_update(
            query,
            [
                {
                    "$set": {
                        "decided_by": {"$cond": [{"$eq": ["$state", HELD]}, {"$literal": by}, "$decided_by"]},
                        "decided_at": {"$cond": [{"$eq": ["$state", HELD]}, now, "$decided_at"]},
                    }
                },
                {"$set": {"state": state}},
            ],
            return_document=ReturnDocument.AFTER,
        )
        answered: StoredDeletion | None = found
        return answered

    @translated_errors()
    def close(self, domain_id: str, deletion_id: str, state: str, *, now: datetime, deleted: int = 0) -> None:
        """Record that nothing is left to do; the hold is removed once its deletions can no longer be undone."""
        change = {"state": state, "missing": 0, "deleted_count": deleted, "expires_at": now + self._kept}
        query = {**_of(domain_id, deletion_id), "state": {"$nin": [APPROVED, DISCARDED, DISSOLVED]}}
        self._deletions.update_one(query, {"$set": change, "$unset": {"open_of": ""}})

    @translated_errors()
    def dissolve_empty(self, domain_id: str, *, now: datetime) -> None:
        """Close the holds of collects that no longer hold anything."""
        found = self._deletions.find({"state": HELD, "domain_id": domain_id, "kind": COLLECT}, {"deletion_id": 1})
        ids = [each["deletion_id"] for each in found]
        missing = self.missing(domain_id, ids)
        for hold_id in ids:
            if hold_id not in missing:
                self.close(domain_id, hold_id, DISSOLVED, now=now)

    @translated_errors()
    def of_types(self, domain_id: str) -> dict[str, StoredDeletion]:
        """Return the open holds of kind AGE by the key of their type."""
        found = self._deletions.find({"state": {"$in": list(OPEN)}, "domain_id": domain_id, "kind": AGE})
        return {each["ref_cloud_service_type"]: each for each in found}  # type: ignore[misc]

    @translated_errors()
    def reset(self, domain_id: str, hold_id: str) -> None:
        """Release the resources of a hold of kind COLLECT as if they had been seen: misses are counted from 0 again."""
        change = {"$set": {"disconnected_count": 0}, "$unset": {"hold_id": ""}}
        self._states.update_many({"domain_id": domain_id, "hold_id": hold_id}, change)


def _of(domain_id: str, deletion_id: str) -> Document:
    return {"domain_id": domain_id, "deletion_id": deletion_id}


def _type_of(resource: Mapping[str, Any]) -> str:
    return ".".join(str(resource.get(key, "")) for key in ("provider", "cloud_service_group", "cloud_service_type"))


def _counted(names: Counter[str]) -> list[Document]:
    return [{"name": name, "count": count} for name, count in names.most_common(_NAMES_KEPT)]
