"""Commands for jobs and their tasks: ``job …`` and ``task …``."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import Client, connected
from inventory.cli.command_form import CommandGroup, wants_json
from inventory.cli.commands.stat import add_stat
from inventory.cli.completion import collector_names
from inventory.cli.listing import Listing, list_options, show_rows
from inventory.cli.lookup import COLLECTOR, find_id
from inventory.cli.view.job_story import explain_job
from inventory.cli.view.output import Column, duration, print_json, say
from inventory.cli.view.watch import EXIT_JOB_FAILED, job_facts, watch_job, whole_job
from inventory.domain.job.remarks import COUNT_WORDS
from inventory.domain.texts import counted

COLUMNS: tuple[Column, ...] = (
    ("job", "job_id"),
    ("status", "status"),
    ("collector", "collector_info.name"),
    ("tasks", lambda row: str(row.get("total_tasks", 0))),
    ("remained", lambda row: str(row.get("remained_tasks", 0))),
    ("created at", "created_at"),
    ("time", duration),
)
TASK_COLUMNS: tuple[Column, ...] = (
    ("task", "job_task_id"),
    ("status", "status"),
    ("job", "job_id"),
    ("secret", "secret_id"),
    *((word, lambda row, name=name: str(row.get(name, 0))) for name, word in COUNT_WORDS.items()),
    ("time", duration),
)
JOB_STATUS = click.Choice(["CREATED", "IN_PROGRESS", "SUCCESS", "ERROR", "CANCELED", "TIMEOUT"], case_sensitive=False)
TASK_STATUS = click.Choice(["PENDING", "IN_PROGRESS", "SUCCESS", "FAILURE", "CANCELED"], case_sensitive=False)


@click.group(cls=CommandGroup)
def job() -> None:
    """Show, explain, watch, retry, cancel and delete jobs."""


@job.command("list", example="inventory job list --status ERROR --filter 'created_at>now - 1d'")
@click.option("--status", type=JOB_STATUS, help="only those")
@click.option("--collector", "name_or_id", help="id or name", shell_complete=collector_names)
@list_options(limit=20, watch=True)
def list_jobs(status: str | None, name_or_id: str | None, wanted: Listing) -> None:
    """List jobs, the newest first."""
    with connected() as client:
        request: dict[str, Any] = {"query": wanted.query()}
        if status:
            request["status"] = status
        if name_or_id:
            request["collector_id"] = find_id(client, COLLECTOR, name_or_id)
        show_rows(wanted, lambda: client.call("Job.list", **request), COLUMNS)


@job.command("show", example="inventory job show job-0123456789ab\ninventory job show --collector aws --watch")
@click.argument("job_id", required=False)
@click.option("--collector", "name_or_id", help="the newest job of this collector", shell_complete=collector_names)
@click.option("--watch", is_flag=True, help="follow it until it has ended")
@click.option("--all", "every_task", is_flag=True, help="show a row for every task")
@click.pass_context
def show_job(context: click.Context, job_id: str | None, name_or_id: str | None, watch: bool, every_task: bool) -> None:
    """Explain a job: what it did, which tasks failed, why, and what to do. Without an id: the newest job."""
    with connected() as client:
        wanted = job_id or _newest(client, name_or_id)
        found = watch_job(client, wanted, quiet=wants_json()) if watch else whole_job(client, wanted)
    if wants_json():
        print_json(found)
    else:
        explain_job(found, every_task=every_task)
    if watch and found["status"] != "SUCCESS":
        context.exit(EXIT_JOB_FAILED)


@job.command("retry", example="inventory job retry job-0123456789ab --watch")
@click.argument("job_id", metavar="JOB")
@click.option("--watch", is_flag=True, help="follow the new job until it has ended")
@click.pass_context
def retry_job(context: click.Context, job_id: str, watch: bool) -> None:
    """Collect what failed in a job, and nothing else: its failed secrets, and of these only the failed slices."""
    with connected() as client:
        made = client.call("JobOperations.retry", job_id=job_id)
        retry_id = str(made["job"]["job_id"])
        if not watch:
            count = made["job"].get("total_tasks", 0)
            say(made, f"{retry_id} retries {job_id}: {counted(count, 'task')}")
            return
        found = watch_job(client, retry_id, quiet=wants_json())
    if wants_json():
        print_json(found)
    else:
        explain_job(found)
    if found["status"] != "SUCCESS":
        context.exit(EXIT_JOB_FAILED)


@job.command("delete", example="inventory job delete job-0123456789ab")
@click.argument("job_ids", metavar="JOB...", nargs=-1, required=True)
def delete_job(job_ids: tuple[str, ...]) -> None:
    """Delete jobs with their tasks; running jobs are canceled first. Collected resources are kept."""
    with connected() as client:
        for job_id in job_ids:
            say(client.call("Job.delete", job_id=job_id), f"{job_id}: deleted")


add_stat(job, "Job", example="inventory job stat --by status --filter 'created_at>now - 7d'")
job.add_command(click.Command("get", params=show_job.params, callback=show_job.callback, hidden=True))
job.add_command(click.Command("cancel", params=delete_job.params, callback=delete_job.callback, hidden=True))


@click.group(cls=CommandGroup)
def task() -> None:
    """Show and delete job tasks: one per job and secret."""


@task.command("list", example="inventory task list --status FAILURE --filter secret_id=secret-1")
@click.option("--job", "job_id", help="only tasks of this job")
@click.option("--status", type=TASK_STATUS, help="only those")
@list_options(limit=20, watch=True)
def list_tasks(job_id: str | None, status: str | None, wanted: Listing) -> None:
    """List job tasks, the newest first."""
    request: dict[str, Any] = {"query": wanted.query()}
    if job_id:
        request["job_id"] = job_id
    if status:
        request["status"] = status
    with connected() as client:
        show_rows(wanted, lambda: client.call("JobTask.list", **request), TASK_COLUMNS)


@task.command("show", example="inventory task show job_task-0123456789ab")
@click.argument("job_task_id", metavar="TASK")
def show_task(job_task_id: str) -> None:
    """Show one task in full with its warnings, as JSON; `inventory job show` explains its errors."""
    with connected() as client:
        found = client.call("JobTask.get", job_task_id=job_task_id)
        facts = job_facts(client, found["job_id"], job_task_id=job_task_id)
    warnings = [
        {"code": warning["code"], "count": each.get("count", 0), "example": each.get("example", "")}
        for warning in facts.get("warnings", ())
        for each in warning.get("of_tasks", ())
        if each["job_task_id"] == job_task_id
    ]
    print_json(found | ({"warnings": warnings} if warnings else {}))


@task.command("delete", example="inventory task delete job_task-0123456789ab")
@click.argument("job_task_ids", metavar="TASK...", nargs=-1, required=True)
def delete_task(job_task_ids: tuple[str, ...]) -> None:
    """Delete tasks; a worker that is collecting one stops."""
    with connected() as client:
        for job_task_id in job_task_ids:
            say(client.call("JobTask.delete", job_task_id=job_task_id), f"{job_task_id}: deleted")


add_stat(task, "JobTask", example="inventory task stat --by status --sum failure_count")


def _newest(client: Client, name_or_id: str | None) -> str:
    request: dict[str, Any] = {"query": {"page": {"start": 1, "limit": 1}, "only": ["job_id"]}}
    if name_or_id:
        request["collector_id"] = find_id(client, COLLECTOR, name_or_id)
    found = client.call("Job.list", **request).get("results", [])
    if not found:
        raise click.ClickException("there is no job yet: run inventory collect COLLECTOR")
    return str(found[0]["job_id"])


COMMANDS = (job, task)
