"""Restoring deleted resources: ACTIVE and otherwise unchanged, unless an active resource is the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain import ids
from inventory.manager.resource.records import RecordStore
from inventory.manager.transactions import Transactions
from inventory.model.connection import Document, translated_errors
from inventory.model.documents.record import record_key

_BATCH: Final = 100
_TRIES: Final = 3
"""Maximum number of tries for a batch while the same resources are being created."""
_LISTED: Final = 100
_IDENTITY: Final = ("provider", "cloud_service_group", "cloud_service_type", "account")

Pair = tuple[str, str]
"""A collector and a secret."""


@dataclass(frozen=True, slots=True)
class Living:
    """A deleted resource that is not restored, and the active one that is the same."""

    cloud_service_id: str
    living_id: str
    name: str = ""
    resource_id: str = ""


@dataclass(slots=True)
class Restored:
    """The result of an undo: the number of restored resources, the first hundred that were not, and whether all were
    tried."""

    restored: int = 0
    not_restored: int = 0
    living: list[Living] = field(default_factory=list)
    complete: bool = True


class Restorer:
    """Restores deleted resources; may be interrupted at any point and repeated."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._database = database
        self._services = database["cloud_service"]
        self._states = database["collection_state"]
        self._records = RecordStore(database=database)

    @translated_errors()
    def restore(
        self,
        domain_id: str,
        deleted_by: Mapping[str, Pair | None],
        *,
        user_id: str,
        now: datetime,
        should_stop: Callable[[], bool],
    ) -> Restored:
        """Restore all resources that are DELETED by one of these.

        Args:
            domain_id: the domain.
            deleted_by: what deleted them, each with the collector and secret that no longer saw them; None: those
                stored with the resource.
            user_id: the user named in the records.
            now: the time.
            should_stop: asked before each batch.
        """
        done = Restored()
        transactions = Transactions(database=self._database)
        query: Document = {"domain_id": domain_id, "deleted_by": {"$in": list(deleted_by)}, "state": "DELETED"}
        while True:
            batch = [row["_id"] for row in self._services.find(query, {"_id": 1}).sort("_id", 1).limit(_BATCH)]
            if not batch:
                return done
            if should_stop():
                done.complete = False
                return done
            restored, living = self._tried(transactions, partial(self._batch, batch, deleted_by, user_id, now))
            done.restored += restored
            done.not_restored += len(living)
            done.living.extend(living[: _LISTED - len(done.living)])
            query["_id"] = {"$gt": batch[-1]}

    @translated_errors()
    def tasks_of(self, domain_id: str, job_id: str) -> list[str]:
        """Return the job tasks that deleted resources and whose records contain the job; the job itself may no longer
        exist."""
        by_task = {"domain_id": domain_id, "deleted_by": {"$regex": f"^{ids.JOB_TASK}-"}}
        group = {"_id": "$deleted_by", "one": {"$first": "$cloud_service_id"}}
        rows = self._services.aggregate([{"$match": by_task}, {"$group": group}])
        tasks = {row["one"]: row["_id"] for row in rows}
        recorded = {
            "domain_id": domain_id,
            "cloud_service_id": {"$in": list(tasks)},
            "action": "DELETE",
            "job_id": job_id,
        }
        found = self._database["record"].find(recorded, {"cloud_service_id": 1})
        return sorted({tasks[record["cloud_service_id"]] for record in found})

    def _tried(
        self, transactions: Transactions, work: Callable[[ClientSession], tuple[int, list[Living]]]
    ) -> tuple[int, list[Living]]:
        for attempt in range(_TRIES):
            try:
                return transactions.run(work)
            except DuplicateKeyError:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _batch(
        self,
        keys: Sequence[Any],
        deleted_by: Mapping[str, Pair | None],
        user_id: str,
        now: datetime,
        session: ClientSession,
    ) -> tuple[int, list[Living]]:
        """Restore, in a transaction, the given resources that are still DELETED."""
        wanted = {"_id": {"$in": list(keys)}, "state": "DELETED", "deleted_by": {"$in": list(deleted_by)}}
        deleted = list(self._services.find(wanted, {"data": 0, "metadata": 0, "tags": 0}, session=session))
        twins = self._living(deleted, session)
        living: list[Living] = []
        restored: list[Document] = []
        taken: set[Any] = set()
        for entry in deleted:
            marks = _marks(entry)
            twin = next((twins[mark] for mark in marks if mark in twins), None)
            if twin is None and taken.isdisjoint(marks):
                taken.update(marks)
                restored.append(entry)
            else:
                living.append(_living_of(entry, twin or ""))
        if restored:
            self._write([_restoration(entry, now) for entry in restored], session)
            self._records.insert([_record(entry, user_id, now) for entry in restored], session)
            self._put_states(restored, deleted_by, session)
        return len(restored), living

    def _write(self, writes: list[UpdateOne], session: ClientSession) -> None:
        self._services.bulk_write(writes, session=session)

    def _living(self, deleted: Sequence[Document], session: ClientSession) -> dict[Any, str]:
        """Return the active resources that are the same as a deleted one, by what identifies both."""
        if not deleted:
            return {}
        resource_ids = sorted({_resource_id(entry) for entry in deleted} - {""})
        names = sorted({entry.get("name") or "" for entry in deleted if not _resource_id(entry)} - {""})
        keys = [entry["former_match_key"] for entry in deleted if entry.get("former_match_key")]
        domain = {"domain_id": deleted[0]["domain_id"]}
        queries: list[Document] = [
            {**domain, "match_key": {"$in": keys}},
            {**domain, "state": "ACTIVE", "reference.resource_id": {"$in": resource_ids}},
            {**domain, "state": "ACTIVE", "name": {"$in": names}},
        ]
        found: dict[Any, str] = {}
        fields = dict.fromkeys(("cloud_service_id", "match_key", "name", "reference", "region_code", *_IDENTITY), 1)
        for query, asked in zip(queries, (keys, resource_ids, names), strict=True):
            for entry in self._services.find(query, fields, session=session) if asked else ():
                for mark in _marks({**entry, "former_match_key": entry.get("match_key")}):
                    found.setdefault(mark, entry["cloud_service_id"])
        return found

    def _put_states(
        self, restored: Sequence[Document], deleted_by: Mapping[str, Pair | None], session: ClientSession
    ) -> None:
        """Restore the collection states of the resources, without a miss."""
        writes = []
        for entry in restored:
            seen = {
                (info.get("collector_id", ""), info.get("secret_id", "")): info.get("last_collected_at")
                for info in entry.get("collection_info") or ()
                if info.get("collector_id")
            }
            pair = deleted_by.get(entry["deleted_by"])
            for collector_id, secret_id in {*seen, *([pair] if pair else ())}:
                own = {
                    "domain_id": entry["domain_id"],
                    "collector_id": collector_id,
                    "secret_id": secret_id,
                    "cloud_service_id": entry["cloud_service_id"],
                }
                seen_at = seen.get((collector_id, secret_id)) or entry["deleted_at"]
                update = {
                    "$set": {"disconnected_count": 0},
                    "$unset": {"deleted": "", "hold_id": "", "garbage_task_id": ""},
                    "$setOnInsert": {"seen_at": seen_at, "job_task_id": ""},
                }
                writes.append(UpdateOne(own, update, upsert=True))
        if writes:
            self._states.bulk_write(writes, session=session)


