"""Watching a job: a line a task while it runs, a table when it has ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from inventory.cli.client import Client
from inventory.cli.output import cell, console, duration

EXIT_JOB_FAILED = 5
POLL_SECONDS = 0.3
SHOWN_TASKS = 20
ENDED = frozenset({"SUCCESS", "ERROR", "CANCELED", "TIMEOUT"})
_TASK_ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
COUNTS = ("created_count", "updated_count", "deleted_count", "failure_count")


def watch_job(client: Client, job_id: str, *, quiet: bool = False, out: Console | None = None) -> dict[str, Any]:
    """Follow a job until it has ended, and print its summary.

    Args:
        client: of the server.
        job_id: the job.
        quiet: print nothing.
        out: where to print; absent: stdout.

    Returns:
        The ended job, with its ``tasks``.
    """
    out = out or console()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=quiet or not out.is_terminal,
    )
    with progress:
        overall = progress.add_task(job_id, total=None)
        lines: dict[str, Any] = {}
        while True:
            job = client.call("Job.get", job_id=job_id)
            total = job.get("total_tasks", 0)
            progress.update(overall, total=total or None, completed=total - job.get("remained_tasks", 0))
            for task in _tasks(client, job_id, limit=SHOWN_TASKS):
                line = lines.setdefault(task["job_task_id"], None)
                if line is None:
                    line = lines[task["job_task_id"]] = progress.add_task("", total=1)
                progress.update(line, description=_line(task), completed=int(task["status"] in _TASK_ENDED))
            if job["status"] in ENDED:
                break
            time.sleep(POLL_SECONDS)
    job["tasks"] = _tasks(client, job_id)
    if not quiet:
        print_summary(out, job)
    return job


def print_summary(out: Console, job: Mapping[str, Any]) -> None:
    """Print what a job did: a row a task, the sum, and the first errors in words."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("task", "secret", "status", "created", "updated", "deleted", "failed", "time"):
        table.add_column(title, justify="right" if title in {"created", "updated", "deleted", "failed"} else "left")
    for task in job["tasks"]:
        counts = [str(task.get(name, 0)) for name in COUNTS]
        table.add_row(task["job_task_id"], escape(task["secret_id"]), cell(task, "status"), *counts, duration(task))
    sums = [str(sum(task.get(name, 0) for task in job["tasks"])) for name in COUNTS]
    table.add_row(job["job_id"], "", cell(job, "status"), *sums, duration(job), style="bold")
    out.print(table)
    errors = [*job.get("errors", []), *(error for task in job["tasks"] for error in task.get("errors", []))]
    for error in errors[:5]:
        out.print(f"[red]{escape(error['error_code'])}[/]: {escape(error['message'])}", highlight=False)
    if len(errors) > 5:
        out.print(f"[dim]and {len(errors) - 5} more: inventory job get {job['job_id']} --json[/]")


def _line(task: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{task[name]} {name.removesuffix('_count')}" for name in COUNTS if task.get(name))
    return f"  {escape(task['secret_id'])} {cell(task, 'status')} {counts}"


def _tasks(client: Client, job_id: str, limit: int = 0) -> list[dict[str, Any]]:
    query = {"page": {"start": 1, "limit": limit}} if limit else {}
    found: list[dict[str, Any]] = client.call("JobTask.list", job_id=job_id, query=query).get("results", [])
    return found
