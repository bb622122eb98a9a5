"""Counts of running tasks so far: a task's own counts are written once, when all its slices have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.database import Database

from inventory.domain.job.outcome import SUMMED
from inventory.domain.job.states import TaskStatus
from inventory.model.connection import Document, translated_errors

Task = Mapping[str, Any]


class TaskProgress:
    """Reads the counts from the slices, which update them with their heartbeats.

    Args:
        database: holds the slices.
    """

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
