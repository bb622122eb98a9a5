"""Running slices: claim, lease, heartbeat, and every transition out of IN_PROGRESS, each one conditional update.

A claim is identified by its owner, a random token generated for each claim. A worker that lost its lease, however
long it was suspended, can therefore no longer change anything.

The claim itself keeps the limits exact: it occupies one slot of the collector and one of the plugin endpoint (see
``slice_slots``). Two claims of the same last slot collide on its unique key, and one of them waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from bson import Binary
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.clock import Clock
from inventory.domain.job.outcome import MAX_ERRORS, Outcome
from inventory.domain.job.states import TaskStatus
from inventory.domain.job.stored_error import error_document
from inventory.domain.plain import Document
from inventory.errors import WorkerLostError
from inventory.manager.job.slice_slots import SliceSlots, SlotKind, SlotLimits
from inventory.manager.job.slices import NOT_RUNNING
from inventory.manager.transactions import Fence, end_sessions
from inventory.model.connection import translated_errors
from inventory.model.documents.job_task import StoredSlice
from inventory.model.lease import LEASE
from inventory.model.stored import collection_of

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""``enqueued_at`` of an attempt that is not due yet: the sweeper enqueues it as soon as it is."""

_CLAIM_TRIES: Final = 16

_DOUBLINGS: Final = 16
"""Maximum number of times the wait before an attempt is doubled. Even the longest wait that can be configured, ten
days, then still ends before the last representable date."""


class Refusal(Enum):
    """Why a slice cannot be claimed now."""

    FULL = auto()
    """The collector, or the plugin's endpoint, has no free slot."""
    NOT_CLAIMABLE = auto()
    """Another worker runs it, or it has ended, is held, is not due, or has no attempts left."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A running slice at a heartbeat: its claim, and what its stream has delivered so far."""

    domain_id: str
    slice_id: str
    owner: str
    progress: Outcome | None = None


