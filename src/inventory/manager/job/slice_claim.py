"""Running slices: claim, lease, heartbeat, and every way out of IN_PROGRESS. One conditional update each.

A claim is known by its owner, a word made anew for every claim: whoever lost a lease, for however long it slept,
can change nothing any more.

SlotLimits are kept exact by the claim itself: it takes a place of the collector and one of the plugin endpoint (see
``slice_place``). Two that claim the last place at once collide on its key, and one of them waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from pymongo import ReturnDocument, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.clock import Clock
from inventory.domain.job.states import TaskStatus
from inventory.domain.job.stored_error import error_document
from inventory.errors import WorkerLostError
from inventory.manager.job.slice_slots import SliceSlots, SlotKind, SlotLimits
from inventory.manager.job.slices import NOT_RUNNING, Outcome
from inventory.model.connection import Document, translated_errors
from inventory.model.documents.job_task import MAX_ERRORS

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When the bell was enqueued for an attempt that is yet to come: the sweeper rings as soon as it may begin."""

_CLAIM_TRIES: Final = 16

_DOUBLINGS: Final = 16
"""How often the wait before an attempt is doubled at most: the longest one that may be set, ten days, then still ends
within the calendar."""


class Refusal(Enum):
    """Why a slice cannot be claimed now."""

    FULL = auto()
    """The collector, or the plugin's endpoint, has no place free."""
    NOT_CLAIMABLE = auto()
    """Another runs it, it has ended, is held, must wait, or is out of attempts."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A running slice at a heartbeat: its claim, and what its stream has brought so far."""

    domain_id: str
    slice_id: str
    owner: str
    progress: Outcome | None = None


