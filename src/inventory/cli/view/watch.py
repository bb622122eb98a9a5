"""Watching a job: one line per task while it runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
import grpc
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from inventory.cli.client import CallError, Client
from inventory.cli.commands.stat import statistics_query
from inventory.cli.terminal import echo, one_line
from inventory.cli.view.job_story import SHOWN_TASKS
from inventory.cli.view.output import as_text, console, duration, status, styled
from inventory.domain.job.remarks import CHANGED, COUNT_WORDS

EXIT_JOB_FAILED = 5
EXIT_INTERRUPTED = 130
POLL_SECONDS = 0.3
RETRY_SECONDS: Final = 2.0
ENDED = frozenset({"SUCCESS", "ERROR", "CANCELED", "TIMEOUT"})
_TASK_ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
_PAGE: Final = 1000
_WORST_FIRST: Final = ("FAILURE", "IN_PROGRESS", "PENDING", "CANCELED", "SUCCESS")


class StoppedWatchingError(click.ClickException):
    """Ctrl-C while a job was watched: the job continues."""

    exit_code = EXIT_INTERRUPTED

    def __init__(self, job_id: str) -> None:
        super().__init__(f"{job_id} continues; watch it again: inventory job show {job_id} --watch")

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        """Print the line."""
        echo(one_line(self.message), err=True)


class _Elapsed(TimeElapsedColumn):
    """How long the job has been watched; a task's own time is in its line."""

    def render(self, task: Task) -> Text:
        """Return the time in the job's line only."""
        return super().render(task) if task.fields.get("whole") else Text()


class _Description(ProgressColumn):
    """The description of a line, which is cut where it is too long; rich's own column would interpret it as markup."""

    def get_table_column(self) -> Column:
        """Return the column's layout, in which each task stays on one line."""
        return Column(no_wrap=True, overflow="ellipsis")

    def render(self, task: Task) -> Text:
        """Return the text stored with the task."""
        return as_text(task.fields.get("text", task.description))


def watch_job(client: Client, job_id: str, *, quiet: bool = False, out: Console | None = None) -> dict[str, Any]:
    """Follow a job until it has ended; if the server is temporarily unreachable, wait for it.

    Args:
        quiet: print nothing.
        out: where to print; absent: stdout.

    Returns:
        The ended job, with its ``tasks``.

    Raises:
        StoppedWatchingError: Ctrl-C.
        CallError: the job is unknown, or was deleted meanwhile.
    """
    out = out or console()
    progress = Progress(
        SpinnerColumn(),
        _Description(),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _Elapsed(),
        console=out,
        transient=True,
        disable=quiet or not out.is_terminal,
    )
    try:
        with progress:
            _follow(client, job_id, progress)
        return whole_job(client, job_id)
    except KeyboardInterrupt:
        raise StoppedWatchingError(job_id) from None


def whole_job(client: Client, job_id: str) -> dict[str, Any]:
    """Return a job with all its ``tasks``, and what is known of it beyond the published fields."""
    job = client.call("Job.get", job_id=job_id)
    tasks: list[dict[str, Any]] = []
    while True:
        page = {"page": {"start": len(tasks) + 1, "limit": _PAGE}}
        answer = client.call("JobTask.list", job_id=job_id, query=page)
        found = answer.get("results", [])
        tasks.extend(found)
        if not found or len(tasks) >= answer.get("total_count", 0):
            return job | job_facts(client, job_id) | {CHANGED: _changed(client, job_id), "tasks": tasks}


def _changed(client: Client, job_id: str) -> int:
    """Return how many of the resources that a job updated have changed."""
    query = statistics_query(sums=(CHANGED,), conditions=({"k": "job_id", "v": job_id, "o": "eq"},))
    return sum(int(row.get(CHANGED) or 0) for row in client.call("JobTask.stat", query=query).get("results", []))