def _restoration(entry: Document, now: datetime) -> UpdateOne:
    sets: Document = {"state": "ACTIVE", "updated_at": now}
    if entry.get("former_match_key"):
        sets["match_key"] = entry["former_match_key"]
    unset = dict.fromkeys(("deleted_at", "deleted_by", "former_match_key"), "")
    query = {"_id": entry["_id"], "domain_id": entry["domain_id"], "state": "DELETED"}
    return UpdateOne(query, {"$set": sets, "$unset": unset, "$inc": {"revision": 1}})


def _record(entry: Document, user_id: str, now: datetime) -> Document:
    revision = (entry.get("revision") or 0) + 1
    diff = [{"key": "state", "before": "DELETED", "after": "ACTIVE", "type": "CHANGED"}]
    record: Document = {
        "_id": record_key(entry["cloud_service_id"], revision, f"undo:{entry['deleted_by']}"),
        "record_id": ids.new_id(ids.RECORD),
        "domain_id": entry["domain_id"],
        "cloud_service_id": entry["cloud_service_id"],
        "action": "UPDATE",
        "diff": diff,
        "diff_count": len(diff),
        "revision": revision,
        "updated_by": "USER",
        "created_at": now,
    }
    if user_id:
        record["user_id"] = user_id
    return record


def _resource_id(entry: Mapping[str, Any]) -> str:
    return (entry.get("reference") or {}).get("resource_id") or ""


def _marks(entry: Mapping[str, Any]) -> list[Any]:
    """Return what identifies a resource: its match key, or the provider's id."""
    kind = tuple(entry.get(key) or "" for key in _IDENTITY)
    marks: list[Any] = [bytes(entry["former_match_key"])] if entry.get("former_match_key") else []
    if resource_id := _resource_id(entry):
        marks.append((*kind, "id", resource_id))
    elif not marks and entry.get("name"):
        # Nothing else identifies it.
        marks.append((*kind, "name", entry["name"], entry.get("region_code") or ""))
    return marks


def _living_of(entry: Document, living_id: str) -> Living:
    return Living(entry["cloud_service_id"], living_id, entry.get("name") or "", _resource_id(entry))
