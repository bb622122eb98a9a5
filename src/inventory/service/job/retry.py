"""Retrying the failed parts of a job: a new job over its failed secrets, with the same filter and mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inventory.domain.job.states import JOB_OPEN, JobStatus
from inventory.domain.plain import Document
from inventory.domain.principal import Principal
from inventory.errors import JobNotRetryableError, PermissionDeniedError
from inventory.manager.deletion.holds import HoldManager, hold_id_of
from inventory.manager.job.failed_tasks import FailedTasks
from inventory.manager.job.manager import JobManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.documents.job import StoredJob
from inventory.service.job.collect import CollectService
from inventory.service.job.manage import JobService
from inventory.service.job.retry_plan import RetryPlanner
from inventory.service.resource.scope import project_scope

_HOLDS: Final = 20
"""The maximum number of holds that are returned with a job."""


@dataclass(frozen=True, slots=True)
class JobFacts:
    """The contents of the API's ``JobFacts``.

    Attributes:
        job: as ``Job.get`` returns it.
        retry_of: the job whose failed parts this one retries; empty if it is no retry.
        retried_by: the job that retries the failed parts of this one; empty if there is none.
        failed_tasks: number of tasks that ended as FAILURE or CANCELED; for a caller bound to projects, of these.
        not_retryable: why it cannot be retried; empty if it can.
        warnings: what resources lacked without failing, by code: in how many, in how many tasks, an example, and which
            tasks; for a caller bound to projects, in the tasks of these.
        holds: deletion_id, secret_id and missing of the unanswered holds that its tasks made; not for a caller bound to
            projects.
        approved: the holds that its tasks made and whose approval deleted something, with deletion_id, secret_id,
            deleted_count, restored_count and decided_by; not for a caller bound to projects.
        restored: how many of the resources that it had deleted undos have restored; not for a caller bound to projects.
    """

    job: Document
    retry_of: str
    retried_by: str
    failed_tasks: int
    not_retryable: str
    warnings: Sequence[Document] = ()
    holds: Sequence[Document] = ()
    approved: Sequence[Document] = ()
    restored: int = 0


@dataclass(kw_only=True, eq=False)
class RetryService:
    """Retries jobs."""

    jobs: JobManager
    failed: FailedTasks
    tasks: JobTaskManager
    reader: JobService
    collect: CollectService
    planner: RetryPlanner
    holds: HoldManager

    def retry(self, principal: Principal, job_id: str) -> JobFacts:
        """Create the job that retries the failed parts of this one, once: while it runs, further calls return the same
        job.

        Raises:
            NotFoundError: the job does not exist or the caller may not see it, or its collector no longer exists.
            PermissionDeniedError: the job also collects for projects that are not the caller's.
            JobNotRetryableError: it runs, nothing failed in it, or another job has retried it.
            CollectorStateError: the collector is disabled.
            CollectInitializeError, ConnectionFailureError and others raised by collecting; no job was created.
        """
        self.reader.get(principal, job_id, ("job_id",))
        job = self.jobs.get(principal.domain_id, job_id)
        if not _is_own(job, principal):
            raise PermissionDeniedError
        if reason := self._refusal(job, self.jobs.retry_of(principal.domain_id, job_id)):
            raise JobNotRetryableError(job_id=job_id, reason=reason)
        made = self.collect.retry(principal, job)
        return JobFacts(made, job_id, "", 0, "it still runs" if _is_open(made) else "")

    def get(self, principal: Principal, job_id: str, job_task_id: str = "") -> JobFacts:
        """Return the facts about a job, its warnings only of the given task, if any. Raises ``NotFoundError``."""
        shown = self.reader.get(principal, job_id)
        job = self.jobs.get(principal.domain_id, job_id)
        retry = self.jobs.retry_of(principal.domain_id, job_id)
        source = self.planner.with_tasks(job)
        scope = project_scope(principal)
        failed = self.failed.count(principal.domain_id, source["job_id"], scope)
        reason = self._refusal(job, retry)
        if not reason and not _is_own(job, principal):
            reason = "it also collects for projects that are not yours"
        if not reason and retry is None and not failed:
            reason = self.planner.nothing_failed(source)
        if not reason and retry is not None:
            reason = f"{retry['job_id']} already retries it"
        of_task = {**(scope or {}), "job_task_id": job_task_id} if job_task_id else scope
        warnings = self.tasks.warnings.of_job(principal.domain_id, job_id, of_task)
        retried_by = retry["job_id"] if retry else ""
        holds = self._holds_of(principal, job_id)
        restored = {} if principal.projects is not None else self.holds.restored(principal.domain_id, [job_id])
        undone = restored.get(job_id, 0)
        approved = self._approved_of(principal, job_id)
        return JobFacts(shown, job.get("retry_of") or "", retried_by, failed, reason, warnings, holds, approved, undone)

    def _holds_of(self, principal: Principal, job_id: str) -> list[Document]:
        if principal.projects is not None:
            return []
        made = self.tasks.garbage.with_holds(principal.domain_id, job_id, _HOLDS)
        found = self.holds.held_among(principal.domain_id, [hold_id_of(job_task_id) for job_task_id in made])
        return [{name: each.get(name) for name in ("deletion_id", "secret_id", "missing")} for each in found]

    def _approved_of(self, principal: Principal, job_id: str) -> list[Document]:
        if principal.projects is not None:
            return []
        names = ("deletion_id", "secret_id", "deleted_count", "restored_count", "decided_by")
        found = self.holds.approved_of(principal.domain_id, job_id, _HOLDS)
        return [{name: each.get(name) for name in names if each.get(name)} for each in found]

    def _refusal(self, job: StoredJob, retry: StoredJob | None) -> str:
        """Return why the job, which ``retry`` retries, cannot be retried, judged by its state only."""
        if _is_open(job):
            return "it still runs"
        if retry is not None and not _is_open(retry):
            advice = "" if retry["status"] == JobStatus.SUCCESS.value else ": retry that one instead"
            return f"{retry['job_id']} has retried it and ended as {retry['status']}{advice}"
        return ""


def _is_own(job: StoredJob, principal: Principal) -> bool:
    """Return whether the job collects for no projects but the caller's."""
    return principal.projects is None or principal.projects.issuperset(job.get("projects", ()))


def _is_open(job: Mapping[str, Any]) -> bool:
    return JobStatus(job["status"]) in JOB_OPEN
