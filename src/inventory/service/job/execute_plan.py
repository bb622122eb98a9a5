"""What a plan becomes: the tasks of a job, its totals, and messages for the workers."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.connector.queue_port import Queue
from inventory.domain.clock import Clock
from inventory.errors import ConnectionFailureError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slices import first_slice_id, known_slice_ids
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.documents.job import StoredJob
from inventory.model.documents.job_task import StoredJobTask
from inventory.observe.logs import get_logger
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

    def carry_out(self, job: StoredJob, plan: CollectPlan) -> StoredJob:
        """Store a plan's tasks, then the job's totals, then enqueue them; each step is safe to repeat after a crash."""
        domain_id, job_id = job["domain_id"], job["job_id"]
        fixed = {"domain_id": domain_id, "job_id": job_id, "collector_id": job["collector_id"]}
        stored = self._tasks.insert_tasks(
            [{**task, **fixed} for task in plan.tasks],
            endpoint=plan.endpoint.endpoint,
            priority=plan.collector["priority"],
            slices=plan.slices,
        )
        # An earlier attempt may have found other secrets: its tasks count as well.
        total = (
            len(stored) if job["plan_attempts"] == 1 else sum(self._tasks.count(domain_id, job_id).by_status.values())
        )
        planned = self._jobs.mark_planned(domain_id, job_id, total, plan.projects, planned_with=plan.planned_with)
        self._collectors.mark_collected(domain_id, job["collector_id"], self._clock.now())
        log.info("job_planned", job_id=job_id, collector_id=job["collector_id"], tasks=total, status=planned["status"])
        self._enqueue(planned, _first_to_run(stored, plan), plan.collector["priority"])
        return planned

    def _enqueue(self, job: StoredJob, slice_ids: list[str], priority: int) -> None:
        if not slice_ids:
            return
        try:
            self._queue.run_slices(slice_ids, domain_id=job["domain_id"], priority=priority)
        except ConnectionFailureError as exc:
            log.warning("queue_unreachable", job_id=job["job_id"], slices=len(slice_ids), reason=exc.message)


def _first_to_run(tasks: Sequence[StoredJobTask], plan: CollectPlan) -> list[str]:
    """Return the ids of the slices that may run when the job is planned."""
    found = []
    for task in tasks:
        known = plan.slices.get(task["secret_id"])
        job_task_id = task["job_task_id"]
        found += known_slice_ids(job_task_id, len(known)) if known else [first_slice_id(job_task_id)]
    return found
