"""Commands for schedules: ``schedule …``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import click
import grpc

from inventory.cli.client import CallError, Client, connected
from inventory.cli.command_form import CommandGroup, sent, wants_json
from inventory.cli.commands.collectors import MODES, collector_argument
from inventory.cli.completion import collector_names
from inventory.cli.listing import Listing, list_options, show_rows
from inventory.cli.lookup import COLLECTOR, find_id, find_schedule
from inventory.cli.parameters import STRUCT
from inventory.cli.terminal import echo
from inventory.cli.view.explain import fire_times, next_fire, print_explanation
from inventory.cli.view.output import Column, print_json, say
from inventory.domain.plain import Json

COLUMNS: tuple[Column, ...] = (
    ("schedule", "schedule_id"),
    ("name", "name"),
    ("collector", "collector_info.name"),
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
_PAGE: Final = 1000


@click.group(cls=CommandGroup)
def schedule() -> None:
    """Add, change, show, explain and delete schedules of a collector."""


@schedule.command("list", example='inventory schedule list\ninventory schedule list "this machine" --watch')
@click.argument("name_or_id", metavar="[COLLECTOR]", required=False, shell_complete=collector_names)
@list_options(watch=True)
def list_schedules(name_or_id: str | None, wanted: Listing) -> None:
    """List the schedules of one collector, or of all."""
    with connected() as client:
        ids = [find_id(client, COLLECTOR, name_or_id)] if name_or_id else _all_collectors(client)
        if _facts(client, ids[0] if ids else "") is None:
            echo("note: this server does not report next fire times and last jobs", err=True)
            show_rows(wanted, lambda: _listed(client, ids, wanted), COLUMNS)
        else:
            show_rows(wanted, lambda: _listed(client, ids, wanted, facts=True), FACT_COLUMNS)


def _listed(client: Client, collector_ids: Sequence[str], wanted: Listing, *, facts: bool = False) -> Json:
    """Return a page of the schedules of several collectors, one collector after the other.

    Args:
        wanted: the requested page, and the query for each collector.
        facts: whether to include what each schedule did and will do.
    """
    end = wanted.page * wanted.limit
    first = end - wanted.limit
    rows: list[Json] = []
    total = 0
    for collector_id in collector_ids:
        # If sorted, any collector may have the first ones; otherwise rows beyond the page are not requested.
        missing = end if wanted.sort else end - len(rows)
        query = replace(wanted, page=1, limit=missing).query() if missing else {**wanted.query(), "count_only": True}
        answer = client.call("Collector.list_schedules", collector_id=collector_id, query=query)
        rows.extend({"collector_id": collector_id} | row for row in answer.get("results", []))
        total += answer.get("total_count", 0)
    for key in reversed(wanted.sort if len(collector_ids) > 1 else ()):
        rows.sort(key=partial(_sortable, key.lstrip("-")), reverse=key.startswith("-"))
    shown = rows[first:end]
    if facts:
        known = {each: _facts(client, each) or {} for each in {row["collector_id"] for row in shown}}
        shown = [{**row, **known[row["collector_id"]].get(row["schedule_id"], {})} for row in shown]
    return {"results": shown, "total_count": total}


def _sortable(path: str, row: Json) -> tuple[str, Any]:
    """Return the value at ``path``, comparable with that of any other row."""
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return ("", "") if value is None else (type(value).__name__, value if isinstance(value, str | int | float) else "")


@schedule.command("show", example='inventory schedule show "this machine" hourly')
@collector_argument
@click.argument("schedule_name_or_id", metavar="SCHEDULE")
def show_schedule(name_or_id: str, schedule_name_or_id: str) -> None:
    """Show one schedule in full, as JSON."""
    with connected() as client:
        print_json(find_schedule(client, find_id(client, COLLECTOR, name_or_id), schedule_name_or_id))


@schedule.command("explain", example='inventory schedule explain "this machine" hourly')
@collector_argument
@click.argument("schedule_name_or_id", metavar="SCHEDULE")
def explain_schedule(name_or_id: str, schedule_name_or_id: str) -> None:
    """Show when a schedule fires next, what it skipped in the last day, and why."""
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id)
        schedule_id = find_schedule(client, collector_id, schedule_name_or_id)["schedule_id"]
        try:
            found = client.call("Operations.explain_schedule", collector_id=collector_id, schedule_id=schedule_id)
        except CallError as exc:
            if exc.status is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            raise click.ClickException("this server cannot explain schedules") from None
    if wants_json():
        print_json(found)
    else:
        print_explanation(found)


def _time_options(function: Any) -> Any:
    options = (
        click.option("--hours", default="", help="such as 0,6,12,18 (UTC); `all` for every hour"),
        click.option("--minutes", default="", help="such as 0,30; without --hours: of every hour"),
        click.option("--interval", type=click.IntRange(1, 3600), help="seconds"),
        click.option("--cron", help="five fields, UTC"),
    )
    for option in reversed(options):
        function = option(function)
    return function


@schedule.command("add", example="inventory schedule add aws --name nightly --hours 2 --minutes 30")
@collector_argument
@click.option("--name")
@_time_options
@click.option("--mode", "collect_mode", type=MODES, default="ALL", show_default=True)
@click.option("--filter", "filter_", type=STRUCT, help="the plugin's filter, JSON or @FILE")
def add_schedule(
    name_or_id: str,
    name: str | None,
    collect_mode: str,
    filter_: Any,
    **given: Any,
) -> None:
    """Add a schedule to a collector."""
    times = _times(**given)
    if not times:
        raise click.UsageError("give a time: --hours, --minutes, --interval or --cron")
    request = sent(name=name, collect_mode=collect_mode, filter=filter_) | {"schedule": times}
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id)
        print_json(client.call("Collector.add_schedule", collector_id=collector_id, **request))


@schedule.command("update", example="inventory schedule update aws nightly --cron '30 2 * * 1-5'")
@collector_argument
@click.argument("schedule_name_or_id", metavar="SCHEDULE")
@click.option("--name", help="the new name")
@_time_options
@click.option("--mode", "collect_mode", type=MODES)
@click.option("--filter", "filter_", type=STRUCT, help="the plugin's filter, JSON or @FILE; {} clears it")
def update_schedule(
    name_or_id: str,
    schedule_name_or_id: str,
    name: str | None,
    collect_mode: str | None,
    filter_: Any,
    **given: Any,
) -> None:
    """Change a schedule; its times are replaced as a whole."""
    request = sent(name=name, collect_mode=collect_mode, filter=filter_)
    if times := _times(**given):
        request["schedule"] = times
    if not request:
        raise click.UsageError("nothing to change: give at least one option")
    with connected() as client:
        keys = _keys(client, name_or_id, schedule_name_or_id)
        answer = client.call("Collector.update_schedule", **keys, **request)
    say(answer, f"{keys['schedule_id']} ({answer.get('name', '')}): updated, {fire_times(answer)}")


@schedule.command("delete", example="inventory schedule delete aws nightly")
@collector_argument
@click.argument("schedule_name_or_id", metavar="SCHEDULE")
def delete_schedule(name_or_id: str, schedule_name_or_id: str) -> None:
    """Delete a schedule; its jobs are kept."""
    with connected() as client:
        keys = _keys(client, name_or_id, schedule_name_or_id)
        answer = client.call("Collector.delete_schedule", **keys)
    say(answer, f"{keys['schedule_id']}: deleted")


def _keys(client: Client, collector: str, name_or_id: str) -> dict[str, str]:
    collector_id = find_id(client, COLLECTOR, collector)
    found = find_schedule(client, collector_id, name_or_id)
    return {"collector_id": collector_id, "schedule_id": found["schedule_id"]}


def _all_collectors(client: Client) -> list[str]:
    found: list[str] = []
    while True:
        query = {"only": ["collector_id"], "page": {"start": len(found) + 1, "limit": _PAGE}}
        answer = client.call("Collector.list", query=query)
        page = [each["collector_id"] for each in answer.get("results", [])]
        found += page
        if len(page) < _PAGE:
            return found


def _facts(client: Client, collector_id: str) -> Mapping[str, Json] | None:
    """Return the facts of each schedule by its id, or None if the server, such as the original, has none."""
    if not collector_id:
        return {}
    try:
        answer = client.call("Operations.list_schedule_facts", collector_id=collector_id)
    except CallError as exc:
        if exc.status is not grpc.StatusCode.UNIMPLEMENTED:
            raise
        return None
    return {each["schedule_id"]: each for each in answer.get("results", [])}


def _times(*, hours: str, minutes: str, interval: int | None, cron: str | None) -> Json:
    if sum(bool(each) for each in (hours or minutes, interval, cron)) > 1:
        raise click.UsageError("--hours and --minutes, --interval and --cron exclude each other")
    return sent(
        hours=_numbers(hours, 24, "--hours"), minutes=_numbers(minutes, 60, "--minutes"), interval=interval, cron=cron
    )


def _numbers(text: str, end: int, option: str) -> list[int]:
    if text == "all":
        return list(range(end))
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise click.UsageError(f"{option}: {text!r} is not a list of numbers such as 0,6,12") from None
    if any(not 0 <= number < end for number in found):
        raise click.UsageError(f"{option}: must be from 0 to {end - 1}")
    return found


COMMANDS = (schedule,)
