"""The warnings of job tasks: what resources lacked without failing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.model.connection import translated_errors

_WARNINGS: Final = 100
"""The maximum number of kinds of warnings that are read."""

TASKS: Final = 1_000
"""The maximum number of tasks that are named for a kind of warning."""
_SHOWN: Final = ("count", "tasks", "example", "of_tasks")

Warnings = Mapping[str, tuple[int, str, list[str]]]
"""By code: how many, an example, and the names of what other streams of the job may have, too."""


class TaskWarnings:
    """The field ``warnings`` of job tasks."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._tasks = database["job_task"]

    def note(self, domain_id: str, job_task_id: str, warnings: Warnings, session: ClientSession) -> None:
        """Add to the counts of a task's warnings, in a transaction."""
        change: Document = {
            "$inc": {f"warnings.{code}.count": count for code, (count, _, _) in warnings.items()},
            "$set": {f"warnings.{code}.example": example for code, (_, example, _) in warnings.items()},
        }
        named = {f"warnings.{code}.names": {"$each": names} for code, (_, _, names) in warnings.items() if names}
        if named:
            change["$addToSet"] = named
        self._tasks.update_one({"domain_id": domain_id, "job_task_id": job_task_id}, change, session=session)

    @translated_errors()
    def of_job(self, domain_id: str, job_id: str, scope: Mapping[str, Any] | None = None) -> list[Document]:
        """Return code, count, tasks, example and of_tasks of each kind of warning, the most frequent first.

        What has a name, such as a type, counts once, however many tasks have it. ``of_tasks`` are job_task_id,
        secret_id, count and example of the tasks that have most of them, at most :data:`TASKS`.

        Args:
            scope: limits its tasks to those that the caller may see.
        """
        number, example = {"$sum": "$warning.v.count"}, {"$first": "$warning.v.example"}
        named = {"$max": {"$gt": ["$warning.v.names", []]}}
        stages: list[Document] = [
            {"$match": {"domain_id": domain_id, "job_id": job_id, "warnings": {"$exists": True}, **(scope or {})}},
            {"$project": {"warning": {"$objectToArray": "$warnings"}, "job_task_id": 1, "secret_id": 1}},
            {"$unwind": "$warning"},
        ]
        task = {"job_task_id": "$job_task_id", "secret_id": "$secret_id"}
        task |= {name: f"$warning.v.{name}" for name in ("count", "example")}
        most = {"$topN": {"n": TASKS, "sortBy": {"warning.v.count": -1, "job_task_id": 1}, "output": task}}
        sums = {"_id": "$warning.k", "count": number, "tasks": {"$sum": 1}, "example": example, "named": named}
        sums["of_tasks"] = most
        rows = list(self._tasks.aggregate([*stages, {"$group": sums}, {"$limit": _WARNINGS}]))
        if any(row["named"] for row in rows):
            each_once = {"_id": {"code": "$warning.k", "name": "$warning.v.names"}}
            names: list[Document] = [{"$unwind": "$warning.v.names"}, {"$group": each_once}]
            counted = {"$group": {"_id": "$_id.code", "count": {"$sum": 1}}}
            different = {row["_id"]: row["count"] for row in self._tasks.aggregate([*stages, *names, counted])}
            rows = [{**row, "count": different.get(row["_id"], row["count"])} for row in rows]
        rows.sort(key=lambda row: (-row["count"], row["_id"]))
        return [{"code": row["_id"], **{name: row[name] for name in _SHOWN}} for row in rows]
