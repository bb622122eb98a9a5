"""Watching a job: one line per task while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import click
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
from rich.text import Text

from inventory.cli.client import CallError, Client
from inventory.cli.terminal import echo, one_line
from inventory.cli.view.job_story import SHOWN_TASKS
from inventory.cli.view.output import as_text, console, status, styled
from inventory.domain.job.remarks import COUNTS

EXIT_JOB_FAILED = 5
EXIT_INTERRUPTED = 130
POLL_SECONDS = 0.3
RETRY_SECONDS: Final = 2.0
ENDED = frozenset({"SUCCESS", "ERROR", "CANCELED", "TIMEOUT"})
_TASK_ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
_PAGE: Final = 1000


class StoppedWatchingError(click.ClickException):
    """Ctrl-C while a job was watched: the job continues."""

    exit_code = EXIT_INTERRUPTED

    def __init__(self, job_id: str) -> None:
        super().__init__(f"{job_id} continues; watch it again: inventory job show {job_id} --watch")

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        """Print the line."""
        echo(one_line(self.message), err=True)


class _Description(ProgressColumn):
    """The description of a line; rich's own column would interpret it as markup."""

    def render(self, task: Task) -> Text:
        """Return the text stored with the task."""
        return as_text(task.fields.get("text", task.description))


def watch_job(client: Client, job_id: str, *, quiet: bool = False, out: Console | None = None) -> dict[str, Any]:
    """Follow a job until it has ended; if the server is temporarily unreachable, wait for it.

    Args:
        client: for the calls.
        job_id: the job.
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
        TimeElapsedColumn(),
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
    """Return a job with all its ``tasks``."""
    job = client.call("Job.get", job_id=job_id)
    tasks: list[dict[str, Any]] = []
    while True:
        page = {"page": {"start": len(tasks) + 1, "limit": _PAGE}}
        answer = client.call("JobTask.list", job_id=job_id, query=page)
        found = answer.get("results", [])
        tasks.extend(found)
        if not found or len(tasks) >= answer.get("total_count", 0):
            return job | {"tasks": tasks}


def _follow(client: Client, job_id: str, progress: Progress) -> None:
    overall = progress.add_task("", total=None, text=job_id)
    lines: dict[str, Any] = {}
    while True:
        try:
            job = client.call("Job.get", job_id=job_id)
            tasks = _newest(client, job_id)
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
        for task in tasks:
            line = lines.get(task["job_task_id"])
            if line is None:
                line = lines[task["job_task_id"]] = progress.add_task("", total=1)
            progress.update(line, text=_line(task), completed=int(task["status"] in _TASK_ENDED))
        if job["status"] in ENDED:
            return
        time.sleep(POLL_SECONDS)


def _line(task: Mapping[str, Any]) -> Text:
    counts = ", ".join(f"{task[name]} {name.removesuffix('_count')}" for name in COUNTS if task.get(name))
    return styled(one_line(f"  {task.get('secret_id', '')} "), status(task["status"]), f" {counts}")


def _newest(client: Client, job_id: str) -> list[dict[str, Any]]:
    page = {"page": {"start": 1, "limit": SHOWN_TASKS}}
    found: list[dict[str, Any]] = client.call("JobTask.list", job_id=job_id, query=page).get("results", [])
    return found
