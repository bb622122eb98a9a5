"""Which part of a failed job task must be collected again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task that ended without SUCCESS.

    Attributes:
        filter: the plugin's filter, as the task had it.
        full_collect: whether the task could prove that a resource no longer exists.
        slices: the task_options of the failed slices; empty if everything must be collected again.
        view: what a task that collects only ``slices`` must know of what was collected before: view_started_at and
            view_resources_seen, see ``model.documents.job_task``; empty without slices.
    """

    secret_id: str
    filter: Document
    full_collect: bool
    slices: Sequence[Document] = ()
    view: Mapping[str, Any] = field(default_factory=dict)


def failed_task(task: Mapping[str, Any], slices: Iterable[Mapping[str, Any]]) -> FailedTask:
    """Return which part of a task must be collected again.

    A task is continued only if the plugin had returned slices and some of them have succeeded, in it or in the task
    that it retried; otherwise it is collected from the start.

    Args:
        task: its document, in status FAILURE or CANCELED.
        slices: the documents of its slices, in any order.
    """
    whole = FailedTask(task["secret_id"], dict(task.get("filter") or {}), bool(task.get("full_collect")))
    each = sorted(slices, key=lambda one: int(one["number"]))
    attempt = next((one.get("expanded_attempt") for one in each if one["number"] == 0), None)
    planned = [one for one in each if one["number"] > 0 and one["plan_attempt"] == attempt]
    good = [one for one in planned if one["status"] == TaskStatus.SUCCESS.value]
    bad = [dict(one.get("task_options") or {}) for one in planned if one["status"] != TaskStatus.SUCCESS.value]
    began_at = task.get("view_started_at") or task.get("started_at")
    earlier = task.get("view_resources_seen")
    if began_at is None or not bad or not (good or earlier is not None):
        return whole
    seen = (earlier or 0) + sum(one.get("resources_seen") or 0 for one in good)
    view = {"view_started_at": began_at, "view_resources_seen": seen}
    return FailedTask(whole.secret_id, whole.filter, whole.full_collect, bad, view)
