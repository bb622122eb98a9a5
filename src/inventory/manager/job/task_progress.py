"""Tasks while they run: their counts so far, and their slices.

A task's own counts are written once, when all its slices have ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.job.outcome import SUMMED
from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.model.connection import translated_errors

Task = Mapping[str, Any]
_SHOWN: Final = {
    "_id": 0,
    **dict.fromkeys(("slice_id", "number", "status", "attempts", "waits_for", "expanded_attempt"), 1),
    **dict.fromkeys(("created_count", "updated_count", "failure_count", "error_count", "started_at", "finished_at"), 1),
}


class TaskProgress:
    """Reads the counts from the slices, which update them with their heartbeats."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._slices = database["slice"]

    def shown(self, domain_id: str, tasks: Sequence[Task]) -> Sequence[Task]:
        """Return the tasks as read; in running ones, the count fields that were read hold the counts so far."""
        running = [
            task["job_task_id"]
            for task in tasks
            if task.get("status") == TaskStatus.IN_PROGRESS.value and "job_task_id" in task
        ]
        if not running:
            return tasks
        counts = self._counts(domain_id, running)
        return [
            {**task, **{name: n for name, n in counts.get(task.get("job_task_id", ""), {}).items() if name in task}}
            for task in tasks
        ]

    @translated_errors()
    def slices(self, domain_id: str, job_task_id: str, *, start: int, limit: int) -> tuple[Sequence[Document], int]:
        """Return a page of a task's slices by number, with the fields of ``SliceInfo``, and the total number.

        Slices of a plan that a later attempt at planning replaced are none of the task's.

        Args:
            start: number of the first one, from 1.
            limit: maximum number of slices.
        """
        task = {"domain_id": domain_id, "job_task_id": job_task_id}
        first = self._slices.find_one({**task, "number": 0}, {"expanded_attempt": 1})
        plans = [] if first is None or first.get("expanded_attempt") is None else [first["expanded_attempt"]]
        query = {**task, "$or": [{"number": 0}, {"plan_attempt": {"$in": plans}}]}
        rows = self._slices.find(query, _SHOWN).sort("number", 1).skip(start - 1).limit(limit)
        found = [{**row, "planned_others": row.get("expanded_attempt") is not None} for row in rows]
        return found, self._slices.count_documents(query)

    @translated_errors()
    def _counts(self, domain_id: str, job_task_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        # Slice 0 always counts; others only if they belong to the plan of its last attempt.
        part = {"$cond": [{"$eq": ["$number", 0]}, None, "$plan_attempt"]}
        group: Document = {"_id": {"task": "$job_task_id", "part": part}, "expanded": {"$max": "$expanded_attempt"}}
        group |= {name: {"$sum": f"${name}"} for name in SUMMED}
        query = {"domain_id": domain_id, "job_task_id": {"$in": list(job_task_ids)}}
        found = self._slices.aggregate([{"$match": query}, {"$group": group}])
        rows = {(row["_id"]["task"], row["_id"]["part"]): row for row in found}
        sums: dict[str, dict[str, int]] = {}
        for (task, kind), first in rows.items():
            if kind is None:
                expanded = first["expanded"]
                others = rows.get((task, expanded), {}) if expanded is not None else {}
                sums[task] = {name: first[name] + others.get(name, 0) for name in SUMMED}
        return sums
