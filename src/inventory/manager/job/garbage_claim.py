"""The claim of the garbage collection of a job task: taken, renewed, and given up with the result."""

from __future__ import annotations

from datetime import timedelta

from bson import Binary
from pymongo import ReturnDocument
from pymongo.database import Database

from inventory.domain.clock import Clock
from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.manager.transactions import Fence, end_sessions
from inventory.model.connection import translated_errors
from inventory.model.documents.job_task import StoredJobTask
from inventory.model.lease import GARBAGE_LEASE
from inventory.model.stored import collection_of


class GarbageClaims:
    """The claims of garbage collection."""

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._tasks = collection_of(database, "job_task", StoredJobTask)
        self._clock = clock

    @translated_errors()
    def claim(
        self, domain_id: str, job_task_id: str, *, owner: str, lease_seconds: float, session_id: Binary | None = None
    ) -> StoredJobTask | None:
        """Claim the task's garbage collection; None if it is done, another process does it, or the task has ended.

        What an earlier owner has written but not committed is undone.

        Args:
            owner: a token of this claim only.
            lease_seconds: how long the claim lasts without being renewed, s.
            session_id: of the session that the owner will use for its writes.
        """
        now = self._clock.now()
        query = {
            "domain_id": domain_id,
            "job_task_id": job_task_id,
            "status": TaskStatus.IN_PROGRESS.value,
            "garbage_collected": False,
            **GARBAGE_LEASE.free(now),
        }
        claim = GARBAGE_LEASE.claimed(owner, now, timedelta(seconds=lease_seconds))
        sessions = {
            "garbage_session": session_id or "$$REMOVE",
            "garbage_lost_session": {"$ifNull": ["$garbage_session", "$$REMOVE"]},
        }
        claimed = self._tasks.find_one_and_update(
            query, [{"$set": claim | sessions}], return_document=ReturnDocument.AFTER
        )
        if claimed is not None and "garbage_lost_session" in claimed:
            end_sessions(self._tasks.database, [claimed["garbage_lost_session"]])
        return claimed

    @translated_errors()
    def renew(self, domain_id: str, job_task_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Renew the claim of the task's garbage collection; False if it was lost or the collection is done."""
        query = {
            "domain_id": domain_id,
            "job_task_id": job_task_id,
            GARBAGE_LEASE.owner: owner,
            "garbage_collected": False,
        }
        change = GARBAGE_LEASE.renewed(self._clock.now(), timedelta(seconds=lease_seconds))
        return self._tasks.update_one(query, {"$set": change}).matched_count == 1

    @translated_errors()
    def record(
        self, domain_id: str, job_task_id: str, *, owner: str, deleted: int, disconnected: int, held: int = 0
    ) -> bool:
        """Record what garbage collection did; False if the claim was lost."""
        query = {"domain_id": domain_id, "job_task_id": job_task_id, GARBAGE_LEASE.owner: owner}
        change = {"garbage_collected": True, "deleted_count": deleted, "disconnected_count": disconnected}
        if held:
            change["held_count"] = held
        return self._tasks.update_one(query, {"$set": change}).matched_count == 1

    @translated_errors()
    def with_deletions(self, domain_id: str, job_id: str) -> list[StoredJobTask]:
        """Return the tasks of the job whose garbage collection deleted something, or has begun and not ended."""
        query = {
            "domain_id": domain_id,
            "job_id": job_id,
            "$or": [{"deleted_count": {"$gt": 0}}, {"garbage_owner": {"$exists": True}, "garbage_collected": False}],
        }
        return list(self._tasks.find(query))

    @translated_errors()
    def with_holds(self, domain_id: str, job_id: str, limit: int) -> list[str]:
        """Return tasks of the job whose garbage collection held resources."""
        query = {"domain_id": domain_id, "job_id": job_id, "held_count": {"$gt": 0}}
        return [task["job_task_id"] for task in self._tasks.find(query, {"job_task_id": 1}).limit(limit)]


def garbage_fence(domain_id: str, job_task_id: str, owner: str) -> Fence:
    """Return the fence of a task's garbage collection: its claim, required to count or delete anything."""
    query = {
        "domain_id": domain_id,
        "job_task_id": job_task_id,
        "status": TaskStatus.IN_PROGRESS.value,
        GARBAGE_LEASE.owner: owner,
        "garbage_collected": False,
    }
    return Fence("job_task", query)
