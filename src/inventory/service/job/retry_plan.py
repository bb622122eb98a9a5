"""Planning the retry of a job: selects the tasks and slices to collect again."""

from __future__ import annotations

from inventory.domain.principal import Principal
from inventory.errors import CollectInitializeError, JobNotRetryableError
from inventory.manager.job.failed_tasks import FailedTasks
from inventory.manager.job.manager import JobManager
from inventory.model.documents.collector import StoredCollector
from inventory.model.documents.job import StoredJob
from inventory.service.job.plan import CollectPlan, CollectPlanner


class RetryPlanner:
    """Plans retries."""

    def __init__(self, *, jobs: JobManager, failed: FailedTasks, planner: CollectPlanner) -> None:
        self._jobs = jobs
        self._failed = failed
        self._planner = planner

    def plan(self, principal: Principal, collector: StoredCollector, job: StoredJob) -> CollectPlan:
        """Return the plan for a retry of ``job``, which has ended.

        Raises:
            JobNotRetryableError: nothing failed in it, or it has no tasks.
            InventoryError: as for ``CollectPlanner.plan_retry``.
        """
        source = self.with_tasks(job)
        failed = self._failed.of_job(source["domain_id"], source["job_id"])
        if not failed:
            raise JobNotRetryableError(job_id=job["job_id"], reason=self.nothing_failed(source))
        return self._planner.plan_retry(principal, collector, failed, planned_with=source.get("planned_with") or "")

    def nothing_failed(self, source: StoredJob) -> str:
        """Return why nothing can be retried in a job without failed tasks."""
        return "nothing failed in it" if source["total_tasks"] else "it has no tasks: collect again instead"

    def source(self, retry: StoredJob) -> StoredJob:
        """Return the job that ``retry`` retries.

        Raises:
            CollectInitializeError: it was deleted.
        """
        found = self._jobs.find(retry["domain_id"], retry["retry_of"])
        if found is None:
            raise CollectInitializeError(stage="retry", reason="the job that it retries was deleted")
        return found

    def with_tasks(self, job: StoredJob) -> StoredJob:
        """Return the job, or the one that it retries if it failed before it had any tasks."""
        while not job["total_tasks"] and job.get("retry_of"):
            source = self._jobs.find(job["domain_id"], job["retry_of"])
            if source is None:
                break
            job = source
        return job
