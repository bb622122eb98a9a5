"""The sweeper: finds what crashes, lost messages and elapsed time have left undone, and does the next step.

Every step processes a bounded batch by an index, may be run by several sweepers at once, and may be interrupted
anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from bson import ObjectId

from inventory.connector.queue_port import Queue
from inventory.domain.clock import Clock
from inventory.domain.job.states import JOB_OPEN, JobStatus, TaskStatus
from inventory.errors import ConnectionFailureError, InventoryError, JobTimeoutError, WorkerLostError
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slice_claim import SliceClaims
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.documents.job import StoredJob
from inventory.model.documents.job_task import StoredJobTask, StoredSlice
from inventory.observe.logs import get_logger
from inventory.service.job.settle import Settler

ENQUEUE_AGAIN_SECONDS: Final = 15.0
"""How long after a message was enqueued for a slice or a job's planning it is enqueued again if nothing happened, s."""

QUEUE_ROOM: Final = 1000
"""With this many messages waiting, nothing is enqueued again: workers are busy, and no messages were lost."""

_BATCH: Final = 500
_TASK_PAGE: Final = 1000
_JOB_BATCH: Final = 100

_log = get_logger(__name__)


@dataclass(slots=True)
class SweepReport:
    """What one sweep did: counts of slices, tasks and jobs by outcome, and the names of steps that failed."""

    enqueued: int = 0
    requeued: int = 0
    lost: int = 0
    released: int = 0
    woken: int = 0
    settled_tasks: int = 0
    settled_jobs: int = 0
    plans_enqueued: int = 0
    timed_out: int = 0
    removed_jobs: int = 0
    failed_steps: list[str] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class Sweeper:
    """Runs sweeps.

    Args:
        queue_length: returns how many messages are waiting; raises ``ConnectionFailureError``.
        job_timeout_seconds: how long a job may take, s.
        job_retention_days: age at which jobs are removed, days.
        max_attempts: how often planning a job is attempted before the job fails.
    """

    jobs: JobManager
    tasks: JobTaskManager
    slices: SliceManager
    claims: SliceClaims
    settler: Settler
    queue: Queue
    queue_length: Callable[[], int]
    clock: Clock
    job_timeout_seconds: float
    job_retention_days: float
    max_attempts: int
    # Where the next page of open tasks and jobs begins: a long backlog is processed one page per sweep.
    _task_cursor: ObjectId | None = field(default=None, init=False)
    _job_cursor: ObjectId | None = field(default=None, init=False)

    def sweep(self) -> SweepReport:
        """Run one sweep. If a step fails, for example while MongoDB or Redis is unreachable, the others still run."""
        report = SweepReport()
        steps = (
            self._time_out_jobs,
            self._take_from_lost_workers,
            self._release_held,
            self._wake_idle,
            self._settle_tasks,
            self._settle_jobs,
            self._enqueue_plans,
            self._enqueue_slices,
            self._remove_old_jobs,
        )
        for step in steps:
            try:
                step(report)
            except InventoryError as exc:
                name = step.__name__.lstrip("_")
                report.failed_steps.append(name)
                _log.warning("sweep_step_failed", step=name, error=str(exc))
            except Exception:  # noqa: BLE001 (an unexpected error must not keep all jobs from ending)
                name = step.__name__.lstrip("_")
                report.failed_steps.append(name)
                _log.exception("sweep_step_failed", step=name)
        return report

    def _settled(self, settle: Callable[[str, str], None], domain_id: str, each: str) -> int:
        """Settle one task or job and return 1; return 0 if that fails, so that the following ones are still settled."""
        try:
            settle(domain_id, each)
        except ConnectionFailureError:
            raise
        except Exception:  # noqa: BLE001 (an error of this one must not affect the others)
            _log.exception("not_settled", domain_id=domain_id, id=each)
            return 0
        return 1

    def _time_out_jobs(self, report: SweepReport) -> None:
        before = self.clock.now() - timedelta(seconds=self.job_timeout_seconds)
        error = JobTimeoutError(limit_seconds=self.job_timeout_seconds)
        for job in self.jobs.open_created_before(before, limit=_JOB_BATCH):
            report.timed_out += self.jobs.cancel_job(job["domain_id"], job["job_id"], JobStatus.TIMEOUT, error=error)

    def _take_from_lost_workers(self, report: SweepReport) -> None:
        requeued: list[StoredSlice] = []
        for found in self.claims.expired(limit=_BATCH):
            became = self.claims.take_from_lost(found)
            if became is TaskStatus.PENDING:
                requeued.append(found)
            elif became is TaskStatus.FAILURE:
                report.lost += 1
                self._settled(self.settler.settle_task, found["domain_id"], found["job_task_id"])
        report.requeued = len(requeued)
        self._enqueue(requeued)

    def _release_held(self, report: SweepReport) -> None:
        before = self.clock.now() - timedelta(seconds=ENQUEUE_AGAIN_SECONDS)
        for domain_id, job_task_id in self.slices.tasks_with_held(created_before=before, limit=_BATCH):
            released = self.slices.release_or_drop(domain_id, job_task_id)
            report.released += len(released)
            # Released slices count as enqueued; a later sweep enqueues those that were not.

    def _wake_idle(self, report: SweepReport) -> None:
        woken = self.claims.slots.wake_idle(limit=_BATCH)
        report.woken = len(woken)
        self._enqueue(woken)

    def _settle_tasks(self, report: SweepReport) -> None:
        page = self.tasks.open_after(self._task_cursor, limit=_TASK_PAGE)
        if page:
            stopped = self._end_parts_of_ended_jobs(page)
            busy = self.slices.tasks_with_open(page) | stopped
            for task in page:
                if task["job_task_id"] not in busy:
                    report.settled_tasks += self._settled(
                        self.settler.settle_task, task["domain_id"], task["job_task_id"]
                    )
        self._task_cursor = page[-1]["_id"] if len(page) == _TASK_PAGE else None

    def _end_parts_of_ended_jobs(self, tasks: Iterable[StoredJobTask]) -> set[str]:
        """Finish what a crash left half done: tasks of jobs that were stopped or removed. Return their ids."""
        by_job: dict[tuple[str, str], set[str]] = {}
        for task in tasks:
            by_job.setdefault((task["domain_id"], task["job_id"]), set()).add(task["job_task_id"])
        statuses = self.jobs.statuses(list(by_job))
        ended: set[str] = set()
        for (domain_id, job_id), task_ids in by_job.items():
            status = statuses.get((domain_id, job_id))
            if status in JOB_OPEN:
                continue
            ended |= task_ids
            if status is None:
                self.tasks.delete_of_jobs(domain_id, [job_id])
            else:
                self.jobs.cancel_parts(domain_id, job_id)
        return ended

    def _settle_jobs(self, report: SweepReport) -> None:
        page = self.jobs.open_after(self._job_cursor, limit=_TASK_PAGE)
        if page:
            busy = self.tasks.jobs_with_open(page)
            for job in page:
                if job["job_id"] not in busy:
                    report.settled_jobs += self._settled(self.settler.settle_job, job["domain_id"], job["job_id"])
        self._job_cursor = page[-1]["_id"] if len(page) == _TASK_PAGE else None

    def _enqueue_plans(self, report: SweepReport) -> None:
        before = self.clock.now() - timedelta(seconds=ENQUEUE_AGAIN_SECONDS)
        given_up: list[StoredJob] = []
        to_plan: list[StoredJob] = []
        for job in self.jobs.plans.unplanned(enqueued_before=before, limit=_JOB_BATCH):
            (given_up if job["plan_attempts"] >= self.max_attempts else to_plan).append(job)
        for job in given_up:
            self.jobs.fail(job["domain_id"], job["job_id"], WorkerLostError(attempts=job["plan_attempts"]))
        if to_plan and self.queue_length() < QUEUE_ROOM:
            for job in to_plan:
                self.queue.plan_job(job["job_id"], domain_id=job["domain_id"], priority=job["priority"])
            self.jobs.plans.mark_enqueued(to_plan)
            report.plans_enqueued = len(to_plan)

    def _enqueue_slices(self, report: SweepReport) -> None:
        before = self.clock.now() - timedelta(seconds=ENQUEUE_AGAIN_SECONDS)
        due = self.slices.due_not_enqueued(enqueued_before=before, limit=_BATCH)
        room = QUEUE_ROOM - self.queue_length() if due else 0
        if room > 0:
            self._enqueue(due[:room])
            self.slices.mark_enqueued(due[:room])
            report.enqueued = len(due[:room])

    def _enqueue(self, slices: Iterable[StoredSlice]) -> None:
        groups: dict[tuple[str, int], list[str]] = {}
        for one in slices:
            groups.setdefault((one["domain_id"], one["priority"]), []).append(one["slice_id"])
        for (domain_id, priority), slice_ids in groups.items():
            self.queue.run_slices(slice_ids, domain_id=domain_id, priority=priority)

    def _remove_old_jobs(self, report: SweepReport) -> None:
        by_domain: dict[str, list[str]] = {}
        before = self.clock.now() - timedelta(days=self.job_retention_days)
        for job in self.jobs.ended_created_before(before, limit=_JOB_BATCH):
            by_domain.setdefault(job["domain_id"], []).append(job["job_id"])
        for domain_id, job_ids in by_domain.items():
            self.jobs.delete_many(domain_id, job_ids)
            report.removed_jobs += len(job_ids)
