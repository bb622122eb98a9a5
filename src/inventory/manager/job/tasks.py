"""Job tasks: creating, starting, ending and removing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final

from bson import ObjectId
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus, task_sources
from inventory.domain.job.stored_error import error_document
from inventory.domain.plain import Document
from inventory.errors import DuplicateJobError, InventoryError, existing
from inventory.manager.job.garbage_claim import GarbageClaims
from inventory.manager.job.slices import OPEN, KnownSlices, SliceManager
from inventory.manager.job.task_start import TaskStarts
from inventory.manager.job.task_warnings import TaskWarnings
from inventory.manager.transactions import end_sessions, sessions_of
from inventory.model.connection import refused_duplicates, translated_errors
from inventory.model.documents.job import StoredJob
from inventory.model.documents.job_task import JobTask, StoredJobTask, StoredSlice
from inventory.model.lease import GARBAGE_LEASE
from inventory.model.new_document import new_document

_TYPES_RECORDED: Final = 100
_PLAN_DEFAULTS: Final = {"status": TaskStatus.PENDING.value}


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """The tasks of a job by status, and how many of the CANCELED ones were refused as duplicates."""

    by_status: Mapping[TaskStatus, int]
    refused: int = 0


class JobTaskManager(TaskStarts):
    """The collection ``job_task``."""

    def __init__(self, *, database: Database[Document], slices: SliceManager, clock: Clock) -> None:
        super().__init__(database=database, clock=clock)
        self._slices = slices
        self.garbage = GarbageClaims(database=database, clock=clock)
        self.warnings = TaskWarnings(database=database)

    def insert_tasks(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *,
        endpoint: str = "",
        priority: int = 10,
        slices: KnownSlices = MappingProxyType({}),
    ) -> list[StoredJobTask]:
        """Insert the tasks of one job, each with its slice 0, and return them as they are stored.

        Repeating it, wholly or in part, changes nothing: (domain_id, job_id, secret_id) is unique.

        Args:
            tasks: fields of ``JobTask`` without its id, status and times: domain_id, job_id, collector_id,
                secret_id, provider, service_account_id, project_id, filter, full_collect. All of one job.
            endpoint: the plugin's endpoint, for its limit of running slices.
            slices: the task_options of each slice, by secret, of tasks whose slices are known already.
        """
        if not tasks:
            return []
        documents = self._documents(tasks)
        all_new = self._insert(documents)
        stored = sorted(documents, key=itemgetter("secret_id")) if all_new else self._of_secrets(tasks)
        self._slices.insert(stored, slices, endpoint=endpoint, priority=priority)
        return stored

    def new(
        self, tasks: Sequence[Mapping[str, Any]], *, endpoint: str, priority: int, slices: KnownSlices
    ) -> tuple[list[StoredJobTask], list[StoredSlice]]:
        """Return the documents of new tasks, by secret, and of their slices; for the arguments see ``insert_tasks``."""
        if not tasks:
            return [], []
        made = sorted(self._documents(tasks), key=itemgetter("secret_id"))
        firsts, others = self._slices.new(made, slices, endpoint=endpoint, priority=priority)
        return made, [*firsts, *others]

    def _documents(self, tasks: Sequence[Mapping[str, Any]]) -> list[StoredJobTask]:
        now = self._clock.now()
        # Building a document with mongoengine is slow: what all tasks share is built once.
        pattern: Document = new_document(JobTask, job_task_id="", created_at=now, **(_PLAN_DEFAULTS | dict(tasks[0])))
        alike: Any = {name: value for name, value in pattern.items() if name not in tasks[0]}
        return [
            alike
            | {name: value for name, value in task.items() if value is not None}
            | {"job_task_id": ids.new_id(ids.JOB_TASK), "errors": []}
            for task in tasks
        ]

    @translated_errors()
    def _insert(self, documents: list[StoredJobTask]) -> bool:
        """Insert the tasks that do not exist yet; return whether all were new."""
        try:
            self._tasks.insert_many(documents, ordered=False)
        except BulkWriteError as exc:
            refused_duplicates(exc)
            return False
        return True

    @translated_errors()
    def _of_secrets(self, tasks: Sequence[Mapping[str, Any]]) -> list[StoredJobTask]:
        query = {
            "domain_id": tasks[0]["domain_id"],
            "job_id": tasks[0]["job_id"],
            "secret_id": {"$in": [task["secret_id"] for task in tasks]},
        }
        return list(self._tasks.find(query).sort("secret_id", 1))

    def get(self, domain_id: str, job_task_id: str) -> StoredJobTask:
        """Return the task. Raises ``NotFoundError``."""
        found = self.find(domain_id, job_task_id)
        return existing(found, key="job_task_id", value=job_task_id)

    @translated_errors()
    def refuse(self, domain_id: str, job_task_id: str, error: InventoryError) -> bool:
        """Cancel a task that has not started, with ``error`` as the reason; return whether this call did."""
        query = {"domain_id": domain_id, "job_task_id": job_task_id, "status": TaskStatus.PENDING.value}
        change = {
            "status": TaskStatus.CANCELED.value,
            "finished_at": self._clock.now(),
            "slices_planned": True,
            "errors": [error_document(error)],
            "error_count": 1,
        }
        return self._tasks.update_one(query, {"$set": change}).modified_count == 1

    @translated_errors()
    def finish(self, domain_id: str, job_task_id: str, status: TaskStatus, outcome: Outcome) -> bool:
        """End a task with the sums of its slices; return whether this call did."""
        change = _sums(outcome) | {
            "status": status.value,
            "finished_at": self._clock.now(),
            "slices_planned": True,
        }
        query = {"domain_id": domain_id, "job_task_id": job_task_id, "status": {"$in": task_sources(status)}}
        unset = GARBAGE_LEASE.dropped() | {"garbage_session": "", "garbage_lost_session": ""}
        return self._tasks.update_one(query, {"$set": change, "$unset": unset}).modified_count == 1

    @translated_errors()
    def count_canceled(self, domain_id: str, job_task_id: str, outcome: Outcome) -> None:
        """Update a CANCELED task with what its slices stored, including late reports; sums only grow."""
        query = {
            "domain_id": domain_id,
            "job_task_id": job_task_id,
            "status": TaskStatus.CANCELED.value,
            "total_count": {"$lte": outcome.total_count},
            "error_count": {"$lte": outcome.error_count},
        }
        self._tasks.update_one(query, {"$set": _sums(outcome)})

    @translated_errors()
    def mark_slices_planned(self, domain_id: str, job_task_id: str) -> None:
        """Record that all slices of the task exist."""
        query = {"domain_id": domain_id, "job_task_id": job_task_id}
        self._tasks.update_one(query, {"$set": {"slices_planned": True}})

    def note_unknown_type(self, domain_id: str, job_task_id: str, resource_type: str, session: ClientSession) -> bool:
        """Record an unknown ``resource_type`` in a transaction; False if it was recorded, or a hundred others were."""
        query = {
            "domain_id": domain_id,
            "job_task_id": job_task_id,
            "types_told": {"$ne": resource_type},
            f"types_told.{_TYPES_RECORDED - 1}": {"$exists": False},
        }
        change = {"$push": {"types_told": resource_type}}
        return self._tasks.update_one(query, change, session=session).modified_count == 1

    @translated_errors()
    def cancel_of_job(self, domain_id: str, job_id: str) -> int:
        """Cancel the job's tasks that have not ended."""
        query = {"domain_id": domain_id, "job_id": job_id, "status": {"$in": OPEN}}
        change = {"status": TaskStatus.CANCELED.value, "finished_at": self._clock.now(), "slices_planned": True}
        canceled = self._tasks.update_many(query, {"$set": change}).modified_count
        # Whoever collects garbage of one may be frozen in the middle of a transaction.
        stopped = {"domain_id": domain_id, "job_id": job_id, "status": TaskStatus.CANCELED.value}
        if sessions := sessions_of(self._tasks, stopped, "garbage_session"):
            end_sessions(self._tasks.database, sessions)
            self._tasks.update_many(stopped, {"$unset": {"garbage_session": "", "garbage_lost_session": ""}})
        return canceled

    @translated_errors()
    def canceled_among(self, domain_id: str, job_task_ids: Sequence[str]) -> list[str]:
        """Return those of the tasks that are CANCELED."""
        query = {
            "domain_id": domain_id,
            "job_task_id": {"$in": list(job_task_ids)},
            "status": TaskStatus.CANCELED.value,
        }
        return [row["job_task_id"] for row in self._tasks.find(query, {"job_task_id": 1})]

    @translated_errors()
    def count_open(self, domain_id: str, job_id: str) -> int:
        """Return how many tasks of the job have not ended."""
        return self._tasks.count_documents({"domain_id": domain_id, "job_id": job_id, "status": {"$in": OPEN}})

    @translated_errors()
    def count(self, domain_id: str, job_id: str) -> TaskCounts:
        """Return the number of tasks of the job in each status."""
        refused = {"$and": [{"$eq": ["$status", TaskStatus.CANCELED.value]}, _IS_REFUSED]}
        group = {
            "_id": "$status",
            "count": {"$sum": 1},
            "refused": {"$sum": {"$cond": [refused, 1, 0]}},
        }
        rows: list[Any] = list(
            self._tasks.aggregate([{"$match": {"domain_id": domain_id, "job_id": job_id}}, {"$group": group}])
        )
        return TaskCounts(
            {TaskStatus(row["_id"]): row["count"] for row in rows}, refused=sum(row["refused"] for row in rows)
        )

    @translated_errors()
    def open_after(self, after: ObjectId | None, *, limit: int) -> list[StoredJobTask]:
        """Return a page of the unfinished tasks of all domains, in the order of ``_id``."""
        query: Document = {"status": {"$in": OPEN}}
        if after is not None:
            query["_id"] = {"$gt": after}
        wanted = {"domain_id": 1, "job_task_id": 1, "job_id": 1, "status": 1, "created_at": 1}
        return list(self._tasks.find(query, wanted).sort("_id", 1).limit(limit))

    @translated_errors()
    def jobs_with_open(self, jobs: Sequence[StoredJob]) -> set[str]:
        """Return the ids of those ``jobs`` that have an unfinished task."""
        query = {
            "domain_id": {"$in": sorted({job["domain_id"] for job in jobs})},
            "job_id": {"$in": [job["job_id"] for job in jobs]},
            "status": {"$in": OPEN},
        }
        return set(self._tasks.distinct("job_id", query))

    @translated_errors()
    def delete_task(self, domain_id: str, job_task_id: str) -> None:
        """Remove one task with its slices, whatever its state; a worker that collects it notices and stops."""
        self._slices.delete_of_task(domain_id, job_task_id)
        self._delete({"domain_id": domain_id, "job_task_id": job_task_id})

    @translated_errors()
    def delete_of_jobs(self, domain_id: str, job_ids: Sequence[str]) -> None:
        """Remove all tasks of the jobs, with their slices."""
        self._slices.delete_of_jobs(domain_id, job_ids)
        self._delete({"domain_id": domain_id, "job_id": {"$in": list(job_ids)}})

    def _delete(self, query: Document) -> None:
        sessions = sessions_of(self._tasks, query, "garbage_session")
        self._tasks.delete_many(query)
        end_sessions(self._tasks.database, sessions)


_IS_REFUSED: Final = {
    "$in": [DuplicateJobError.code, {"$ifNull": ["$errors.error_code", []]}],
}


def _sums(outcome: Outcome) -> Document:
    fields = outcome.fields()
    # Only slices store it: whether garbage collection may run is decided once, from them.
    fields.pop("resources_seen")
    return fields
