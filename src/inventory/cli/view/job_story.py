"""Describes a job: what it did, how long it took, which tasks failed, why, and what to do about it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console

from inventory.cli.terminal import one_line
from inventory.cli.view.output import add_row, console, duration, plain_table, status, styled
from inventory.domain.job.advice import advice_for
from inventory.domain.job.causes import Cause, causes_of
from inventory.domain.job.remarks import CHANGED, COUNT_WORDS, COUNTS, remarks
from inventory.domain.plain import Json
from inventory.domain.texts import counted

SHOWN_TASKS: Final = 20
SHOWN_CAUSES: Final = 8
_SHOWN_NAMES: Final = 3


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
        _say(out, f"and {counted(len(causes) - SHOWN_CAUSES, 'more cause')}: inventory job show {job['job_id']} --json")


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
        resources = ", ".join(f"{sums[key]} {word}{_changed(job, sums, key)}" for key, word in COUNT_WORDS.items())
        lines.append(f"Tasks: {parts}. Resources: {resources}.")
    lines.extend(remarks(job, tasks))
    return lines


def _changed(job: Json, sums: Mapping[str, int], key: str) -> str:
    """Return how many of the resources that were seen again have changed, where that is known."""
    known = key == "updated_count" and sums[key] and CHANGED in job
    return f" ({job[CHANGED]} changed)" if known else ""


def _print_tasks(out: Console, job: Json, *, every_task: bool) -> None:
    # Failed ones first: they are what readers look for.
    order = {"FAILURE": 0, "CANCELED": 1, "IN_PROGRESS": 2, "PENDING": 3}
    warned: Counter[str] = Counter()
    for each in (task for warning in job.get("warnings", ()) for task in warning.get("of_tasks", ())):
        warned[each["job_task_id"]] += each.get("count", 0)
    tasks: Sequence[Json] = sorted(
        job["tasks"], key=lambda task: (order.get(task["status"], 9), -warned[task["job_task_id"]])
    )
    shown = tasks if every_task else tasks[:SHOWN_TASKS]
    names = (*COUNT_WORDS.values(), *(["warnings"] if warned else []))
    table = plain_table("task", "secret", "status", *names, "time")
    for column in table.columns[3:-1]:
        column.justify = "right"
    for task in shown:
        counts = [str(task.get(name, 0)) for name in COUNTS]
        if warned:
            counts.append(str(warned[task["job_task_id"]]))
        add_row(table, task["job_task_id"], task.get("secret_id", ""), status(task["status"]), *counts, duration(task))
    sums = [str(sum(task.get(name, 0) for task in tasks)) for name in COUNTS]
    if warned:
        sums.append(str(warned.total()))
    add_row(table, job["job_id"], "", status(job["status"]), *sums, duration(job), style="bold")
    out.print(table)
    if len(shown) < len(tasks):
        out.print(styled((f"{len(shown)} of {len(tasks)} tasks; show all with --all", "dim")))


def _print_cause(out: Console, cause: Cause) -> None:
    times = f" ({cause.count} times)" if cause.count > 1 else ""
    where = f" in {counted(len(cause.tasks), 'task')}" if cause.tasks else ""
    out.print(styled((one_line(cause.code), "red"), one_line(f"{where}{times}: {cause.message}")))
    for title, names in (("tasks", cause.tasks), ("resources", cause.resources)):
        if names:
            more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
            _say(out, f"  {title}: {', '.join(names[:_SHOWN_NAMES])}{more}")
    advice = textwrap.fill(advice_for(cause.code, cause.message), 100, initial_indent="  → ", subsequent_indent="    ")
    out.print(styled(advice))


def _say(out: Console, line: str) -> None:
    out.print(styled(one_line(line)))
