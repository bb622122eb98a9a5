"""Stacked bars, one per day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from inventory.console.charts.scale import nice_top


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a day's bar: its series, number and position."""

    series: int
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Day:
    """A bar: its day, position, parts from the bottom, and sum."""

    day: date
    x: float
    width: float
    parts: tuple[Segment, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DayChart:
    """The chart: its bars, and the number at the top of its scale."""

    days: tuple[Day, ...]
    top: int


def last_days(today: date, count: int) -> list[date]:
    """Return the last ``count`` days, today last."""
    return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]


def stacked_days(series: Sequence[Mapping[str, int]], days: Sequence[date], *, width: float, height: float) -> DayChart:
    """Return the bars of some days.

    Args:
        series: numbers by day (``2026-11-29``), the lowest part of the bars first.
        days: the days.
        width, height: of the area.
    """
    counts = [tuple(each.get(day.isoformat(), 0) for each in series) for day in days]
    top = nice_top(max((sum(each) for each in counts), default=0))
    step = width / max(len(days), 1)
    bars = []
    for position, (day, each) in enumerate(zip(days, counts, strict=True)):
        parts, at = [], height
        for number, value in enumerate(each):
            tall = height * value / top
            at -= tall
            if value:
                parts.append(Segment(number, value, at, tall))
        bars.append(Day(day, position * step + step * 0.14, step * 0.72, tuple(parts), each))
    return DayChart(tuple(bars), top)
