"""What a plan becomes: a job with its tasks, and messages for the workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inventory.connector.queue_port import Queue
from inventory.domain.clock import Clock
from inventory.domain.job.states import JobStatus, TaskStatus, settle_job
from inventory.domain.plain import Document
from inventory.errors import ConnectionFailureError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.new_job import new_job, planned_fields
from inventory.manager.job.slices import first_slice_id, known_slice_ids
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.documents.job import StoredJob
from inventory.model.documents.job_task import StoredJobTask
from inventory.observe.logs import frequent, get_logger
from inventory.service.job.plan import CollectPlan

log = get_logger(__name__)


class PlanExecution:
    """Carries out plans."""

    def __init__(
        self, *, collectors: CollectorManager, jobs: JobManager, tasks: JobTaskManager, queue: Queue, clock: Clock
    ) -> None:
        self._collectors = collectors
        self._jobs = jobs
        self._tasks = tasks
        self._queue = queue
        self._clock = clock

    def begin(self, made: Document, plan: CollectPlan) -> StoredJob:
        """Store a new job with all that is planned, at once, and enqueue its tasks.

        Args:
            made: the job's own fields.
            plan: what it will do.

        Raises:
            SaveUniqueValuesError: the job that it retries is being retried.
        """
        total, now = len(plan.tasks), self._clock.now()
        tasks, slices = self._tasks.new(
            _tasks_of(made, plan), endpoint=plan.endpoint.endpoint, priority=made["priority"], slices=plan.slices
        )
        settled = settle_job(JobStatus.IN_PROGRESS, {TaskStatus.PENDING: total}, has_errors=False)
        fields = planned_fields(settled, total, plan.projects, plan.planned_with, now)
        job = new_job({**made, **fields, "plan_attempts": 1}, now)
        self._jobs.planned.insert(job, tasks, slices)
        self._begun(job, tasks, plan)
        return job

    def carry_out(self, job: StoredJob, plan: CollectPlan) -> StoredJob:
        """Store a plan's tasks, then the job's totals, then enqueue them; each step is safe to repeat after a crash."""
        domain_id, job_id = job["domain_id"], job["job_id"]
        stored = self._tasks.insert_tasks(
            _tasks_of(job, plan),
            endpoint=plan.endpoint.endpoint,
            priority=plan.collector["priority"],
            slices=plan.slices,
        )
        # An earlier attempt may have found other secrets: its tasks count as well.
        total = (
            len(stored) if job["plan_attempts"] == 1 else sum(self._tasks.count(domain_id, job_id).by_status.values())
        )
        planned = self._jobs.mark_planned(domain_id, job_id, total, plan.projects, planned_with=plan.planned_with)
        self._begun(planned, stored, plan)
        return planned

    def _begun(self, job: StoredJob, tasks: Sequence[StoredJobTask], plan: CollectPlan) -> None:
        self._collectors.mark_collected(job["domain_id"], job["collector_id"], self._clock.now())
        frequent(
            __name__,
            "job_planned",
            job_id=job["job_id"],
            collector_id=job["collector_id"],
            tasks=job["total_tasks"],
            status=job["status"],
        )
        self._enqueue(job, _first_to_run(tasks, plan), plan.collector["priority"])

    def _enqueue(self, job: StoredJob, slice_ids: list[str], priority: int) -> None:
        if not slice_ids:
            return
        try:
            self._queue.run_slices(slice_ids, domain_id=job["domain_id"], priority=priority)
        except ConnectionFailureError as exc:
            log.warning("queue_unreachable", job_id=job["job_id"], slices=len(slice_ids), reason=exc.message)


def _tasks_of(job: Mapping[str, Any], plan: CollectPlan) -> list[Document]:
    fixed = {name: job[name] for name in ("domain_id", "job_id", "collector_id")}
    return [{**task, **fixed} for task in plan.tasks]


def _first_to_run(tasks: Sequence[StoredJobTask], plan: CollectPlan) -> list[str]:
    """Return the ids of the slices that may run when the job is planned."""
    found = []
    for task in tasks:
        known = plan.slices.get(task["secret_id"])
        job_task_id = task["job_task_id"]
        found += known_slice_ids(job_task_id, len(known)) if known else [first_slice_id(job_task_id)]
    return found
