"""Starting job tasks: of one collector and secret, one runs at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.clock import Clock
from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.errors import DuplicateJobError
from inventory.manager.job.slices import OPEN
from inventory.model.connection import translated_errors
from inventory.model.documents.job_task import StoredJobTask
from inventory.model.stored import collection_of

_IS_PENDING: Final = {"$eq": ["$status", TaskStatus.PENDING.value]}


@dataclass(frozen=True, slots=True)
class Started:
    """The result of starting a task.

    Attributes:
        task: the task, now IN_PROGRESS; None if it has ended, does not exist, or is blocked by ``running``.
        running: the running task of the same collector and secret that keeps this one PENDING.
    """

    task: StoredJobTask | None
    running: StoredJobTask | None = None


class TaskStarts:
    """Finds and starts tasks."""

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._tasks = collection_of(database, "job_task", StoredJobTask)
        self._clock = clock

    @translated_errors()
    def find(self, domain_id: str, job_task_id: str) -> StoredJobTask | None:
        """Return the task, or None if it does not exist."""
        return self._tasks.find_one({"domain_id": domain_id, "job_task_id": job_task_id})

    def start(self, domain_id: str, job_task_id: str) -> Started:
        """Make a PENDING task IN_PROGRESS; a running one stays so. Per collector and secret only one can run."""
        while True:
            try:
                started = self._start(domain_id, job_task_id)
            except DuplicateJobError:
                task = self.find(domain_id, job_task_id)
                running = self._running_of_secret(task) if task else None
                if task is not None and running is None and task["status"] in OPEN:
                    # The task that blocked this one has ended in the meantime.
                    continue
                return Started(None, running)
            return Started(started)

    @translated_errors()
    def _start(self, domain_id: str, job_task_id: str) -> StoredJobTask | None:
        query = {"domain_id": domain_id, "job_task_id": job_task_id, "status": {"$in": OPEN}}
        began = {"$cond": [_IS_PENDING, self._clock.now(), "$started_at"]}
        change = [{"$set": {"status": TaskStatus.IN_PROGRESS.value, "started_at": began}}]
        try:
            return self._tasks.find_one_and_update(query, change, return_document=ReturnDocument.AFTER)
        except DuplicateKeyError as exc:
            raise DuplicateJobError(collector_id="", secret_id="", job_task_id=job_task_id) from exc

    @translated_errors()
    def _running_of_secret(self, task: StoredJobTask) -> StoredJobTask | None:
        same = {key: task[key] for key in ("domain_id", "collector_id", "secret_id")}
        return self._tasks.find_one({**same, "status": TaskStatus.IN_PROGRESS.value})
