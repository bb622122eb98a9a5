"""Claiming a slice and starting its task: checks that its job still stands, a slot is free and its task may run."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bson import Binary

from inventory.domain.job.states import JOB_OPEN, JobStatus
from inventory.errors import DuplicateJobError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slice_claim import Refusal, SliceClaims
from inventory.manager.job.slice_slots import SlotLimits
from inventory.manager.job.slices import OPEN, SliceManager
from inventory.manager.job.task_start import Started
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.documents.collector import StoredCollector
from inventory.model.documents.job_task import StoredJobTask, StoredSlice
from inventory.observe.logs import get_logger
from inventory.service.job.collect_slice import Assignment
from inventory.service.job.settle import Settler

_TRIES: Final = 100
"""How often a claim is retried after a free slot was taken by another slice; each time, another slice has made
progress. A slice that gave up without being marked as waiting would never be woken."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of an attempt to claim a slice.

    Attributes:
        claimed: the slice, if this call claimed it.
        next_waiters: slices to enqueue: they may use a slot that this one cannot.
    """

    claimed: StoredSlice | None = None
    next_waiters: Sequence[StoredSlice] = ()


@dataclass(kw_only=True, eq=False)
class SliceStarter:
    """Claims slices and starts their tasks.

    First ``collector_of``, then ``claim``, then ``start_task``.

    Args:
        limits: from the settings; a plugin's ``metadata.max_concurrent_slices`` may lower them.
        worker: identifies this process in claims.
    """

    jobs: JobManager
    tasks: JobTaskManager
    slices: SliceManager
    claims: SliceClaims
    collectors: CollectorManager
    settler: Settler
    limits: SlotLimits
    worker: str

    def collector_of(self, found: StoredSlice) -> StoredCollector | None:
        """Return the slice's collector, or None if the slice must not run; in that case, what can end is ended."""
        domain_id, job_id = found["domain_id"], found["job_id"]
        if found["status"] not in OPEN:
            self.settler.settle_task(domain_id, found["job_task_id"])
            return None
        job = self.jobs.find(domain_id, job_id)
        if job is None:
            return None
        collector = self.collectors.get_many(domain_id, [found["collector_id"]]).get(found["collector_id"])
        if collector is None:
            self.jobs.cancel_job(domain_id, job_id)
            return None
        if JobStatus(job["status"]) not in JOB_OPEN:
            self.jobs.cancel_parts(domain_id, job_id)
            return None
        return collector

    def claim(self, found: StoredSlice, collector: StoredCollector, session_id: Binary | None = None) -> Claim:
        """Claim the slice. Not claimed: another worker has it, it is not due, or it now waits for a slot.

        Args:
            found: the slice.
            session_id: of the session by which it will be written.
        """
        limits = self._limits_of(collector)
        owner = f"{self.worker}/{secrets.token_hex(8)}"
        for _ in range(_TRIES):
            claimed = self.claims.claim(found, owner=owner, limits=limits, session_id=session_id)
            if claimed is Refusal.NOT_CLAIMABLE:
                return Claim()
            if not isinstance(claimed, Refusal):
                return Claim(claimed)
            lacking = self.claims.slots.put_back(found, limits)
            if lacking:
                return Claim(next_waiters=self.claims.slots.next_waiters(found, lacking, limits))
        return Claim()

    def start_task(self, claimed: StoredSlice, collector: StoredCollector) -> Assignment | None:
        """Start the task of a claimed slice, or return None if it may not run; in that case, what must end is ended.

        The job is read again afterwards. A job is stopped before its tasks are, so either this call sees that the job
        was stopped, or whoever stops it sees the task that was just started.
        """
        domain_id, job_task_id, job_id = claimed["domain_id"], claimed["job_task_id"], claimed["job_id"]
        started = self._start(domain_id, job_task_id)
        if started.running is not None:
            self._refuse(claimed, started.running)
            return None
        if started.task is None:
            self.slices.cancel(domain_id, job_task_id=job_task_id)
            return None
        job = self.jobs.find(domain_id, job_id)
        if job is None or JobStatus(job["status"]) not in JOB_OPEN:
            self.jobs.cancel_parts(domain_id, job_id)
            return None
        return Assignment(slice=claimed, task=started.task, job=job, collector=collector)

    def _start(self, domain_id: str, job_task_id: str) -> Started:
        started = self.tasks.start(domain_id, job_task_id)
        if started.running is not None and self._ended(started.running):
            started = self.tasks.start(domain_id, job_task_id)
        return started

    def _ended(self, running: StoredJobTask) -> bool:
        """Return whether the running task is only a leftover; if so, remove it."""
        domain_id, job_id, job_task_id = running["domain_id"], running["job_id"], running["job_task_id"]
        job = self.jobs.find(domain_id, job_id)
        if job is None:
            self.tasks.delete_of_jobs(domain_id, [job_id])
            return True
        if JobStatus(job["status"]) not in JOB_OPEN:
            self.jobs.cancel_parts(domain_id, job_id)
            return True
        if self.slices.has_open(domain_id, job_task_id):
            return False
        self.settler.settle_task(domain_id, job_task_id)
        return True

    def _refuse(self, claimed: StoredSlice, running: StoredJobTask) -> None:
        domain_id, job_task_id = claimed["domain_id"], claimed["job_task_id"]
        error = DuplicateJobError(
            collector_id=claimed["collector_id"],
            secret_id=claimed["secret_id"],
            job_task_id=running["job_task_id"],
        )
        if not self.tasks.refuse(domain_id, job_task_id, error):
            return
        _log.info("task_refused", job_task_id=job_task_id, running=running["job_task_id"])
        self.slices.cancel(domain_id, job_task_id=job_task_id)
        self.settler.settle_job(domain_id, claimed["job_id"])

    def _limits_of(self, collector: StoredCollector) -> SlotLimits:
        requested = (collector["plugin_info"].get("metadata") or {}).get("max_concurrent_slices")
        if not isinstance(requested, int | float) or isinstance(requested, bool):
            return self.limits
        if not math.isfinite(requested) or requested < 1:
            return self.limits
        return SlotLimits(
            per_collector=min(self.limits.per_collector, int(requested)),
            per_endpoint=min(self.limits.per_endpoint, int(requested)),
        )
