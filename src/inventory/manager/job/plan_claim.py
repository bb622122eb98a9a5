"""The claim of the planning of a job: taken, postponed during an outage, hastened, and found if nobody has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ReturnDocument
from pymongo.database import Database

from inventory.domain.clock import Clock, isoformat
from inventory.domain.job.states import JOB_OPEN
from inventory.domain.job.stored_error import error_document
from inventory.domain.plain import Document
from inventory.errors import InventoryError
from inventory.model.connection import translated_errors
from inventory.model.documents.job import StoredJob
from inventory.model.lease import PLAN_LEASE
from inventory.model.stored import collection_of

OPEN: Final = [status.value for status in JOB_OPEN]
"""Stored statuses of jobs that have not ended."""

_NEXT_ATTEMPT: Final = "next_attempt"
"""Marks, in the ``additional`` member of a job's error, an outage after which planning is retried."""
OUTAGES: Final[Document] = {f"additional.{_NEXT_ATTEMPT}": {"$exists": True}}
"""Matches such errors."""


def is_outage(error: Mapping[str, Any]) -> bool:
    """Return whether a job's error is an outage after which planning is retried."""
    return _NEXT_ATTEMPT in error.get("additional", {})


class PlanClaims:
    """The claims of the planning of jobs."""

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._jobs = collection_of(database, "job", StoredJob)
        self._clock = clock

    @translated_errors()
    def claim(self, domain_id: str, job_id: str, *, owner: str, lease_seconds: float) -> StoredJob | None:
        """Claim the planning of a job; None if it is planned already, has ended, or another process plans it."""
        now = self._clock.now()
        query = {"domain_id": domain_id, "job_id": job_id, **_unplanned(now)}
        claim = PLAN_LEASE.claimed(owner, now, timedelta(seconds=lease_seconds)) | {"updated_at": now}
        # The message has arrived: if this planner is lost, the next message need not wait.
        change = {"$set": claim, "$inc": {"plan_attempts": 1}, "$unset": {"rung_at": ""}}
        return self._jobs.find_one_and_update(query, change, return_document=ReturnDocument.AFTER)

    @translated_errors()
    def postpone(self, job: StoredJob, error: InventoryError, *, wait: timedelta) -> datetime | None:
        """Give up the claim of the planning until ``wait`` is over; the attempt does not count.

        Args:
            job: as it was claimed.
            error: why planning is postponed; the job shows it until it is planned.

        Returns:
            When the next attempt may begin, or None if the claim was lost or the job has ended.
        """
        now = self._clock.now()
        mine = {
            "domain_id": job["domain_id"],
            "job_id": job["job_id"],
            PLAN_LEASE.owner: job["plan_owner"],
            "plan_attempts": job["plan_attempts"],
        }
        outages = job.get("plan_outages", 0) + 1
        shown = error_document(error, **{_NEXT_ATTEMPT: isoformat(now + wait), "attempts": str(outages)})
        others = [each for each in job.get("errors", ()) if not is_outage(each)]
        change = {
            "$set": {
                "plan_not_before": now + wait,
                "plan_outages": outages,
                "plan_attempts": job["plan_attempts"] - 1,
                "errors": [*others, shown],
                "updated_at": now,
            },
            "$unset": PLAN_LEASE.dropped(),
        }
        # Only the owner of the claim changes these fields: the values read with the claim are still stored.
        query = {**mine, "planned": False, "status": {"$in": OPEN}}
        return now + wait if self._jobs.update_one(query, change).modified_count else None

    @translated_errors()
    def hasten(self, domain_id: str, job_id: str) -> bool:
        """Let the next attempt at planning begin now; return whether the job was waiting for one."""
        now = self._clock.now()
        query = {
            "domain_id": domain_id,
            "job_id": job_id,
            "planned": False,
            "status": {"$in": OPEN},
            "plan_not_before": {"$gt": now},
        }
        return self._jobs.update_one(query, {"$set": {"plan_not_before": now}}).modified_count == 1

    @translated_errors()
    def unplanned(self, *, enqueued_before: datetime, limit: int) -> list[StoredJob]:
        """Return unplanned jobs of all domains, created and last enqueued before ``enqueued_before``, oldest first."""
        query = {
            "created_at": {"$lt": enqueued_before},
            # Not $lt: a job that the sweeper has never enqueued, or that an older version stored, has no such field.
            "rung_at": {"$not": {"$gte": enqueued_before}},
            **_unplanned(self._clock.now()),
        }
        return list(self._jobs.find(query).sort("created_at", 1).limit(limit))

    @translated_errors()
    def mark_enqueued(self, jobs: Sequence[StoredJob]) -> None:
        """Record that planning of the jobs was enqueued now."""
        if jobs:
            ids_ = [job["_id"] for job in jobs]
            self._jobs.update_many({"_id": {"$in": ids_}}, {"$set": {"rung_at": self._clock.now()}})


def _unplanned(now: datetime) -> Document:
    return {
        "planned": False,
        "status": {"$in": OPEN},
        **PLAN_LEASE.free(now),
        "plan_not_before": {"$not": {"$gt": now}},
    }
