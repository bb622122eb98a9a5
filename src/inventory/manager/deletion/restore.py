"""Restoring deleted resources: ACTIVE and otherwise unchanged, unless an active resource is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain import ids
from inventory.domain.batches import batched
from inventory.domain.plain import Document
from inventory.manager.deletion.twins import Same, Twins, resource_id_of
from inventory.manager.deletion.undo_progress import Living, UndoProgress
from inventory.manager.resource.records import RecordStore
from inventory.manager.transactions import Transactions
from inventory.model.connection import translated_errors
from inventory.model.documents.record import StoredRecord, record_key

_BATCH: Final = 100
_PART: Final = 100
"""The number of job tasks whose deleted resources are read together."""
_TRIES: Final = 3
"""Maximum number of tries for a batch while the same resources are being created."""
_LARGE: Final = {"data": 0, "metadata": 0, "tags": 0}

Pair = tuple[str, str]
"""A collector and a secret."""


@dataclass(slots=True)
class Restored:
    """The result of a call that undoes deletions.

    Attributes:
        restored: number of resources that this call restored.
        not_restored, living: those that this call and those that it continues did not restore; the first hundred.
        complete: whether all were tried.
    """

    restored: int = 0
    not_restored: int = 0
    living: list[Living] = field(default_factory=list)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class _Undo:
    """What is undone, by whom, and when."""

    domain_id: str
    target: str
    deleted_by: Mapping[str, Pair | None]
    user_id: str
    now: datetime
    same: Same


class Restorer:
    """Restores deleted resources; may be interrupted at any point and repeated.

    Args:
        same: returns what recognizes living resources, for one call.
        kept_days: how long deleted resources are kept, days.
    """

    def __init__(self, *, database: Database[Document], same: Callable[[], Same], kept_days: float = 90.0) -> None:
        self._database = database
        self._services = database["cloud_service"]
        self._states = database["collection_state"]
        self._records = RecordStore(database=database)
        self._progress = UndoProgress(database=database, kept_days=kept_days)
        self._twins = Twins(database=database)
        self._same = same

    @translated_errors()
    def restore(
        self,
        domain_id: str,
        target: str,
        deleted_by: Mapping[str, Pair | None],
        *,
        user_id: str,
        now: datetime,
        should_stop: Callable[[], bool],
    ) -> Restored:
        """Restore all resources that are DELETED by one of these; a call continues where the last one stopped.

        Args:
            target: the job or deletion that is undone.
            deleted_by: what deleted them, each with the collector and secret that no longer saw them; None: those
                stored with the resource.
            user_id: the user named in the records.
            should_stop: asked after each batch.
        """
        undo = _Undo(domain_id, target, deleted_by, user_id, now, self._same())
        transactions = Transactions(database=self._database)
        done = Restored()
        begun = self._progress.read(domain_id, target, now)
        for part in batched(sorted(deleted_by), _PART):
            if part[-1] < begun.part:
                continue
            while (
                done.complete and (restored := self._tried(transactions, partial(self._batch, undo, part))) is not None
            ):
                done.restored += restored
                done.complete = not should_stop()
            if not done.complete:
                break
        ended = self._progress.read(domain_id, target, now)
        done.not_restored, done.living = ended.not_restored, ended.living
        if done.complete:
            self._progress.end(domain_id, target)
        return done

    @translated_errors()
    def tasks_of(self, domain_id: str, job_id: str) -> list[str]:
        """Return the job tasks of this job that deleted resources; the job itself may no longer exist."""
        deleted = {"domain_id": domain_id, "deleted_in_job": job_id}
        found = self._services.distinct("deleted_by", deleted)
        return sorted(each for each in found if each.startswith(f"{ids.JOB_TASK}-"))

    def _tried(self, transactions: Transactions, work: Callable[[ClientSession], int | None]) -> int | None:
        for attempt in range(_TRIES):
            try:
                return transactions.run(work)
            except DuplicateKeyError:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _batch(self, undo: _Undo, part: Sequence[str], session: ClientSession) -> int | None:
        """Try, in a transaction, the next resources of a part.

        Returns:
            The number of those restored; None if no resource of the part is left to be tried.
        """
        progress = self._progress.read(undo.domain_id, undo.target, undo.now, session)
        query: Document = {"domain_id": undo.domain_id, "deleted_by": {"$in": list(part)}, "state": "DELETED"}
        if progress.part == part[0]:
            query["_id"] = {"$gt": progress.after}
        deleted = list(self._services.find(query, _LARGE, session=session).sort("_id", 1).limit(_BATCH))
        if not deleted:
            return None
        restored, living = self._chosen(undo, deleted, session)
        if restored:
            self._services.bulk_write([_restoration(entry, undo.now) for entry in restored], session=session)
            self._records.insert([_record(entry, undo.user_id, undo.now) for entry in restored], session)
            self._put_states(restored, undo.deleted_by, session)
        progress.tried(part[0], deleted[-1]["_id"], living, len(restored))
        self._progress.write(undo.domain_id, undo.target, progress, undo.now, session)
        return len(restored)

    def _chosen(
        self, undo: _Undo, deleted: Sequence[Document], session: ClientSession
    ) -> tuple[list[Document], list[Living]]:
        """Return those of the deleted resources that are to be restored, and those of which one lives."""
        known: dict[Any, list[Document]] = {}
        for entry in self._twins.candidates(undo.domain_id, deleted, undo.same, session):
            _add(known, entry)
        restored: list[Document] = []
        living: list[Living] = []
        for entry in deleted:
            as_living = {**entry, "match_key": entry.get("former_match_key")}
            alike = (other for mark in _marks(as_living) for other in known.get(mark, ()))
            twin = next((other for other in alike if undo.same(entry, other)), None)
            if twin is None:
                restored.append(entry)
                _add(known, as_living)
            else:
                living.append(_living_of(entry, twin["cloud_service_id"]))
        return restored, living

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
            for former in entry.get("former_states") or ():
                seen[former["collector_id"], former["secret_id"]] = former["seen_at"]
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
    unset = dict.fromkeys(("deleted_at", "deleted_by", "deleted_in_job", "former_match_key", "former_states"), "")
    query = {"_id": entry["_id"], "domain_id": entry["domain_id"], "state": "DELETED"}
    return UpdateOne(query, {"$set": sets, "$unset": unset, "$inc": {"revision": 1}})


def _record(entry: Document, user_id: str, now: datetime) -> StoredRecord:
    revision = (entry.get("revision") or 0) + 1
    diff = [{"key": "state", "before": "DELETED", "after": "ACTIVE", "type": "CHANGED"}]
    record: StoredRecord = {
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


def _add(known: dict[Any, list[Document]], entry: Document) -> None:
    for mark in _marks(entry):
        known.setdefault(mark, []).append(entry)


def _marks(entry: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what may identify a resource: its match key, the provider's id, and its name."""
    if entry.get("match_key"):
        yield bytes(entry["match_key"])
    if resource_id := resource_id_of(entry):
        yield "id", resource_id
    if entry.get("name"):
        yield "name", entry["name"]


def _living_of(entry: Document, living_id: str) -> Living:
    return Living(entry["cloud_service_id"], living_id, entry.get("name") or "", resource_id_of(entry))
