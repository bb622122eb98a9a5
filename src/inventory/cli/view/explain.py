"""Why a schedule fires when it does, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from inventory.cli.view.output import Row, cell, console

REASONS: Final[Mapping[str, str]] = {
    "DOWNTIME": "no scheduler ran, for longer than the grace time",
    "COALESCED": "no scheduler ran; a newer fire time is caught up instead",
    "DISABLED": "the collector was disabled",
}
"""What the reasons of skipped fire times mean."""


_HOURS: Final = 24


def fire_times(row: Row) -> str:
    """Return a schedule's fire times in short."""
    schedule = row.get("schedule", {})
    if cron := schedule.get("cron"):
        return f"cron {cron}"
    if interval := schedule.get("interval"):
        return f"every {interval} s"
    hours, minutes = schedule.get("hours", []), schedule.get("minutes", [])
    at_hours = "every hour" if len(hours) in (0, _HOURS) else f"hours {','.join(map(str, hours))}"
    return f"{at_hours}; minutes {','.join(map(str, minutes)) or '0'} (UTC)"


def next_fire(row: Row) -> str:
    """Return the fire time that a schedule waits for, or why it waits for none."""
    if row.get("problem"):
        return "[red]never: unreadable[/]"
    if not row.get("collector_enabled"):
        return "[yellow]collector disabled[/]"
    return str(row.get("next_fire_at", "[red]never[/]"))


def print_explanation(found: Mapping[str, Any]) -> None:
    """Print what ``Operations.explain_schedule`` answered."""
    facts = found["facts"]
    out = console()
    out.print(f"[bold]{facts['schedule_id']}[/] {escape(facts.get('name', ''))}: {escape(fire_times(facts))}")
    times = found.get("next_times", [])
    out.print(f"next fire:  {next_fire(facts)}{_overdue(facts, times)}")
    if problem := facts.get("problem"):
        out.print(f"[red]problem:[/]    {escape(problem)}")
    out.print(f"last fired: {facts.get('last_scheduled_at', 'never')}")
    if "last_job" in facts:
        out.print(f"last job:   {facts['last_job']['job_id']} {cell(facts, 'last_job.status')}")
    out.print(
        "\n[bold]Next fire times[/]" + ("" if facts.get("collector_enabled") else " (once the collector is enabled)")
    )
    out.print("\n".join(f"  {each}" for each in times) or "  none")
    out.print("\n[bold]Passed over in the last day[/]")
    if skipped := found.get("skipped"):
        out.print(_skipped(skipped))
    else:
        out.print("  nothing")


def _overdue(facts: Mapping[str, Any], times: list[str]) -> str:
    """Return what to say of a fire time that will not become a job, since no scheduler was there."""
    if not times or not facts.get("collector_enabled") or times[0] == facts.get("next_fire_at"):
        return ""
    return f" [red]is overdue, no scheduler ran: {times[0]} instead[/]"


def _skipped(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("  first", "last", "times", "why"):
        table.add_column(title, overflow="fold")
    for row in rows:
        # The number is not told where the schedule has changed since.
        times = str(row.get("count", "?"))
        table.add_row(f"  {row['first']}", row["last"], times, REASONS.get(row["reason"], row["reason"]))
    return table
