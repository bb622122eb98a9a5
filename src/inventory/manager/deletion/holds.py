"""Holds: deletions that wait for confirmation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.errors import NotFoundError
from inventory.manager.deletion.undo_progress import UndoProgress
from inventory.model.connection import translated_errors
from inventory.model.documents.deletion import (
    AGE,
    COLLECT,
    DISCARDED,
    DISCARDING,
    DISSOLVED,
    DONE,
    HELD,
    HOUSEKEEPING,
    OPEN,
    PREPARING,
    Deletion,
    StoredDeletion,
)
from inventory.model.new_document import new_document


class HoldChangedError(Exception):
    """The hold no longer has the state that the work for it requires; nothing was written."""


def hold_id_of(job_task_id: str) -> str:
    """Return the id of the hold of a task's garbage collection; the same when it is repeated."""
    return f"hold-{job_task_id.rpartition('-')[2]}"


class HoldManager:
    """The only writer of the collection ``deletion``.

    A hold is PREPARING while resources are marked with it, and HELD from then on until it is answered. Each transaction
    that marks, deletes or releases resources for a hold also writes the hold (:meth:`works`), so that it fails if the
    hold changes its state meanwhile: no resource is ever marked with a hold that has been answered.

    Args:
        kept_days: how long a hold is kept after its decision, days: as long as it can be undone.
    """

    def __init__(self, *, database: Database[Document], kept_days: float = 90.0) -> None:
        self._deletions = database["deletion"]
        self._undos = UndoProgress(database=database)
        self._states = database["collection_state"]
        self._services = database["cloud_service"]
        self._kept = timedelta(days=kept_days)

    @translated_errors()
    def get(self, domain_id: str, deletion_id: str) -> StoredDeletion:
        """Return the hold, with the current ``missing``. Raises ``NotFoundError``."""
        found = self.find(domain_id, deletion_id)
        if found is None:
            raise NotFoundError(key="deletion_id", value=deletion_id)
        [current] = self.current(domain_id, [found])
        return current

    @translated_errors()
    def find(self, domain_id: str, deletion_id: str) -> StoredDeletion | None:
        """Return the hold as it is stored, or None."""
        found: Any = self._deletions.find_one(_of(domain_id, deletion_id))
        hold: StoredDeletion | None = found
        return hold

    @translated_errors()
    def list(
        self, domain_id: str, *, states: Sequence[str] = (), collector_id: str = "", start: int, limit: int
    ) -> tuple[Sequence[StoredDeletion], int]:
        """Return a page, the newest first, and the total number.

        Args:
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

    @translated_errors()
    def held_among(self, domain_id: str, deletion_ids: Sequence[str]) -> Sequence[StoredDeletion]:
        """Return those of the holds that wait for an answer, with the current ``missing``."""
        query = {"domain_id": domain_id, "deletion_id": {"$in": list(deletion_ids)}, "state": HELD}
        found = self.current(domain_id, list(self._deletions.find(query))) if deletion_ids else ()
        return [each for each in found if each["state"] == HELD]

    @translated_errors()
    def approved_of(self, domain_id: str, job_id: str, limit: int) -> Sequence[StoredDeletion]:
        """Return the holds of this job whose approval deleted resources, with the current ``restored_count``."""
        query = {"domain_id": domain_id, "job_id": job_id, "deleted_count": {"$gt": 0}}
        return self.current(domain_id, list(self._deletions.find(query).sort("_id", 1).limit(limit)))

    def current(self, domain_id: str, found: Sequence[Any]) -> Sequence[StoredDeletion]:
        """Return holds with the current ``missing`` and ``restored_count``; an empty one is DISSOLVED."""
        restored = self.restored(domain_id, [each["deletion_id"] for each in found if each["deleted_count"]])
        for each in found:
            each["restored_count"] = restored.get(each["deletion_id"], 0)
        still_open = [each for each in found if each["state"] in OPEN]
        missing: dict[str, int] = {}
        for kind in (COLLECT, AGE):
            missing |= self._missing(
                domain_id, kind, [each["deletion_id"] for each in still_open if each["kind"] == kind]
            )
        for each in still_open:
            each["missing"] = missing.get(each["deletion_id"], 0)
            if each["state"] == HELD and not each["missing"]:
                each["state"] = DISSOLVED
        return found

    def restored(self, domain_id: str, targets: Sequence[str]) -> dict[str, int]:
        """Return how many resources undos have restored, by the job or deletion that had deleted them."""
        return self._undos.restored(domain_id, targets)

    @translated_errors()
    def _missing(self, domain_id: str, kind: str, hold_ids: Sequence[str]) -> dict[str, int]:
        """Return the number of resources that each hold of this kind still holds; without the empty holds."""
        if not hold_ids:
            return {}
        query = {"domain_id": domain_id, "hold_id": {"$in": list(hold_ids)}}
        rows = self._marked(kind).aggregate([{"$match": query}, {"$group": {"_id": "$hold_id", "count": {"$sum": 1}}}])
        return {row["_id"]: row["count"] for row in rows}

    @translated_errors()
    def prepare(self, values: Mapping[str, Any]) -> StoredDeletion:
        """Store a new hold with these fields, PREPARING, and return it."""
        document = new_document(Deletion, **values, state=PREPARING)
        self._deletions.insert_one(document)
        stored: Any = document
        prepared: StoredDeletion = stored
        return prepared

    @translated_errors()
    def open(self, domain_id: str, deletion_id: str) -> None:
        """Make a PREPARING hold HELD: all its resources are marked, and it can be answered."""
        self._deletions.update_one({**_of(domain_id, deletion_id), "state": PREPARING}, {"$set": {"state": HELD}})

    @translated_errors()
    def prepared_of(self, domain_id: str, collector_id: str, secret_id: str) -> StoredDeletion | None:
        """Return a hold of this collector and secret that is still PREPARING, or None."""
        pair = {"state": PREPARING, "domain_id": domain_id, "collector_id": collector_id, "secret_id": secret_id}
        found: Any = self._deletions.find_one(pair)
        hold: StoredDeletion | None = found
        return hold

    def works(self, domain_id: str, deletion_id: str, state: str, session: ClientSession, **added: int) -> None:
        """Write the hold in a transaction that changes its resources.

        Args:
            state: the state that it must have.
            added: increments of its counts, by field.

        Raises:
            HoldChangedError: the hold has another state.
        """
        query = {**_of(domain_id, deletion_id), "state": state}
        if self._deletions.update_one(query, {"$inc": added}, session=session).matched_count == 0:
            raise HoldChangedError

    @translated_errors()
    def begin_housekeeping(self, domain_id: str, deletion_id: str, *, now: datetime) -> None:
        """Record, once, that a run of housekeeping deletes resources, so that this can be undone by id."""
        reason = "not updated for too long, and not seen by later collects"
        values = {"domain_id": domain_id, "deletion_id": deletion_id, "kind": HOUSEKEEPING, "state": DONE}
        document = new_document(Deletion, **values, reason=reason, created_at=now, expires_at=now + self._kept)
        document["_id"] = ObjectId()
        self._deletions.update_one(_of(domain_id, deletion_id), {"$setOnInsert": document}, upsert=True)

    @translated_errors()
    def confirm(
        self, domain_id: str, collector_id: str, secret_id: str, *, now: datetime, unless_since: datetime
    ) -> None:
        """Record that a further complete collect has not seen the held resources of a collector and secret.

        Args:
            domain_id, collector_id, secret_id: whose holds.
            unless_since: start of the collect; when repeated for the same collect, nothing is counted twice.
        """
        query: Document = {"state": HELD, "domain_id": domain_id, "collector_id": collector_id, "secret_id": secret_id}
        query |= {"created_at": {"$lt": unless_since}, "confirmed_at": {"$not": {"$gte": unless_since}}}
        self._deletions.update_many(query, {"$inc": {"confirmations": 1}, "$set": {"confirmed_at": now}})

    @translated_errors()
    def renew(self, hold: StoredDeletion, *, missing: int, now: datetime) -> None:
        """Record how many resources of a held type another run of housekeeping has found too old."""
        change = {"$set": {"missing": missing, "confirmed_at": now}, "$inc": {"confirmations": 1}}
        self._deletions.update_one({**_of(hold["domain_id"], hold["deletion_id"]), "state": HELD}, change)

    @translated_errors()
    def answer(
        self, domain_id: str, hold_id: str, state: str, *, by: str, now: datetime, of: str = HELD
    ) -> StoredDeletion | None:
        """Change a hold's state from ``of`` to ``state``, and return it; it is also returned if it is in ``state``
        already."""
        query = {**_of(domain_id, hold_id), "state": {"$in": [of, state]}}
        found: Any = self._deletions.find_one_and_update(
            query,
            [
                {
                    "$set": {
                        "decided_by": {"$cond": [{"$eq": ["$state", of]}, {"$literal": by}, "$decided_by"]},
                        "decided_at": {"$cond": [{"$eq": ["$state", of]}, now, "$decided_at"]},
                    }
                },
                {"$set": {"state": state}},
            ],
            return_document=ReturnDocument.AFTER,
        )
        answered: StoredDeletion | None = found
        return answered

    @translated_errors()
    def close(self, domain_id: str, deletion_id: str, state: str, *, of: str, now: datetime) -> None:
        """Record that the work for a hold in state ``of`` is done; it is removed when it can no longer be undone."""
        change = {"$set": {"state": state, "missing": 0, "expires_at": now + self._kept}, "$unset": {"open_of": ""}}
        self._deletions.update_one({**_of(domain_id, deletion_id), "state": of}, change)

    @translated_errors()
    def of_types(self, domain_id: str) -> dict[str, StoredDeletion]:
        """Return the open holds of kind AGE by the key of their type."""
        found = self._deletions.find({"state": {"$in": list(OPEN)}, "domain_id": domain_id, "kind": AGE})
        return {each["ref_cloud_service_type"]: each for each in found}  # type: ignore[misc]

    def unsettled(self) -> Iterator[StoredDeletion]:
        """Yield the holds of all domains that are HELD, and those of collects that are PREPARING or DISCARDING."""
        begun = {"state": {"$in": [PREPARING, DISCARDING]}, "kind": COLLECT}
        yield from self._deletions.find({"$or": [{"state": HELD}, begun]})

    def is_empty(self, hold: StoredDeletion) -> bool:
        """Return whether the hold no longer holds anything."""
        marked = {"domain_id": hold["domain_id"], "hold_id": hold["deletion_id"]}
        return self._marked(hold["kind"]).find_one(marked, {"_id": 1}) is None

    def _marked(self, kind: str) -> Collection[Document]:
        """Return the collection whose documents are marked with a hold of this kind."""
        return self._services if kind == AGE else self._states

    @translated_errors()
    def reset(self, hold: StoredDeletion, *, now: datetime) -> None:
        """Release the resources of a DISCARDING hold of kind COLLECT as if they had been seen, and close it.

        Their misses are counted from 0 again. It may be interrupted and repeated.
        """
        change = {"$set": {"disconnected_count": 0}, "$unset": {"hold_id": ""}}
        self._states.update_many({"domain_id": hold["domain_id"], "hold_id": hold["deletion_id"]}, change)
        self.close(hold["domain_id"], hold["deletion_id"], DISCARDED, of=DISCARDING, now=now)


def _of(domain_id: str, deletion_id: str) -> Document:
    return {"domain_id": domain_id, "deletion_id": deletion_id}