def job_facts(client: Client, job_id: str, *, job_task_id: str = "") -> dict[str, Any]:
    """Return the members of ``JobFacts`` but the job; nothing if the server does not have this method.

    Args:
        job_task_id: the task whose warnings are wanted; empty: those of all tasks.
    """
    request = {"job_id": job_id} | ({"job_task_id": job_task_id} if job_task_id else {})
    try:
        facts = client.call("JobOperations.get", **request)
    except CallError as exc:
        if exc.status is not grpc.StatusCode.UNIMPLEMENTED:
            raise
        return {}
    return {name: value for name, value in facts.items() if name != "job"}


def _follow(client: Client, job_id: str, progress: Progress) -> None:
    overall = progress.add_task("", total=None, text=job_id, whole=True)
    lines = _Lines(progress)
    while True:
        try:
            job = client.call("Job.get", job_id=job_id)
            tasks, counts = _worst(client, job)
        except CallError as exc:
            if not exc.unreachable:
                raise
            away = styled(job_id, (" (the server does not answer; retrying)", "yellow"))
            progress.update(overall, text=away)
            time.sleep(RETRY_SECONDS)
            continue
        total = job.get("total_tasks", 0)
        done = total - job.get("remained_tasks", 0)
        progress.update(overall, text=job_id, total=total or None, completed=done)
        lines.show(tasks, counts)
        if job["status"] in ENDED:
            return
        time.sleep(POLL_SECONDS)


def _line(task: Mapping[str, Any]) -> Text:
    counts = ", ".join(f"{task[name]} {word}" for name, word in COUNT_WORDS.items() if task.get(name))
    took = duration(task) if task.get("started_at") else ""
    summary = ", ".join(part for part in (counts, took) if part)
    return styled(one_line(f"  {task.get('secret_id', '')} "), status(task["status"]), f" {summary}")


class _Lines:
    """The lines of tasks: as many as fit, then one that counts the rest."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        # Add all of them now, because later lines are placed below the existing ones.
        self._lines = [progress.add_task("", total=1, visible=False) for _ in range(SHOWN_TASKS)]
        self._rest = progress.add_task("", total=None, visible=False)

    def show(self, tasks: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> None:
        """Show ``tasks`` in their order; ``counts`` are those of all tasks of the job by status."""
        for number, line in enumerate(self._lines):
            if number >= len(tasks):
                self._progress.update(line, visible=False)
                continue
            ended = int(tasks[number]["status"] in _TASK_ENDED)
            self._progress.update(line, text=_line(tasks[number]), completed=ended, visible=True)
        rest = rest_of(tasks, counts)
        self._progress.update(self._rest, text=styled((f"  {rest}", "dim")), visible=bool(rest))


def rest_of(tasks: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> str:
    """Return how many tasks of each status are not among ``tasks``, in words; empty where all are."""
    left = Counter(counts)
    left.subtract(task["status"] for task in tasks)
    parts = [f"{left[status]} {status}" for status in (*_WORST_FIRST, *sorted(left)) if left[status] > 0]
    return "and " + ", ".join(dict.fromkeys(parts)) if parts else ""


def _worst(client: Client, job: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Mapping[str, int]]:
    """Return the tasks to show, the failed ones first, then those that run, and how many there are by status."""
    job_id = job["job_id"]
    if job.get("total_tasks", 0) <= SHOWN_TASKS:
        page = {"page": {"start": 1, "limit": SHOWN_TASKS}}
        return client.call("JobTask.list", job_id=job_id, query=page).get("results", []), {}
    query = statistics_query(by=("status",), conditions=({"k": "job_id", "v": job_id, "o": "eq"},))
    counted = client.call("JobTask.stat", query=query).get("results", [])
    counts = {str(row["status"]): int(row["count"]) for row in counted}
    tasks: list[dict[str, Any]] = []
    for status_, most in zip(_WORST_FIRST, (SHOWN_TASKS // 2, SHOWN_TASKS), strict=False):
        page = {"page": {"start": 1, "limit": most - len(tasks)}}
        tasks += client.call("JobTask.list", job_id=job_id, status=status_, query=page).get("results", [])
    return tasks, counts
