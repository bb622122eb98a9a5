"""Commands for jobs: ``job …``."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import connected
from inventory.cli.output import Column, console, duration, json_option, print_json, print_rows, wants_json
from inventory.cli.watch import EXIT_JOB_FAILED, print_summary, watch_job

COLUMNS: tuple[Column, ...] = (
    ("job", "job_id"),
    ("status", "status"),
    ("collector", "collector_info.name"),
    ("tasks", lambda row: str(row.get("total_tasks", 0))),
    ("remained", lambda row: str(row.get("remained_tasks", 0))),
    ("created at", "created_at"),
    ("time", duration),
)


@click.group()
def job() -> None:
    """Show, watch and delete jobs."""


@job.command("list")
@click.option("--status", default="", help="such as ERROR or IN_PROGRESS")
@click.option("--collector", "name_or_id", default="", help="id or name")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@json_option
@click.pass_context
def list_jobs(context: click.Context, status: str, name_or_id: str, limit: int, as_json: bool) -> None:  # noqa: ARG001
    """List the newest jobs."""
    with connected(context) as client:
        request: dict[str, Any] = {"query": {"page": {"start": 1, "limit": limit}}}
        if status:
            request["status"] = status.upper()
        if name_or_id:
            request["collector_id"] = client.find_collector(name_or_id)["collector_id"]
        print_rows(context, client.call("Job.list", **request), COLUMNS)


@job.command("get")
@click.argument("job_id")
@click.option("--watch", is_flag=True, help="follow it until it has ended")
@json_option
@click.pass_context
def get_job(context: click.Context, job_id: str, watch: bool, as_json: bool) -> None:  # noqa: ARG001
    """Show a job, its tasks and its errors."""
    with connected(context) as client:
        if watch:
            found = watch_job(client, job_id, quiet=wants_json(context))
        else:
            found = client.call("Job.get", job_id=job_id)
            found["tasks"] = client.call("JobTask.list", job_id=job_id).get("results", [])
    if wants_json(context):
        print_json(found)
    elif not watch:
        print_summary(console(), found)
    if watch and found["status"] != "SUCCESS":
        context.exit(EXIT_JOB_FAILED)


@job.command("delete")
@click.argument("job_id")
@click.pass_context
def delete_job(context: click.Context, job_id: str) -> None:
    """Delete a job; one that runs is canceled first."""
    with connected(context) as client:
        client.call("Job.delete", job_id=job_id)
    click.echo(f"{job_id}: deleted")


COMMANDS = (job,)
