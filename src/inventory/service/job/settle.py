"""Settling: a task's end is derived from its slices, a job's from its tasks.

Any process may settle anything at any time. The result depends only on what has ended, and is written by one update
conditional on the old state. Settling concurrently or repeatedly therefore leads to the same result.
"""

from __future__ import annotations

from inventory.domain.job import states as job_state
from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import JOB_OPEN, JobStatus, Settled, TaskStatus
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slices import OPEN, SliceManager
from inventory.manager.job.tasks import JobTaskManager, TaskCounts
from inventory.model.documents.job_task import StoredJobTask
from inventory.observe.logs import get_logger
from inventory.service.job.collect_slice import Assignment
from inventory.service.job.metrics import TASKS_ENDED
from inventory.service.resource.garbage import TaskGarbage

_log = get_logger(__name__)


class Settler:
    """Settles tasks and jobs.

    Args:
        garbage: garbage collection, run before a task ends as SUCCESS.
    """

    def __init__(self, *, jobs: JobManager, tasks: JobTaskManager, slices: SliceManager, garbage: TaskGarbage) -> None:
        self._jobs = jobs
        self._tasks = tasks
        self._slices = slices
        self._garbage = garbage

    def settle_task(self, domain_id: str, job_task_id: str) -> None:
        """End the task if all its slices have ended, with their sums; then settle its job.

        A canceled task takes over what its slices stored, including late reports.
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
            self._end_task(task, job_state.settle_task(state.statuses), state.outcome)
        elif task["status"] == TaskStatus.CANCELED.value:
            self._tasks.count_canceled(domain_id, job_task_id, self._slices.of_task(domain_id, job_task_id).outcome)
        self.settle_job(domain_id, task["job_id"])

    def settle_sole(self, assignment: Assignment, status: TaskStatus, outcome: Outcome) -> None:
        """End the task of a slice that has ended and is the whole task, then settle its job.

        Like ``settle_task``, but without reading what is already known: only its end changes a running task, and a
        planned job stays planned.

        Args:
            assignment: the slice with its task and job, as they were when it began.
            status, outcome: the slice's result, which is already stored.
        """
        task = assignment.task
        domain_id, job_id = task["domain_id"], task["job_id"]
        if not self._end_task(task, status, outcome, belongs_to=assignment):
            # Canceled meanwhile, or another process settled it first.
            self.settle_task(domain_id, task["job_task_id"])
            return
        # Only counted if all tasks already existed: a remainder that is too low would stay.
        remained = self._tasks.count_open(domain_id, job_id) if assignment.job["planned"] else 0
        if remained:
            self._jobs.settle(domain_id, job_id, Settled(JobStatus.IN_PROGRESS, remained))
        else:
            self.settle_job(domain_id, job_id)

    def _end_task(
        self, task: StoredJobTask, status: TaskStatus, outcome: Outcome, *, belongs_to: Assignment | None = None
    ) -> bool:
        """End the task as its slices require, after garbage collection; return whether this call ended it."""
        domain_id, job_task_id = task["domain_id"], task["job_task_id"]
        if status is TaskStatus.SUCCESS and not self._garbage.collected(
            task, resources_seen=outcome.resources_seen, belongs_to=belongs_to
        ):
            return False
        ended = self._tasks.finish(domain_id, job_task_id, status, outcome)
        if ended:
            TASKS_ENDED.labels(status=status.value).inc()
            _log.info("task_finished", job_task_id=job_task_id, status=status.value)
        return ended

    def settle_job(self, domain_id: str, job_id: str) -> None:
        """Write the job's status, remained_tasks and finished_at as its tasks require, once all tasks exist."""
        job = self._jobs.find(domain_id, job_id)
        if job is None or not job["planned"]:
            return
        current = JobStatus(job["status"])
        if current not in JOB_OPEN:
            return
        # Usually tasks are still open: their number comes from an index, and is all that is needed.
        remained = self._tasks.count_open(domain_id, job_id)
        counts = TaskCounts({TaskStatus.PENDING: remained}) if remained else self._tasks.count(domain_id, job_id)
        settled = job_state.settle_job(
            current, counts.by_status, has_errors=bool(job.get("errors")), refused=counts.refused
        )
        if self._jobs.settle(domain_id, job_id, settled) and settled.status not in JOB_OPEN:
            _log.info("job_finished", job_id=job_id, status=settled.status.value)
