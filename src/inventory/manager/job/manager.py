"""Jobs: creating, planning, settling, canceling and removing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database

from inventory.domain.clock import Clock
from inventory.domain.job.states import JOB_OPEN, JobStatus, Settled, job_sources, settle_job
from inventory.domain.job.stored_error import error_document
from inventory.domain.plain import Document
from inventory.errors import InventoryError, NotFoundError, existing
from inventory.manager.job.new_job import PlannedJobs, count_ended, new_job, planned_fields, unique
from inventory.manager.job.plan_claim import OPEN, OUTAGES, PlanClaims, is_outage
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.connection import translated_errors
from inventory.model.documents.job import StoredJob
from inventory.model.lease import PLAN_LEASE
from inventory.model.stored import collection_of

_STOPPED: Final = frozenset({JobStatus.CANCELED.value, JobStatus.TIMEOUT.value})


class JobManager:
    """The collection ``job``.

    Attributes:
        plans: the claims of those who plan a job.
        planned: stores jobs that are planned already.
    """

    def __init__(
        self, *, database: Database[Document], tasks: JobTaskManager, slices: SliceManager, clock: Clock
    ) -> None:
        self._jobs = collection_of(database, "job", StoredJob)
        self._tasks = tasks
        self._slices = slices
        self._clock = clock
        self.plans = PlanClaims(database=database, clock=clock)
        self.planned = PlannedJobs(database=database)

    @translated_errors()
    def insert(self, job: Mapping[str, Any]) -> StoredJob:
        """Insert a job, CREATED now unless ``job`` says otherwise, and return it as it is stored.

        Raises:
            SaveUniqueValuesError: the schedule has a job for this fire time already, or the job is being retried.
            InvalidParameterError: a field breaks the schema.
        """
        document = new_job(job, self._clock.now())
        with unique(document):
            self._jobs.insert_one(document)
        count_ended(document["status"])
        return document

    @translated_errors()
    def find(self, domain_id: str, job_id: str) -> StoredJob | None:
        """Return the job, or None if it does not exist."""
        return self._jobs.find_one({"domain_id": domain_id, "job_id": job_id})

    def get(self, domain_id: str, job_id: str) -> StoredJob:
        """Return the job. Raises ``NotFoundError``."""
        found = self.find(domain_id, job_id)
        return existing(found, key="job_id", value=job_id)

    @translated_errors()
    def retry_of(self, domain_id: str, job_id: str) -> StoredJob | None:
        """Return the job that retries what failed in this one, or None if there is none."""
        # The type is part of the condition because the index holds only texts.
        return self._jobs.find_one({"domain_id": domain_id, "retry_of": {"$eq": job_id, "$type": "string"}})

    def mark_planned(
        self, domain_id: str, job_id: str, total: int, projects: Sequence[str] = (), *, planned_with: str = ""
    ) -> StoredJob:
        """Record that all ``total`` tasks of the job exist; without any, the job ends here.

        Safe to repeat. If the job was stopped meanwhile, its new tasks are canceled as well.

        Args:
            projects: of the secrets that are collected.
            planned_with: of the plan.

        Returns:
            The job as it is now: IN_PROGRESS, ended because it has no tasks, or stopped.

        Raises:
            NotFoundError: the job was deleted meanwhile; what was planned is removed.
        """
        settled = Settled(JobStatus.IN_PROGRESS, total)
        if not total:
            job = self.get_or_clean(domain_id, job_id)
            failed = any(not is_outage(error) for error in job.get("errors", ()))
            settled = settle_job(JobStatus(job["status"]), {}, has_errors=failed)
        change = planned_fields(settled, total, projects, planned_with, self._clock.now())
        planned = self._plan(domain_id, job_id, change)
        if planned is not None:
            count_ended(planned["status"])
            return planned
        self._cancel_parts_if_stopped(domain_id, job_id)
        return self.get_or_clean(domain_id, job_id)

    @translated_errors()
    def _plan(self, domain_id: str, job_id: str, change: Document) -> StoredJob | None:
        query = {"domain_id": domain_id, "job_id": job_id, "planned": False, "status": {"$in": OPEN}}
        unset = PLAN_LEASE.dropped() | {"plan_not_before": "", "plan_outages": ""}
        return self._jobs.find_one_and_update(
            query, {"$set": change, "$unset": unset, "$pull": {"errors": OUTAGES}}, return_document=ReturnDocument.AFTER
        )

    def get_or_clean(self, domain_id: str, job_id: str) -> StoredJob:
        """Return the job; if it was deleted, remove what was planned since, and raise ``NotFoundError``."""
        found = self.find(domain_id, job_id)
        if found is None:
            self._tasks.delete_of_jobs(domain_id, [job_id])
            raise NotFoundError(key="job_id", value=job_id)
        return found

    def fail(self, domain_id: str, job_id: str, error: InventoryError) -> bool:
        """End a job that could not be planned as ERROR; its existing tasks are canceled."""
        ended = self._end(domain_id, job_id, JobStatus.ERROR, error)
        if ended:
            self.cancel_parts(domain_id, job_id)
        return ended

    def cancel_job(
        self,
        domain_id: str,
        job_id: str,
        status: JobStatus = JobStatus.CANCELED,
        *,
        error: InventoryError | None = None,
    ) -> bool:
        """Stop a job: it becomes ``status``, and its open tasks and slices become CANCELED.

        The job is stopped first, so that whoever starts a task afterwards sees it. Running streams stop with their
        worker's next heartbeat. Safe to repeat: a repeated call also ends what a crash left half done.

        Args:
            status: CANCELED or TIMEOUT.
            error: the reason, stored in the job.

        Returns:
            Whether this call stopped the job.
        """
        ended = self._end(domain_id, job_id, status, error)
        self._cancel_parts_if_stopped(domain_id, job_id)
        return ended

    @translated_errors()
    def _end(self, domain_id: str, job_id: str, status: JobStatus, error: InventoryError | None) -> bool:
        now = self._clock.now()
        query = {"domain_id": domain_id, "job_id": job_id, "status": {"$in": job_sources(status)}}
        ended = {"status": status.value, "remained_tasks": 0, "updated_at": now, "finished_at": now}
        change: Document = {"$set": ended, "$unset": PLAN_LEASE.dropped()}
        if error is not None:
            change["$push"] = {"errors": error_document(error)}
        done = self._jobs.update_one(query, change).modified_count == 1
        if done:
            count_ended(status.value)
        return done

    def _cancel_parts_if_stopped(self, domain_id: str, job_id: str) -> None:
        job = self.find(domain_id, job_id)
        if job is not None and job["status"] in _STOPPED:
            self.cancel_parts(domain_id, job_id)

    def cancel_parts(self, domain_id: str, job_id: str) -> None:
        """Cancel the open tasks and slices of a job that has ended; keep the counts of what they stored."""
        self._tasks.cancel_of_job(domain_id, job_id)
        self._slices.cancel(domain_id, job_id=job_id)
        counted = self._slices.tasks_with_counts(domain_id, job_id)
        for job_task_id in self._tasks.canceled_among(domain_id, counted):
            outcome = self._slices.of_task(domain_id, job_task_id).outcome
            self._tasks.count_canceled(domain_id, job_task_id, outcome)

    @translated_errors()
    def cancel_jobs_of_collector(self, domain_id: str, collector_id: str) -> int:
        """Cancel the collector's jobs that have not ended; return their number."""
        query = {"domain_id": domain_id, "collector_id": collector_id, "status": {"$in": OPEN}}
        job_ids = [job["job_id"] for job in self._jobs.find(query, {"job_id": 1})]
        return sum(self.cancel_job(domain_id, job_id) for job_id in job_ids)

    def delete_job(self, domain_id: str, job_id: str) -> None:
        """Stop the job, then remove its slices, its tasks and itself; running slices stop at their next heartbeat.

        Raises:
            NotFoundError: the job does not exist.
        """
        self.get(domain_id, job_id)
        # The job first, so that nobody starts a task or continues planning; nobody will read the counts of its tasks.
        self._end(domain_id, job_id, JobStatus.CANCELED, None)
        self.delete_many(domain_id, [job_id])

    @translated_errors()
    def delete_many(self, domain_id: str, job_ids: Sequence[str]) -> None:
        """Remove jobs that have ended, slices and tasks first, so that leftovers of a crash can be found again."""
        self._tasks.delete_of_jobs(domain_id, job_ids)
        self._jobs.delete_many({"domain_id": domain_id, "job_id": {"$in": list(job_ids)}})

    @translated_errors()
    def settle(self, domain_id: str, job_id: str, settled: Settled) -> bool:
        """Write the state that the tasks imply for a job; an ended job, and a lower remainder, never change."""
        now = self._clock.now()
        query: Document = {"domain_id": domain_id, "job_id": job_id, "planned": True}
        change: Document = {
            "status": settled.status.value,
            "remained_tasks": settled.remained,
            "updated_at": now,
        }
        if settled.status in JOB_OPEN:
            query |= {"status": {"$in": OPEN}, "remained_tasks": {"$gt": settled.remained}}
        else:
            query["status"] = {"$in": job_sources(settled.status)}
            change["finished_at"] = now
        done = self._jobs.update_one(query, {"$set": change}).modified_count == 1
        if done:
            count_ended(settled.status.value)
        return done

    @translated_errors()
    def open_after(self, after: ObjectId | None, *, limit: int) -> list[StoredJob]:
        """Return a page of the planned jobs, of all domains, that have not ended, in the order of ``_id``."""
        query: Document = {"status": JobStatus.IN_PROGRESS.value}
        if after is not None:
            query["_id"] = {"$gt": after}
        return list(self._jobs.find(query, {"domain_id": 1, "job_id": 1}).sort("_id", 1).limit(limit))

    @translated_errors()
    def open_created_before(self, moment: datetime, *, limit: int) -> list[StoredJob]:
        """Return jobs of all domains that have not ended and are older than ``moment``."""
        query = {"status": {"$in": OPEN}, "created_at": {"$lt": moment}}
        return list(self._jobs.find(query, {"domain_id": 1, "job_id": 1}).limit(limit))

    @translated_errors()
    def ended_created_before(self, moment: datetime, *, limit: int) -> list[StoredJob]:
        """Return jobs of all domains that have ended and are older than ``moment``, oldest first."""
        query = {"created_at": {"$lt": moment}, "status": {"$nin": OPEN}}
        wanted = {"domain_id": 1, "job_id": 1}
        return list(self._jobs.find(query, wanted).sort("created_at", 1).limit(limit))

    @translated_errors()
    def statuses(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], JobStatus]:
        """Return the status of each job that exists among ``keys``, pairs of domain_id and job_id."""
        query = {
            "domain_id": {"$in": sorted({domain_id for domain_id, _ in keys})},
            "job_id": {"$in": sorted({job_id for _, job_id in keys})},
        }
        rows = self._jobs.find(query, {"domain_id": 1, "job_id": 1, "status": 1})
        return {(row["domain_id"], row["job_id"]): JobStatus(row["status"]) for row in rows}