class SliceClaims:
    """Claims of slices.

    Args:
        lease_seconds: how long a claim lasts without a heartbeat, s.
        max_attempts: how often a slice is attempted before it fails.
        backoff_seconds: wait before the second attempt, doubled for each further one, s.

    Attributes:
        slots: the slots that claims occupy, and the slices that wait for them.
    """

    def __init__(
        self,
        *,
        database: Database[Document],
        clock: Clock,
        lease_seconds: float,
        max_attempts: int,
        backoff_seconds: float,
    ) -> None:
        self.slots = SliceSlots(database=database, clock=clock)
        self._slices = collection_of(database, "slice", StoredSlice)
        self._clock = clock
        self._lease = timedelta(seconds=lease_seconds)
        self._max_attempts = max_attempts
        self._backoff = timedelta(seconds=backoff_seconds)

    def session(self) -> ClientSession:
        """Return a new session for what is written under one claim; leave it as a context manager. Sends nothing."""
        return self._slices.database.client.start_session()

    @translated_errors()
    def claim(
        self, found: StoredSlice, *, owner: str, limits: SlotLimits, session_id: Binary | None = None
    ) -> StoredSlice | Refusal:
        """Claim the slice ``found``: PENDING and due, or IN_PROGRESS with an expired lease.

        What an earlier owner has written and not committed is undone.

        Args:
            found: the slice as it was read; only fields that never change are used.
            owner: a token for this claim alone.
            session_id: of the session by which the owner will write.
        """
        for _ in range(_CLAIM_TRIES):
            slots = self.slots.free(found, limits)
            if isinstance(slots, SlotKind):
                return Refusal.FULL
            try:
                claimed = self._claim(found, owner, slots, session_id)
            except DuplicateKeyError:
                continue
            if claimed is None:
                return Refusal.NOT_CLAIMABLE
            if "lost_session" in claimed:
                end_sessions(self._slices.database, [claimed["lost_session"]])
            return claimed
        return Refusal.FULL

    def _claim(
        self, found: StoredSlice, owner: str, slots: Mapping[str, int], session_id: Binary | None
    ) -> StoredSlice | None:
        now = self._clock.now()
        values: Document = {
            "status": TaskStatus.IN_PROGRESS.value,
            **LEASE.claimed(owner, now, self._lease),
            "started_at": now,
            **slots,
            **Outcome().fields(),
            "lost_session": {"$ifNull": ["$session", "$$REMOVE"]},
            "session": session_id or "$$REMOVE",
        }
        # What earlier attempts created stays counted, and their errors are kept.
        values |= {
            "created_count": "$created_count",
            "total_count": "$created_count",
            "earlier_errors": {"$slice": [{"$concatArrays": [_list("$earlier_errors"), _list("$errors")]}, MAX_ERRORS]},
            "attempts": {"$add": ["$attempts", 1]},
        }
        if found["number"] == 0:
            # A plan of slices is identified by the number of claims of slice 0 when it was made.
            values["plan_attempt"] = {"$add": ["$plan_attempt", 1]}
        change: list[Document] = [{"$set": values}, {"$unset": "waits_for"}]
        pending = {"status": TaskStatus.PENDING.value}
        query = {
            **_key(found),
            "held": False,
            "attempts": {"$lt": self._max_attempts},
            "$or": [
                pending | {"not_before": {"$lte": now}},
                pending | {"waits_for": {"$type": "string"}},
                {"status": TaskStatus.IN_PROGRESS.value, **LEASE.expired(now)},
            ],
        }
        return self._slices.find_one_and_update(query, change, return_document=ReturnDocument.AFTER)

    @translated_errors()
    def beat(self, beats: Sequence[Beat]) -> set[str]:
        """Renew the leases of this process's running slices, store their progress, and return owners of lost claims.

        Their slices were canceled, deleted with their job, or claimed by another worker after the lease had expired.
        """
        if not beats:
            return set()
        lease = LEASE.renewed(self._clock.now(), self._lease)
        self._slices.bulk_write(
            [
                UpdateOne(_owned(beat), {"$set": lease | (beat.progress.fields() if beat.progress else {})})
                for beat in beats
            ],
            ordered=False,
        )
        query = {
            "domain_id": {"$in": sorted({beat.domain_id for beat in beats})},
            "slice_id": {"$in": [beat.slice_id for beat in beats]},
            "owner": {"$in": [beat.owner for beat in beats]},
            "status": TaskStatus.IN_PROGRESS.value,
        }
        own = {row["owner"] for row in self._slices.find(query, {"owner": 1})}
        return {beat.owner for beat in beats} - own

    @translated_errors()
    def finish(
        self, claimed: StoredSlice, status: TaskStatus, outcome: Outcome, *, expanded_attempt: int | None = None
    ) -> bool:
        """End a claimed slice; False if the claim was lost meanwhile and nothing was written."""
        expanded = {} if expanded_attempt is None else {"expanded_attempt": expanded_attempt}
        outcome = outcome.after(claimed)
        change = {"status": status.value, "finished_at": self._clock.now(), **outcome.fields(), **expanded}
        return self._leave(claimed, change)

    @translated_errors()
    def count_canceled(self, claimed: StoredSlice, outcome: Outcome) -> bool:
        """Store what a slice that was canceled while it ran had written; only its last owner can do this."""
        query = _key(claimed) | {"owner": claimed["owner"], "status": TaskStatus.CANCELED.value}
        return self._slices.update_one(query, {"$set": outcome.after(claimed).fields()}).matched_count == 1

    @translated_errors()
    def retry(self, claimed: StoredSlice, outcome: Outcome) -> bool | None:
        """Put a slice back to PENDING after a temporary failure, to be attempted again after a wait.

        Returns:
            True if it was put back; False if it has no attempts left and the caller must end it; None if the claim was
            lost.
        """
        if claimed["attempts"] >= self._max_attempts:
            return False
        wait = self._backoff * 2 ** min(claimed["attempts"] - 1, _DOUBLINGS)
        # Only this attempt's errors: the next claim moves them to the earlier ones.
        kept = replace(outcome.after(claimed), errors=outcome.errors, error_count=outcome.error_count)
        change = kept.fields() | _waiting_until(self._clock.now() + wait) | {"enqueued_at": _NEVER}
        return True if self._leave(claimed, change) else None

    @translated_errors()
    def hand_back(self, claimed: StoredSlice, stored: Outcome | None = None) -> bool:
        """Put back a slice that a stopping worker cannot finish; the attempt does not count.

        Args:
            claimed: the slice as it was claimed.
            stored: what the attempt has stored so far; what it created stays counted.
        """
        now = self._clock.now()
        created = max((stored or Outcome()).created_count, claimed.get("created_count", 0))
        kept = Outcome(created_count=created, total_count=created)
        change = kept.fields() | _waiting_until(now) | {"enqueued_at": now}
        return self._leave(claimed, change, attempts=-1)

    @translated_errors()
    def expired(self, *, limit: int) -> list[StoredSlice]:
        """Return slices of all domains whose lease has expired, longest expired first."""
        query = {"status": TaskStatus.IN_PROGRESS.value, **LEASE.expired(self._clock.now())}
        return list(self._slices.find(query).sort(LEASE.until, 1).limit(limit))

    @translated_errors()
    def take_from_lost(self, found: StoredSlice) -> TaskStatus | None:
        """Put back a slice whose worker was lost, or fail it after its last attempt.

        Returns:
            The new status, PENDING or FAILURE; None if another process handled it first.
        """
        now = self._clock.now()
        if found["attempts"] < self._max_attempts:
            change, status = _waiting_until(now) | {"enqueued_at": now}, TaskStatus.PENDING
        else:
            error = error_document(WorkerLostError(attempts=found["attempts"]))
            change = Outcome.stored_in(found).with_error(error).after(found).fields()
            change |= {"status": TaskStatus.FAILURE.value, "finished_at": now}
            status = TaskStatus.FAILURE
        if not self._leave(found, change, lease_before=True):
            return None
        if status is TaskStatus.FAILURE and "session" in found:
            end_sessions(self._slices.database, [found["session"]])
        return status

    def _leave(self, claimed: StoredSlice, change: Document, *, attempts: int = 0, lease_before: bool = False) -> bool:
        query = _key(claimed) | {"owner": claimed["owner"], "status": TaskStatus.IN_PROGRESS.value}
        update: Document = {"$set": change, "$unset": NOT_RUNNING}
        if lease_before:
            # The session stays: whoever claims the slice next ends it.
            query |= LEASE.expired(self._clock.now())
        else:
            update["$unset"] = NOT_RUNNING | {"session": "", "lost_session": ""}
        if attempts:
            update["$inc"] = {"attempts": attempts}
        return self._slices.update_one(query, update).modified_count == 1


def slice_fence(domain_id: str, slice_id: str, owner: str) -> Fence:
    """Return what a worker must still have of a slice to write what it collects of it."""
    query = {"domain_id": domain_id, "slice_id": slice_id, "owner": owner, "status": TaskStatus.IN_PROGRESS.value}
    return Fence("slice", query)


def _list(path: str) -> Document:
    return {"$ifNull": [path, []]}


def _key(found: StoredSlice) -> Document:
    return {"domain_id": found["domain_id"], "slice_id": found["slice_id"]}


def _owned(beat: Beat) -> Document:
    return {
        "domain_id": beat.domain_id,
        "slice_id": beat.slice_id,
        "owner": beat.owner,
        "status": TaskStatus.IN_PROGRESS.value,
    }


def _waiting_until(moment: datetime) -> Document:
    return {"status": TaskStatus.PENDING.value, "not_before": moment}
