"""New jobs: their documents, and storing one whose plan is known, complete with its tasks and slices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.job.states import JOB_OPEN, JobStatus, Settled
from inventory.domain.plain import Document
from inventory.errors import SaveUniqueValuesError
from inventory.manager.metrics import JOBS_ENDED
from inventory.manager.transactions import Transactions
from inventory.model.connection import translated_errors
from inventory.model.documents.job import Job, StoredJob
from inventory.model.documents.job_task import StoredJobTask, StoredSlice
from inventory.model.new_document import new_document
from inventory.model.stored import collection_of


def new_job(job: Mapping[str, Any], now: datetime) -> StoredJob:
    """Return the document of a new job, CREATED at ``now`` unless ``job`` says otherwise.

    Raises:
        InvalidParameterError: a field breaks the schema.
    """
    defaults = {"status": JobStatus.CREATED.value, "created_at": now, "updated_at": now}
    document: StoredJob = new_document(Job, **(defaults | dict(job)))
    return document


def planned_fields(settled: Settled, total: int, projects: Iterable[str], planned_with: str, now: datetime) -> Document:
    """Return the fields that say that all ``total`` tasks of a job exist; without any, it has ended.

    Args:
        settled: the job's state.
        total: the number of its tasks.
        projects: of the secrets that are collected.
        planned_with: of the plan.
        now: the current time.
    """
    fields: Document = {
        "planned": True,
        "status": settled.status.value,
        "total_tasks": total,
        "remained_tasks": settled.remained,
        "projects": sorted(set(projects) - {""}),
        "planned_with": planned_with,
        "updated_at": now,
    }
    return fields if settled.status in JOB_OPEN else fields | {"finished_at": now}


@contextmanager
def unique(job: StoredJob) -> Iterator[None]:
    """Insert ``job`` within the block. Raises ``SaveUniqueValuesError``."""
    try:
        yield
    except DuplicateKeyError as exc:
        keys = ("retry_of",) if job.get("retry_of") else ("schedule_id", "fire_at")
        raise SaveUniqueValuesError(keys=keys) from exc


def count_ended(status: str) -> None:
    """Count a job in the metrics if ``status`` is an end."""
    if JobStatus(status) not in JOB_OPEN:
        JOBS_ENDED.labels(status).inc()


class PlannedJobs:
    """Stores new jobs whose plan is known: a job with its tasks and their slices, or nothing of it.

    One transaction costs MongoDB half of what the same writes cost one by one, each of which a majority confirms. And
    nobody ever sees a job without its tasks, so none has to be finished by somebody else.

    Args:
        database: holds the collections.
    """

    def __init__(self, *, database: Database[Document]) -> None:
        self._database = database
        self._jobs = collection_of(database, "job", StoredJob)
        self._tasks = collection_of(database, "job_task", StoredJobTask)
        self._slices = collection_of(database, "slice", StoredSlice)

    def insert(self, job: StoredJob, tasks: Sequence[StoredJobTask], slices: Sequence[StoredSlice]) -> None:
        """Store a job, its tasks and their slices, which are all new.

        Raises:
            SaveUniqueValuesError: the job that it retries is being retried.
        """

        def work(session: ClientSession) -> None:
            self._jobs.insert_one(job, session=session)
            _insert(self._tasks, tasks, session)
            _insert(self._slices, slices, session)

        with translated_errors(), unique(job):
            if tasks:
                Transactions(database=self._database).run(work)
            else:
                self._jobs.insert_one(job)
        count_ended(job["status"])


def _insert(collection: Collection[Any], documents: Sequence[Any], session: ClientSession) -> None:
    # The driver's bulk writes cost half as much again as a single insert.
    if len(documents) == 1:
        collection.insert_one(documents[0], session=session)
    else:
        collection.insert_many(documents, session=session)
