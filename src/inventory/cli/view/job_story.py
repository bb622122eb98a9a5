"""Describes a job: what it did, how long it took, which tasks failed, why, and what to do about it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console

from inventory.cli.terminal import one_line
from inventory.cli.view.advice import advice_for
from inventory.cli.view.output import add_row, console, duration, plain_table, status, styled

Json = Mapping[str, Any]

SHOWN_TASKS: Final = 20
SHOWN_CAUSES: Final = 8
_SHOWN_NAMES: Final = 3
COUNTS: Final = ("created_count", "updated_count", "deleted_count", "failure_count")

_VARYING: Final = re.compile(r"[A-Za-z_]+-[0-9a-f]{8,}|0x[0-9a-f]+|\d+(?:\.\d+)?")
"""The parts that differ between equivalent messages: ids and numbers."""


@dataclass(slots=True)
class Cause:
    """Equivalent errors of a job.

    Attributes:
        code: their code.
        message: the message of the first.
        count: their number.
        tasks: the tasks with these errors, in order; empty for errors of the job itself.
        resources: the affected resources.
    """

    code: str
    message: str
    count: int = 0
    tasks: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)


def causes_of(job: Json) -> list[Cause]:
    """Return why a job with its ``tasks`` failed: first the job's own errors, then the most frequent ones."""
    found: dict[tuple[bool, str, str], Cause] = {}
    for task, error in _errors(job):
        code, message = str(error.get("error_code", "")), str(error.get("message", ""))
        cause = found.setdefault((task == "", code, _VARYING.sub("#", message)), Cause(code, message))
        cause.count += 1
        if task and task not in cause.tasks:
            cause.tasks.append(task)
        resource = _resource(error.get("additional") or {})
        if resource and resource not in cause.resources:
            cause.resources.append(resource)
    return sorted(found.values(), key=lambda cause: (bool(cause.tasks), -len(cause.tasks), -cause.count))


def _errors(job: Json) -> Iterable[tuple[str, Json]]:
    for error in job.get("errors", []):
        yield "", error
    for task in job["tasks"]:
        for error in task.get("errors", []):
            yield f"{task['job_task_id']} ({task.get('secret_id', '')})", error


def _resource(additional: Json) -> str:
    name = additional.get("resource_id") or additional.get("cloud_service_type") or additional.get("region_code")
    if not name:
        return ""
    kind = "/".join(
        str(additional[key]) for key in ("provider", "cloud_service_group", "cloud_service_type") if additional.get(key)
    )
    return f"{name} [{kind}]" if kind else str(name)


def explain_job(job: Json, out: Console | None = None, *, every_task: bool = False) -> None:
    """Print a job with its ``tasks``.

    Args:
        job: as the API returns it, with all its tasks.
        out: where to print; absent: stdout.
        every_task: show a row for every task.
    """
    out = out or console()
    _print_tasks(out, job, every_task=every_task)
    for line in summary(job):
        _say(out, line)
    causes = causes_of(job)
    if causes:
        out.print(styled(("\nWhy", "bold")))
    for cause in causes[:SHOWN_CAUSES]:
        _print_cause(out, cause)
    if len(causes) > SHOWN_CAUSES:
        _say(out, f"and {len(causes) - SHOWN_CAUSES} more causes: inventory job show {job['job_id']} --json")


def summary(job: Json) -> list[str]:
    """Return a description of the job in a few sentences."""
    tasks = Counter(task["status"] for task in job["tasks"])
    sums = {name: sum(task.get(name, 0) for task in job["tasks"]) for name in COUNTS}
    collector = job.get("collector_info", {})
    name = collector.get("name") or collector.get("collector_id") or "a deleted collector"
    ended = bool(job.get("finished_at"))
    verb = "ended" if ended else "is"
    lines = [
        f"Job {job['job_id']} of {name} {verb} {job['status']}, {'after' if ended else 'since'} {duration(job) or '?'} "
        f"(created {job.get('created_at', '?')})."
    ]
    if job["tasks"]:
        parts = ", ".join(f"{count} {status}" for status, count in tasks.most_common())
        resources = ", ".join(
            f"{sums[key]} {key.removesuffix('_count').replace('failure', 'failed')}" for key in COUNTS
        )
        lines.append(f"Tasks: {parts}. Resources: {resources}.")
    lines.extend(_remarks(job, tasks))
    return lines


