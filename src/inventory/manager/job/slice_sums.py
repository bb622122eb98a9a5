"""What the slices of a task add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pymongo.collection import Collection

from inventory.domain.job.outcome import MAX_ERRORS, SUMMED, Outcome
from inventory.domain.job.states import TASK_OPEN, TaskStatus
from inventory.domain.plain import Document
from inventory.model.documents.job_task import StoredSlice

_COUNTED: Final = dict.fromkeys((*SUMMED, "errors", "status", "expanded_attempt"), 1)


@dataclass(frozen=True, slots=True)
class TaskSlices:
    """What settling a task needs to know of its slices.

    Attributes:
        statuses: of the slices that count: slice 0 and those of the plan that it ended with.
        outcome: their sums and first errors; empty while any of them is open.
    """

    statuses: frozenset[TaskStatus]
    outcome: Outcome

    @property
    def open(self) -> bool:
        """Whether any of them has not ended."""
        return bool(self.statuses & set(TASK_OPEN))


def task_slices(slices: Collection[StoredSlice], domain_id: str, job_task_id: str) -> TaskSlices:
    """Return the state of the task's slices and, once all have ended, their sums."""
    task = {"domain_id": domain_id, "job_task_id": job_task_id}
    first = slices.find_one(task | {"number": 0}, _COUNTED)
    if first is None:
        return TaskSlices(frozenset({TaskStatus.PENDING}), Outcome())
    if first.get("expanded_attempt") is None:
        # Most tasks are a single slice, which has just been read.
        outcome = Outcome.stored_in(first)
        return TaskSlices(frozenset({TaskStatus(first["status"])}), outcome)
    counted = task | {"$or": [{"number": 0}, {"plan_attempt": first["expanded_attempt"]}]}
    group: Document = {"_id": "$status"} | {name: {"$sum": f"${name}"} for name in SUMMED}
    rows: list[Any] = list(slices.aggregate([{"$match": counted}, {"$group": group}]))
    sums = {name: sum(row[name] for row in rows) for name in SUMMED}
    errors = _errors_of(slices, counted) if sums["error_count"] else []
    return TaskSlices(frozenset(TaskStatus(row["_id"]) for row in rows), Outcome(**sums, errors=errors))


def _errors_of(slices: Collection[StoredSlice], counted: Document) -> list[Document]:
    query = counted | {"error_count": {"$gt": 0}}
    found: list[Document] = []
    for one in slices.find(query, {"errors": 1}).sort([("plan_attempt", 1), ("number", 1)]):
        found.extend(one["errors"])
        if len(found) >= MAX_ERRORS:
            break
    return found[:MAX_ERRORS]
