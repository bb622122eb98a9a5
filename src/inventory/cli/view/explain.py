"""Explains to people why a schedule fires when it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from inventory.cli.view.output import Row, add_row, as_text, cell, console, plain_table, styled

REASONS: Final[Mapping[str, str]] = {
    "DOWNTIME": "no scheduler ran for longer than the grace time",
    "COALESCED": "no scheduler ran; a newer fire time was caught up instead",
    "DISABLED": "the collector was disabled",
}
"""Explanations of the reasons of skipped fire times."""


_HOURS: Final = 24


def fire_times(row: Row) -> str:
    """Return a schedule's fire times in short form."""
    schedule = row.get("schedule", {})
    if cron := schedule.get("cron"):
        return f"cron {cron}"
    if interval := schedule.get("interval"):
        return f"every {interval} s"
    hours, minutes = schedule.get("hours", []), schedule.get("minutes", [])
    at_hours = "every hour" if len(hours) in (0, _HOURS) else f"hours {','.join(map(str, hours))}"
    return f"{at_hours}; minutes {','.join(map(str, minutes)) or '0'} (UTC)"


def next_fire(row: Row) -> Text:
    """Return the fire time that a schedule waits for, or why it does not wait."""
    if row.get("problem"):
        return Text("never: unreadable", "red")
    if not row.get("collector_enabled"):
        return Text("collector disabled", "yellow")
    return as_text(str(row["next_fire_at"])) if "next_fire_at" in row else Text("never", "red")


def print_explanation(found: Mapping[str, Any]) -> None:
    """Print the answer of ``Operations.explain_schedule``."""
    facts = found["facts"]
    out = console()
    name = as_text(f" {facts.get('name', '')}: {fire_times(facts)}")
    out.print(styled((facts.get("schedule_id", ""), "bold"), name))
    times = found.get("next_times", [])
    out.print(styled("next fire:  ", next_fire(facts), (_overdue(facts, times), "red")))
    if problem := facts.get("problem"):
        out.print(styled(("problem:", "red"), "    ", as_text(problem)))
    out.print(as_text(f"last fired: {facts.get('last_scheduled_at', 'never')}"))
    if "last_job" in facts:
        out.print(styled("last job:   ", cell(facts, "last_job.job_id"), " ", cell(facts, "last_job.status")))
    once = "" if facts.get("collector_enabled") else " (once the collector is enabled)"
    out.print(styled(("\nNext fire times", "bold"), once))
    for each in times or ["none"]:
        out.print(as_text(f"  {each}"))
    out.print(styled(("\nSkipped in the last day", "bold")))
    skipped = found.get("skipped")
    out.print(_skipped(skipped) if skipped else "  nothing")


def _overdue(facts: Mapping[str, Any], times: list[str]) -> str:
    """Return the remark for a fire time that will create no job because no scheduler was running."""
    if not times or not facts.get("collector_enabled") or times[0] == facts.get("next_fire_at"):
        return ""
    return f" is overdue, no scheduler ran: {times[0]} instead"


def _skipped(rows: list[dict[str, Any]]) -> Table:
    table = plain_table("  first", "last", "times", "why")
    for row in rows:
        # The number is unknown if the schedule has changed since.
        times = str(row.get("count", "?"))
        reason = row.get("reason", "")
        add_row(table, f"  {row.get('first', '')}", row.get("last", ""), times, REASONS.get(reason, reason))
    return table