def _remarks(job: Json, tasks: Mapping[str, int]) -> Iterable[str]:
    """Return what the numbers alone do not show."""
    total = job.get("total_tasks", 0)
    if job["status"] == "SUCCESS" and not total:
        yield (
            "It had no tasks: the collector has no secret, or its secret or group does not exist. "
            "See `inventory collector show`, plugin_info."
        )
    if len(job["tasks"]) < total and job.get("finished_at"):
        yield f"{total - len(job['tasks'])} of its {total} tasks were deleted."
    waiting = [error["additional"] for error in job.get("errors", []) if "next_attempt" in error.get("additional", {})]
    if waiting and not job.get("finished_at"):
        attempts = waiting[0].get("attempts", "?")
        yield (
            f"It is not planned yet because of the error below: tried {attempts} time(s), next at "
            f"{waiting[0]['next_attempt']}, until INVENTORY_JOB_TIMEOUT_SECONDS."
        )
    if not job.get("finished_at") and total and tasks.get("PENDING") == total:
        yield "No worker has taken a task of it yet. If that does not change, run `inventory doctor`."
    if job["status"] == "CANCELED" and not job.get("errors"):
        yield "Somebody canceled it, or disabled or deleted its collector."
    if job["status"] == "TIMEOUT":
        yield "It exceeded the time limit of jobs (INVENTORY_JOB_TIMEOUT_SECONDS); what was stored is kept."
    silent = [task for task in job["tasks"] if task["status"] == "FAILURE" and not task.get("errors")]
    if silent:
        yield f"{len(silent)} failed tasks contain no error: see the worker's log."


def _print_tasks(out: Console, job: Json, *, every_task: bool) -> None:
    # Failed ones first: they are what readers look for.
    order = {"FAILURE": 0, "CANCELED": 1, "IN_PROGRESS": 2, "PENDING": 3}
    tasks: Sequence[Json] = sorted(job["tasks"], key=lambda task: order.get(task["status"], 9))
    shown = tasks if every_task else tasks[:SHOWN_TASKS]
    table = plain_table("task", "secret", "status", "created", "updated", "deleted", "failed", "time")
    for column in table.columns[3:7]:
        column.justify = "right"
    for task in shown:
        counts = [str(task.get(name, 0)) for name in COUNTS]
        add_row(table, task["job_task_id"], task.get("secret_id", ""), status(task["status"]), *counts, duration(task))
    sums = [str(sum(task.get(name, 0) for task in tasks)) for name in COUNTS]
    add_row(table, job["job_id"], "", status(job["status"]), *sums, duration(job), style="bold")
    out.print(table)
    if len(shown) < len(tasks):
        out.print(styled((f"{len(shown)} of {len(tasks)} tasks; show all with --all", "dim")))


def _print_cause(out: Console, cause: Cause) -> None:
    times = f" ({cause.count} times)" if cause.count > 1 else ""
    where = f" in {len(cause.tasks)} task{'s' if len(cause.tasks) > 1 else ''}" if cause.tasks else ""
    out.print(styled((one_line(cause.code), "red"), one_line(f"{where}{times}: {cause.message}")))
    for title, names in (("tasks", cause.tasks), ("resources", cause.resources)):
        if names:
            more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
            _say(out, f"  {title}: {', '.join(names[:_SHOWN_NAMES])}{more}")
    advice = textwrap.fill(advice_for(cause.code, cause.message), 100, initial_indent="  → ", subsequent_indent="    ")
    out.print(styled(advice))


def _say(out: Console, line: str) -> None:
    out.print(styled(one_line(line)))
