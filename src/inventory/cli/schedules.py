"""Commands for schedules: ``schedule …``."""

from __future__ import annotations

from typing import Any

import click
import grpc

from inventory.cli.client import CallError, Client, connected
from inventory.cli.explain import fire_times, next_fire, print_explanation
from inventory.cli.output import Column, json_option, print_json, print_rows, wants_json
from inventory.cli.parameters import STRUCT

COLUMNS: tuple[Column, ...] = (
    ("schedule", "schedule_id"),
    ("name", "name"),
    ("fires", fire_times),
    ("mode", "collect_mode"),
    ("last fired", "last_scheduled_at"),
)
FACT_COLUMNS: tuple[Column, ...] = (
    *COLUMNS[:-1],
    ("next fire", next_fire),
    *COLUMNS[-1:],
    ("last job", "last_job.job_id"),
    ("outcome", "last_job.status"),
)


@click.group()
def schedule() -> None:
    """Add, show, explain and delete schedules of a collector."""


@schedule.command("list")
@click.argument("name_or_id", metavar="COLLECTOR")
@json_option
@click.pass_context
def list_schedules(context: click.Context, name_or_id: str, as_json: bool) -> None:  # noqa: ARG001
    """List a collector's schedules."""
    with connected(context) as client:
        collector_id = client.find_collector(name_or_id)["collector_id"]
        answer = client.call("Collector.list_schedules", collector_id=collector_id)
        facts = _facts(client, collector_id)
    if facts is None:
        click.echo("note: this server does not tell next fire times and last jobs", err=True)
        print_rows(context, answer, COLUMNS)
        return
    rows = [row | facts.get(row["schedule_id"], {}) for row in answer.get("results", [])]
    print_rows(context, answer | {"results": rows}, FACT_COLUMNS)


@schedule.command("explain")
@click.argument("name_or_id", metavar="COLLECTOR")
@click.argument("schedule_id")
@json_option
@click.pass_context
def explain_schedule(context: click.Context, name_or_id: str, schedule_id: str, as_json: bool) -> None:  # noqa: ARG001
    """Show when a schedule fires next, what it passed over in the last day, and why."""
    with connected(context) as client:
        collector_id = client.find_collector(name_or_id)["collector_id"]
        try:
            found = client.call("Operations.explain_schedule", collector_id=collector_id, schedule_id=schedule_id)
        except CallError as exc:
            if exc.status is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            raise click.ClickException("this server cannot explain schedules") from None
    if wants_json(context):
        print_json(found)
    else:
        print_explanation(found)


@schedule.command("add")
@click.argument("name_or_id", metavar="COLLECTOR")
@click.option("--name", default="")
@click.option("--hours", default="", help="such as 0,6,12,18 (UTC); `all` for every hour")
@click.option("--minutes", default="", help="such as 0,30")
@click.option("--interval", type=click.IntRange(1, 3600), help="seconds")
@click.option("--cron", default="", help="five fields, UTC")
@click.option(
    "--mode", "collect_mode", type=click.Choice(["ALL", "CREATE", "UPDATE"]), default="ALL", show_default=True
)
@click.option("--filter", "filter_", type=STRUCT, help="JSON")
@click.pass_context
def add_schedule(
    context: click.Context,
    name_or_id: str,
    name: str,
    hours: str,
    minutes: str,
    interval: int | None,
    cron: str,
    collect_mode: str,
    filter_: Any,
) -> None:
    """Make a collector collect by itself."""
    times = {"hours": _numbers(hours, 24), "minutes": _numbers(minutes, 60), "interval": interval, "cron": cron}
    request: dict[str, Any] = {
        "name": name,
        "collect_mode": collect_mode,
        "schedule": {key: value for key, value in times.items() if value},
    }
    if filter_ is not None:
        request["filter"] = filter_
    with connected(context) as client:
        collector_id = client.find_collector(name_or_id)["collector_id"]
        print_json(client.call("Collector.add_schedule", collector_id=collector_id, **request))


@schedule.command("delete")
@click.argument("name_or_id", metavar="COLLECTOR")
@click.argument("schedule_id")
@click.pass_context
def delete_schedule(context: click.Context, name_or_id: str, schedule_id: str) -> None:
    """Delete a schedule."""
    with connected(context) as client:
        collector_id = client.find_collector(name_or_id)["collector_id"]
        client.call("Collector.delete_schedule", collector_id=collector_id, schedule_id=schedule_id)
    click.echo(f"{schedule_id}: deleted")


def _facts(client: Client, collector_id: str) -> dict[str, dict[str, Any]] | None:
    """Return the facts of each schedule by its id, or None where the server, such as the original, has none."""
    try:
        answer = client.call("Operations.list_schedule_facts", collector_id=collector_id)
    except CallError as exc:
        if exc.status is not grpc.StatusCode.UNIMPLEMENTED:
            raise
        return None
    return {each["schedule_id"]: each for each in answer.get("results", [])}


def _numbers(text: str, end: int) -> list[int]:
    if text == "all":
        return list(range(end))
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise click.UsageError(f"{text!r} is not a list of numbers such as 0,6,12") from None


COMMANDS = (schedule,)
