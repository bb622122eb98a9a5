"""Reading the failed parts of a job that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.domain.job.failed_task import FailedTask, failed_task
from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.model.connection import translated_errors

_AT_ONCE: Final = 500
_TASK: Final = dict.fromkeys(
    ("job_task_id", "secret_id", "filter", "full_collect", "started_at", "view_started_at", "view_resources_seen"), 1
)
_SLICE: Final = dict.fromkeys(
    ("job_task_id", "number", "plan_attempt", "expanded_attempt", "status", "task_options", "resources_seen"), 1
)


class FailedTasks:
    """Reads the failed tasks of jobs."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._tasks = database["job_task"]
        self._slices = database["slice"]

    @translated_errors()
    def of_job(self, domain_id: str, job_id: str) -> list[FailedTask]:
        """Return the tasks of the job that ended as FAILURE or CANCELED, by secret."""
        found: list[FailedTask] = []
        for some in batched(self._tasks.find(_failed(domain_id, job_id), _TASK).sort("secret_id", 1), _AT_ONCE):
            slices = self._slices_of(domain_id, [task["job_task_id"] for task in some])
            found += [failed_task(task, slices.get(task["job_task_id"], ())) for task in some]
        return found

    @translated_errors()
    def count(self, domain_id: str, job_id: str, scope: Mapping[str, Any] | None = None) -> int:
        """Return the number of these tasks; of those only that the caller may see, as ``scope`` limits them."""
        return self._tasks.count_documents({**_failed(domain_id, job_id), **(scope or {})})

    def _slices_of(self, domain_id: str, job_task_ids: list[str]) -> dict[str, list[Document]]:
        found: dict[str, list[Document]] = {}
        query = {"domain_id": domain_id, "job_task_id": {"$in": job_task_ids}}
        for one in self._slices.find(query, _SLICE):
            found.setdefault(one["job_task_id"], []).append(one)
        return found


def _failed(domain_id: str, job_id: str) -> Document:
    ended = {"$in": [TaskStatus.FAILURE.value, TaskStatus.CANCELED.value]}
    return {"domain_id": domain_id, "job_id": job_id, "status": ended}
