"""When a schedule fires, found the slow way: by asking of every minute (or second) whether it is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MINUTE = timedelta(minutes=1)


def _number(text: str, names: list[str], offset: int) -> int:
    return names.index(text.upper()) + offset if text.upper() in names else int(text)


def _members(text: str, low: int, high: int, names: list[str]) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            begin, _, end = span.partition("-")
            first = _number(begin, names, low)
            last = _number(end, names, low) if end else (high if step else first)
        found |= {number for number in range(first, last + 1) if (number - first) % int(step or 1) == 0}
    return found


def cron(expression: str) -> Callable[[datetime], bool]:
    """Return whether a whole minute is a fire time, by the manual page of Vixie's cron."""
    minute, hour, day, month, weekday = expression.split()
    minutes, hours = _members(minute, 0, 59, []), _members(hour, 0, 23, [])
    days, months = _members(day, 1, 31, []), _members(month, 1, 12, MONTHS)
    weekdays = {number % 7 for number in _members(weekday, 0, 7, DAYS)}
    either = not day.startswith("*") and not weekday.startswith("*")

    def fires(moment: datetime) -> bool:
        if moment.minute not in minutes or moment.hour not in hours or moment.month not in months:
            return False
        on_day, on_weekday = moment.day in days, moment.isoweekday() % 7 in weekdays
        return (on_day or on_weekday) if either else (on_day and on_weekday)

    return fires


def daily(schedule: dict[str, Any]) -> Callable[[datetime], bool]:
    """Return whether a whole minute is a fire time of hours and minutes."""
    hours, minutes = schedule.get("hours"), schedule.get("minutes") or [0]
    return lambda moment: moment.minute in minutes and (not hours or moment.hour in hours)


def fire_times(schedule: dict[str, Any], anchor: datetime, after: datetime, until: datetime) -> list[datetime]:
    """Return the fire times later than ``after``, up to ``until``."""
    if interval := schedule.get("interval"):
        seconds = timedelta(seconds=1)
        moments = [anchor + number * seconds for number in range(1, int((until - anchor).total_seconds()) + 1)]
        return [each for number, each in enumerate(moments, 1) if number % interval == 0 and after < each <= until]
    fires = cron(schedule["cron"]) if "cron" in schedule else daily(schedule)
    moment = max(after, anchor).replace(second=0, microsecond=0)
    found = []
    while moment <= until:
        if moment > after and moment > anchor and fires(moment):
            found.append(moment)
        moment += MINUTE
    return found
