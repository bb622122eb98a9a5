"""Garbage collection at the end of a job task: whether it applies, and that it is done exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bson import Binary
from pymongo.database import Database

from inventory.domain.clock import Clock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.deletion_guard import NO_GUARD, DeletionGuard
from inventory.domain.ids import new_id
from inventory.domain.plain import Document
from inventory.ingest.context import IngestContext
from inventory.ingest.garbage import GarbageCounts, collect_garbage, is_due
from inventory.ingest.metrics import RESOURCES
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.garbage_claim import garbage_fence
from inventory.manager.job.manager import JobManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.connection import translated_errors
from inventory.model.documents.collector import StoredCollector
from inventory.model.documents.job import StoredJob
from inventory.model.documents.job_task import StoredJobTask
from inventory.service.job.collect_slice import Assignment

_RENEW_PART: Final = 1 / 3
"""The share of its lease after which a claim is renewed; shorter collections need no command for it."""


@dataclass(kw_only=True, eq=False)
class TaskGarbage:
    """Garbage collection of a full collect: resources that the task no longer saw.

    Args:
        threshold: full collects without a resource after which it is DELETED.
        grace_seconds: resources seen within this time are not counted, s.
        lease_seconds: after this time another process may continue a collection that was begun and not finished, s.
        guard: of collectors that have none of their own.
        prepare: called with a task before its garbage is collected.
        rehearsed: whether its tasks are those of a dry run.
    """

    database: Database[Document]
    jobs: JobManager
    tasks: JobTaskManager
    collectors: CollectorManager
    clock: Clock
    threshold: int
    grace_seconds: float
    lease_seconds: float
    guard: DeletionGuard = NO_GUARD
    prepare: Callable[[StoredJobTask], None] = lambda _: None
    rehearsed: bool = False

    def collected(self, task: StoredJobTask, *, resources_seen: int, belongs_to: Assignment | None = None) -> bool:
        """Collect the garbage of a task whose slices all ended in SUCCESS.

        Repeating it after a crash counts and deletes nothing twice.

        Args:
            task: IN_PROGRESS. One that retries the failed slices of another proves what both together prove.
            resources_seen: the sum over its slices.
            belongs_to: contains its job and collector, if known; otherwise they are looked up.

        Returns:
            Whether the task may end: garbage collection is done, or does not apply. False while another process does
                it.
        """
        resources_seen += task.get("view_resources_seen") or 0
        if task.get("garbage_collected") or not task["full_collect"] or not resources_seen:
            return True
        context = self._context(task, belongs_to)
        if context is None or not is_due(context, resources_seen=resources_seen):
            return True
        claim = _Claim(self.tasks, task, self.clock, self.lease_seconds)
        with self.database.client.start_session() as session:
            if not claim.taken(session.session_id["id"]):
                return False
            with translated_errors():
                self.prepare(task)
                counts = collect_garbage(
                    self.database,
                    context=context,
                    task_started_at=task.get("view_started_at") or task["started_at"],
                    clock=self.clock,
                    threshold=self.threshold,
                    grace_seconds=self.grace_seconds,
                    may_go_on=claim.kept,
                    fence=claim.fence,
                    session=session,
                    repeated=claim.repeated,
                )
        # None: the claim was lost on the way, and its new owner continues.
        if counts is None or not claim.recorded(counts):
            return False
        RESOURCES.labels("deleted").inc(counts.deleted)
        RESOURCES.labels("disconnected").inc(counts.disconnected - counts.held)
        RESOURCES.labels("held").inc(counts.held)
        return True

    def _context(self, task: StoredJobTask, belongs_to: Assignment | None) -> IngestContext | None:
        domain_id, collector_id = task["domain_id"], task["collector_id"]
        job: StoredJob | None
        collector: StoredCollector | None
        if belongs_to is not None:
            job, collector = belongs_to.job, belongs_to.collector
        else:
            job = self.jobs.find(domain_id, task["job_id"])
            collector = self.collectors.get_many(domain_id, [collector_id]).get(collector_id)
        if job is None or collector is None:
            return None
        return IngestContext(
            domain_id=domain_id,
            collector_id=collector_id,
            secret_id=task["secret_id"],
            job_id=task["job_id"],
            job_task_id=task["job_task_id"],
            collect_mode=CollectMode.parse(job["collect_mode"]),
            plugin_metadata=collector["plugin_info"].get("metadata") or {},
            full_collect=task["full_collect"],
            deletion_guard=self.guard.of_collector(collector.get("tags")),
            rehearsed=self.rehearsed,
        )


class _Claim:
    """The claim of one task's garbage collection, with a unique owner."""

    def __init__(self, tasks: JobTaskManager, task: StoredJobTask, clock: Clock, lease_seconds: float) -> None:
        self._tasks = tasks
        self._key = (task["domain_id"], task["job_task_id"])
        self._owner = new_id("garbage")
        self.fence = garbage_fence(*self._key, self._owner)
        self.repeated = False
        """Whether another has begun it, once it is taken."""
        self._clock = clock
        self._lease_seconds = lease_seconds
        # Before the lease is written, so that it does not seem to last longer than it does.
        self._renewed_at = clock.monotonic()

    def taken(self, session_id: Binary) -> bool:
        """Claim it for the writer that uses this session; False if it is done, claimed by another process, or the task
        has ended."""
        claimed = self._tasks.garbage.claim(
            *self._key, owner=self._owner, lease_seconds=self._lease_seconds, session_id=session_id
        )
        self.repeated = claimed is not None and "garbage_lost_session" in claimed
        return claimed is not None

    def kept(self) -> bool:
        """Renew the claim if due, and return whether it is still valid."""
        now = self._clock.monotonic()
        if now - self._renewed_at < self._lease_seconds * _RENEW_PART:
            return True
        self._renewed_at = now
        return self._tasks.garbage.renew(*self._key, owner=self._owner, lease_seconds=self._lease_seconds)

    def recorded(self, counts: GarbageCounts) -> bool:
        """Record the result; False if the claim was lost."""
        return self._tasks.garbage.record(
            *self._key, owner=self._owner, deleted=counts.deleted, disconnected=counts.disconnected, held=counts.held
        )