class SliceClaims:
    """Claims of slices.

    Args:
        database: where the slices are.
        clock: tells the time.
        lease_seconds: how long a claim lasts without a heartbeat, s.
        max_attempts: how often a slice is begun before it fails.
        backoff_seconds: wait before the second attempt, doubled for each further, s.

    Attributes:
        places: what claims take, and who waits for it.
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
        self.places = SliceSlots(database=database, clock=clock)
        self._slices = database["slice"]
        self._clock = clock
        self._lease = timedelta(seconds=lease_seconds)
        self._max_attempts = max_attempts
        self._backoff = timedelta(seconds=backoff_seconds)

    @translated_errors()
    def claim(self, found: Document, *, owner: str, limits: SlotLimits) -> Document | Refusal:
        """Claim the slice ``found``: PENDING and due, or IN_PROGRESS with a lease that ran out.

        Args:
            found: the slice as it was read; only its unchanging fields are relied on.
            owner: made for this claim alone.
        """
        for _ in range(_CLAIM_TRIES):
            places = self.places.free(found, limits)
            if isinstance(places, SlotKind):
                return Refusal.FULL
            try:
                claimed = self._claim(found, owner, places)
            except DuplicateKeyError:
                continue
            return claimed or Refusal.NOT_CLAIMABLE
        return Refusal.FULL

    def _claim(self, found: Document, owner: str, places: Mapping[str, int]) -> Document | None:
        now = self._clock.now()
        values: Document = {
            "status": TaskStatus.IN_PROGRESS.value,
            "owner": owner,
            "lease_until": now + self._lease,
            "started_at": now,
            **places,
            **Outcome().fields(),
        }
        # What earlier attempts created stays counted, and their errors stay.
        values |= {
            "created_count": "$created_count",
            "total_count": "$created_count",
            "earlier_errors": {"$slice": [{"$concatArrays": [_list("$earlier_errors"), _list("$errors")]}, MAX_ERRORS]},
            "attempts": {"$add": ["$attempts", 1]},
        }
        if found["number"] == 0:
            # The number of claims of slice 0 names the plan it makes.
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
                {"status": TaskStatus.IN_PROGRESS.value, "lease_until": {"$lt": now}},
            ],
        }
        return self._slices.find_one_and_update(query, change, return_document=ReturnDocument.AFTER)

    @translated_errors()
    def beat(self, beats: Sequence[Beat]) -> set[str]:
        """Renew the leases of a process's running slices, note their progress, and return the owners that own no more.

        Their slices were canceled, deleted with their job, or taken over after their lease had run out.
        """
        if not beats:
            return set()
        lease = {"lease_until": self._clock.now() + self._lease}
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
        self, claimed: Document, status: TaskStatus, outcome: Outcome, *, expanded_attempt: int | None = None
    ) -> bool:
        """End a claimed slice; False where the claim was lost meanwhile, and nothing was written."""
        expanded = {} if expanded_attempt is None else {"expanded_attempt": expanded_attempt}
        outcome = outcome.after(claimed)
        change = {"status": status.value, "finished_at": self._clock.now(), **outcome.fields(), **expanded}
        return self._leave(claimed, change)

    @translated_errors()
    def count_canceled(self, claimed: Document, outcome: Outcome) -> bool:
        """Let a slice that was canceled while it ran tell what it had stored; only its last owner can."""
        query = _key(claimed) | {"owner": claimed["owner"], "status": TaskStatus.CANCELED.value}
        return self._slices.update_one(query, {"$set": outcome.after(claimed).fields()}).matched_count == 1

    @translated_errors()
    def retry(self, claimed: Document, outcome: Outcome) -> bool | None:
        """Put a slice back whose attempt failed in a way that may pass, to be begun again after a while.

        Returns:
            True if it will be; False where it has no attempt left, and the caller must end it; None where the
            claim was lost.
        """
        if claimed["attempts"] >= self._max_attempts:
            return False
        wait = self._backoff * 2 ** min(claimed["attempts"] - 1, _DOUBLINGS)
        # Its own errors only: the next claim puts them to the earlier ones.
        kept = replace(outcome.after(claimed), errors=outcome.errors, error_count=outcome.error_count)
        change = kept.fields() | _waiting_until(self._clock.now() + wait) | {"enqueued_at": _NEVER}
        return True if self._leave(claimed, change) else None

    @translated_errors()
    def hand_back(self, claimed: Document, stored: Outcome | None = None) -> bool:
        """Put a slice back that a stopping worker cannot end; the attempt does not count.

        Args:
            claimed: the slice as it was claimed.
            stored: what the attempt has stored so far: what it created stays counted.
        """
        now = self._clock.now()
        created = max((stored or Outcome()).created_count, claimed.get("created_count", 0))
        kept = Outcome(created_count=created, total_count=created)
        change = kept.fields() | _waiting_until(now) | {"enqueued_at": now}
        return self._leave(claimed, change, attempts=-1)

    @translated_errors()
    def expired(self, *, limit: int) -> list[Document]:
        """Return slices of all domains whose worker was lost, the longest lost first."""
        query = {"status": TaskStatus.IN_PROGRESS.value, "lease_until": {"$lt": self._clock.now()}}
        return list(self._slices.find(query).sort("lease_until", 1).limit(limit))

    @translated_errors()
    def take_from_lost(self, found: Document) -> TaskStatus | None:
        """Put a slice whose worker was lost back, or end it after its last attempt.

        Returns:
            PENDING or FAILURE, what it is now; None where somebody was faster.
        """
        now = self._clock.now()
        if found["attempts"] < self._max_attempts:
            change, status = _waiting_until(now) | {"enqueued_at": now}, TaskStatus.PENDING
        else:
            error = error_document(WorkerLostError(attempts=found["attempts"]))
            progress = Outcome(
                **{name: found.get(name, 0) for name in Outcome().fields() if name != "errors"},
                errors=found.get("errors", ()),
            )
            change = progress.with_error(error).after(found).fields()
            change |= {"status": TaskStatus.FAILURE.value, "finished_at": now}
            status = TaskStatus.FAILURE
        return status if self._leave(found, change, lease_before=True) else None

    def _leave(self, claimed: Document, change: Document, *, attempts: int = 0, lease_before: bool = False) -> bool:
        query = _key(claimed) | {"owner": claimed["owner"], "status": TaskStatus.IN_PROGRESS.value}
        if lease_before:
            query["lease_until"] = {"$lt": self._clock.now()}
        update: Document = {"$set": change, "$unset": NOT_RUNNING}
        if attempts:
            update["$inc"] = {"attempts": attempts}
        return self._slices.update_one(query, update).modified_count == 1


def _list(path: str) -> Document:
    return {"$ifNull": [path, []]}


def _key(found: Document) -> Document:
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
