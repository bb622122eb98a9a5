"""Jobs of a day as bars on a time axis, one row per collector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inventory.console.text import parse_time

LEAST_WIDTH = 3.0
"""Minimum width of a very short job."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A job and the position of its bar."""

    x: float
    width: float
    job: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """The jobs of a collector."""

    name: str
    collector_id: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The chart: its rows, the positions of the hours, and how many collectors have no row."""

    rows: tuple[TimelineRow, ...]
    hours: tuple[tuple[float, datetime], ...]
    left: int


def timeline(jobs: Sequence[Mapping[str, Any]], now: datetime, *, hours: int, width: float, most: int) -> Timeline:
    """Return the jobs of the last ``hours``, of at most ``most`` collectors, most recent job first."""
    begin = now - timedelta(hours=hours)
    scale = width / (hours * 3600)
    rows: dict[str, tuple[str, list[Bar]]] = {}
    for job in jobs:
        began = parse_time(job.get("created_at"))
        if began is None:
            continue
        ended = parse_time(job.get("finished_at")) or now
        x = min(max((began - begin).total_seconds(), 0) * scale, width - LEAST_WIDTH)
        wide = max((ended - max(began, begin)).total_seconds() * scale, LEAST_WIDTH)
        collector = job.get("collector_info", {})
        collector_id = str(collector.get("collector_id", ""))
        _, bars = rows.setdefault(collector_id, (str(collector.get("name") or "deleted collectors"), []))
        bars.append(Bar(x, min(wide, width - x), job))
    shown = list(rows.items())[:most]
    first = begin.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    marks = [first + timedelta(hours=step) for step in range(hours) if (first + timedelta(hours=step)).hour % 3 == 0]
    return Timeline(
        tuple(TimelineRow(name, collector_id, tuple(bars)) for collector_id, (name, bars) in shown),
        tuple(((mark - begin).total_seconds() * scale, mark) for mark in marks),
        len(rows) - len(shown),
    )
