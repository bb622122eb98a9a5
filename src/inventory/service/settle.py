"""Settling: a task's end follows from its slices, a job's from its tasks.

Anyone may settle anything at any time. What is computed is a function of what has ended, and written by one update
on the old state: many that settle at once, or again, come to the same end.
"""

from __future__ import annotations

from inventory.domain import job_state
from inventory.domain.job_state import JOB_OPEN, JobStatus, TaskStatus
from inventory.logs import get_logger
from inventory.manager.job import JobManager
from inventory.manager.job_task import JobTaskManager, TaskCounts
from inventory.manager.slice import OPEN, SliceManager
from inventory.service.garbage import TaskGarbage
from inventory.service.job_metrics import TASKS_ENDED

_log = get_logger(__name__)


class Settler:
    """Settles tasks and jobs.

    Args:
        jobs, tasks, slices: what is settled.
        garbage: run before a task ends SUCCESS.
    """

    def __init__(self, *, jobs: JobManager, tasks: JobTaskManager, slices: SliceManager, garbage: TaskGarbage) -> None:
        self._jobs = jobs
        self._tasks = tasks
        self._slices = slices
        self._garbage = garbage

    def settle_task(self, domain_id: str, job_task_id: str) -> None:
        """End the task if all its slices have ended, with their sums; then settle its job.

        A canceled task takes over what its slices had stored, also what they tell late.
        """
        task = self._tasks.find(domain_id, job_task_id)
        if task is None:
            return
        if task["status"] in OPEN:
            if self._slices.has_open(domain_id, job_task_id):
                return
            state = self._slices.of_task(domain_id, job_task_id)
            if state.open:
                return
            status = job_state.settle_task(state.statuses)
            if status is TaskStatus.SUCCESS and not self._garbage.collected(
                task, resources_seen=state.outcome.resources_seen
            ):
                return
            if self._tasks.finish(domain_id, job_task_id, status, state.outcome):
                TASKS_ENDED.labels(status=status.value).inc()
                _log.info("task_finished", job_task_id=job_task_id, status=status.value)
        elif task["status"] == TaskStatus.CANCELED.value:
            self._tasks.count_canceled(domain_id, job_task_id, self._slices.of_task(domain_id, job_task_id).outcome)
        self.settle_job(domain_id, task["job_id"])

    def settle_job(self, domain_id: str, job_id: str) -> None:
        """Write the job's status, remained_tasks and finished_at as its tasks make them, once they all exist."""
        job = self._jobs.find(domain_id, job_id)
        if job is None or not job["planned"]:
            return
        current = JobStatus(job["status"])
        if current not in JOB_OPEN:
            return
        # Most of the time tasks are open: their number is read from an index, and is all that matters.
        remained = self._tasks.count_open(domain_id, job_id)
        counts = TaskCounts({TaskStatus.PENDING: remained}) if remained else self._tasks.count(domain_id, job_id)
        settled = job_state.settle_job(
            current, counts.by_status, has_errors=bool(job.get("errors")), refused=counts.refused
        )
        if self._jobs.settle(domain_id, job_id, settled) and settled.status not in JOB_OPEN:
            _log.info("job_finished", job_id=job_id, status=settled.status.value)
