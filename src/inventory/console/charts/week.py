"""A week as 24 × 7 squares; a larger value is darker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Any, Final

from inventory.console.text import parse_time
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec
from inventory.errors import InventoryError

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS: Final = 24
LEVELS: Final = 5
_WEEK: Final = timedelta(days=7)
_HOUR_SECONDS: Final = 3600

Week = tuple[tuple[float, ...], ...]
"""By day, Monday first, and hour."""


@dataclass(frozen=True, slots=True)
class Square:
    """An hour of the week: its number, and its shade, from 0 to ``LEVELS``."""

    value: float
    level: int


def squares(week: Week) -> tuple[tuple[Square, ...], ...]:
    """Return the squares of a week; the maximum is the darkest."""
    most = max((value for day in week for value in day), default=0)
    return tuple(tuple(Square(value, _level(value, most)) for value in day) for day in week)


def _level(value: float, most: float) -> int:
    return 0 if not value else max(1, round(LEVELS * value / most))


def added(weeks: Iterable[Week]) -> Week:
    """Return the sum of some weeks."""
    total = [[0.0] * HOURS for _ in DAYS]
    for week in weeks:
        for day, row in enumerate(week):
            for hour, value in enumerate(row):
                total[day][hour] += value
    return tuple(map(tuple, total))


def fires_of(schedule: Mapping[str, Any], monday: datetime) -> Week:
    """Return how often a schedule fires in each hour of the week that begins at ``monday``; never if it is invalid."""
    try:
        return _fires(ScheduleSpec.parse(dict(schedule)), monday)
    except InventoryError:
        return added(())


@lru_cache(maxsize=512)
def _fires(spec: ScheduleSpec, monday: datetime) -> Week:
    if spec.interval:
        return tuple((_HOUR_SECONDS / spec.interval,) * HOURS for _ in DAYS)
    if not spec.cron:
        hours = set(spec.hours) or set(range(HOURS))
        each = len(spec.minutes) or 1
        day = tuple(float(each) if hour in hours else 0.0 for hour in range(HOURS))
        return (day,) * len(DAYS)
    counts = [[0.0] * HOURS for _ in DAYS]
    before = monday - timedelta(seconds=1)
    times = FireTimes(spec, anchor=before).after(before)
    for moment in takewhile(lambda time: time < monday + _WEEK, times):
        counts[moment.weekday()][moment.hour] += 1
    return tuple(map(tuple, counts))


def seconds_of(jobs: Sequence[Mapping[str, Any]], now: datetime) -> Week:
    """Return for how long the jobs ran that began in each hour of the week, s."""
    total = [[0.0] * HOURS for _ in DAYS]
    for job in jobs:
        began = parse_time(job.get("created_at"))
        if began is not None:
            ended = parse_time(job.get("finished_at")) or now
            total[began.weekday()][began.hour] += max((ended - began).total_seconds(), 0.0)
    return tuple(map(tuple, total))


def monday_of(now: datetime) -> datetime:
    """Return the beginning of the week that contains ``now``."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=midnight.weekday())
