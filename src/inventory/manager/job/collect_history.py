"""When each secret of a collector was collected last, from the stored jobs and tasks.

Each query reads one index entry per secret, however many tasks are stored: MongoDB skips from secret to secret
(``DISTINCT_SCAN``), which needs exactly the fields and the order of the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pymongo import DESCENDING
from pymongo.database import Database

from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.job.states import JobStatus, TaskStatus
from inventory.domain.plain import Document
from inventory.model.connection import translated_errors
from inventory.model.documents.job import StoredJob
from inventory.model.stored import collection_of

FAILURES_COUNTED: Final = 1_000
"""The maximum number of failures counted per secret."""
_BY_SECRET: Final = [("domain_id", 1), ("collector_id", 1), ("secret_id", 1), ("finished_at", -1)]
"""The index for reading a secret's failures; given explicitly, because trying others each time takes longer."""
_SHOWN: Final = (
    *("job_id", "job_task_id", "status", "started_at", "finished_at"),
    *("provider", "service_account_id", "project_id", "created_at"),
    *("created_count", "updated_count", "disconnected_count", "view_started_at", "view_resources_seen"),
)
_ANY_TIME: Final = {"$type": "date"}


@dataclass(frozen=True, slots=True)
class Since:
    """A secret of a collector, and the time from which its tasks are considered; None for all."""

    collector_id: str
    secret_id: str
    moment: datetime | None


@dataclass(frozen=True, slots=True)
class Failures:
    """Tasks of a secret that were begun and did not end in SUCCESS.

    Attributes:
        count: number of tasks, up to ``FAILURES_COUNTED``.
        newest: the ``_id`` of the one that ended last.
    """

    count: int
    newest: object


class CollectHistory:
    """Queries the history."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._jobs = collection_of(database, "job", StoredJob)
        self._tasks = database["job_task"]

    @translated_errors()
    def last_full_job(self, domain_id: str, collector_id: str) -> StoredJob | None:
        """Return job_id and created_at of the newest job that collects everything with all secrets of the collector.

        A secret that has no task in it, nor in any later job, no longer belongs to the collector.
        """
        query = {
            "domain_id": domain_id,
            "collector_id": collector_id,
            "planned": True,
            "collect_mode": CollectMode.ALL.value,
            "filter": {"$in": [{}, None]},
            "secret_id": None,
            "retry_of": None,
            # A job without tasks may have failed before it reached its secrets.
            "$or": [{"total_tasks": {"$gt": 0}}, {"status": JobStatus.SUCCESS.value}],
        }
        return self._jobs.find_one(query, {"job_id": 1, "created_at": 1}, sort=[("created_at", DESCENDING)])

    @translated_errors()
    def secrets_of(self, domain_id: str, job_id: str, secret_ids: Sequence[str]) -> set[str]:
        """Return those of the secrets that the job has a task for."""
        if not secret_ids:
            return set()
        query = {"domain_id": domain_id, "job_id": job_id, "secret_id": {"$in": list(secret_ids)}}
        return {task["secret_id"] for task in self._tasks.find(query, {"_id": 0, "secret_id": 1})}

    @translated_errors()
    def last_ended(self, domain_id: str, collector_id: str, secret_id: str = "") -> dict[str, Document]:
        """Return by secret the task that ended last; if none has ended, one that has not.

        Args:
            secret_id: only of this secret; empty for all.
        """
        match = {"domain_id": domain_id, "collector_id": collector_id}
        return self._newest(match | _only(secret_id), (*match, "secret_id"))

    @translated_errors()
    def last_complete(self, domain_id: str, collector_id: str, secret_id: str = "") -> dict[str, Document]:
        """Return by secret the complete success that ended last: SUCCESS, in mode ALL, without a filter.

        Args: as for ``last_ended``.
        """
        match = {
            "domain_id": domain_id,
            "collector_id": collector_id,
            "status": TaskStatus.SUCCESS.value,
            "full_collect": True,
        }
        return self._newest(match | _only(secret_id), (*match, "secret_id"))

    def _newest(self, match: Mapping[str, object], key: Iterable[str]) -> dict[str, Document]:
        sort = dict.fromkeys(key, 1) | {"finished_at": -1}
        group: Document = {"_id": "$secret_id", "task": {"$first": "$_id"}}
        group |= {name: {"$first": f"${name}"} for name in _SHOWN}
        pipeline: list[Document] = [{"$match": dict(match)}, {"$sort": sort}, {"$group": group}]
        return {row["_id"]: row for row in self._tasks.aggregate(pipeline)}

    @translated_errors()
    def failures(self, domain_id: str, secrets: Iterable[Since]) -> dict[tuple[str, str], Failures]:
        """Return the failures of each secret that has any, by collector and secret; one command per secret."""
        found = {}
        for one in secrets:
            query = {
                "domain_id": domain_id,
                "collector_id": one.collector_id,
                "secret_id": one.secret_id,
                "finished_at": _ANY_TIME if one.moment is None else {"$gt": one.moment},
                "status": {"$in": [TaskStatus.FAILURE.value, TaskStatus.CANCELED.value]},
                "started_at": _ANY_TIME,
            }
            newest_first = self._tasks.find(query, {"_id": 1}).sort("finished_at", DESCENDING).limit(FAILURES_COUNTED)
            tasks = [task["_id"] for task in newest_first.hint(_BY_SECRET)]
            if tasks:
                found[one.collector_id, one.secret_id] = Failures(len(tasks), tasks[0])
        return found

    @translated_errors()
    def with_first_error(self, domain_id: str, tasks: Sequence[object]) -> dict[object, Document]:
        """Return the tasks with these ``_id``, each with its first error, by ``_id``."""
        fields: Document = dict.fromkeys(("job_id", "job_task_id", "status", "finished_at"), 1)
        fields["errors"] = {"$slice": 1}
        query = {"_id": {"$in": list(tasks)}, "domain_id": domain_id}
        return {task["_id"]: task for task in self._tasks.find(query, fields)}


def _only(secret_id: str) -> dict[str, object]:
    return {"secret_id": secret_id} if secret_id else {}
