"""Schedules: their kinds, their validation, and when they fire (contract, section 5). All times are UTC.

Cron follows Vixie cron: five fields, Sunday is 0 or 7, month and day names are allowed, and if neither day of month nor
day of week begins with a star, either may match. The parser is cronsim, restricted to that.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from cronsim import CronSim, CronSimError

from inventory.errors import (
    InvalidParameterError,
    InvalidParameterTypeError,
    RequiredParameterError,
    UnsupportedScheduleError,
)

MAX_INTERVAL_SECONDS: Final = 3600
MAX_CRON: Final = 255
"""Maximum length of a cron expression, characters."""
KINDS: Final = ("cron", "interval", "minutes", "hours")

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_CRON_FIELDS: Final = 5
_CRON_FORM: Final = "minute hour day month weekday"
_CRON_TEXT: Final = re.compile(r"[0-9A-Za-z*,/\- \t]+")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CRON_NAMES: Final = dict(zip(_MONTHS, range(1, 13), strict=True)) | dict(zip(_WEEKDAYS, range(7), strict=True))
_CRON_STEPPED: Final = re.compile(r"(\w+)-(\w+)/0*[1-9]\d*")
_REFERENCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Start of the search for a cron's first fire time; whether there is one does not depend on it."""


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """A valid ``Scheduled``: one of cron, interval, or hours with or without minutes.

    Attributes:
        cron: five fields, or the empty string.
        interval: seconds, or 0.
        minutes: as sent, without duplicates.
        hours: as sent, without duplicates.
    """

    cron: str = ""
    interval: int = 0
    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    _daily: tuple[timedelta, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute the times of day at which hours and minutes fire."""
        if self.minutes or self.hours:
            hours = sorted(self.hours) or range(24)
            minutes = sorted(self.minutes) or [0]
            times = tuple(timedelta(hours=hour, minutes=minute) for hour in hours for minute in minutes)
            object.__setattr__(self, "_daily", times)

    @classmethod
    def parse(cls, raw: object) -> ScheduleSpec:
        """Return the spec for a ``Scheduled`` as a plain dict, without absent members.

        Raises:
            RequiredParameterError: it is missing.
            InvalidParameterError: empty, out of range, an invalid combination, or a cron that is invalid or never
                fires.
            InvalidParameterTypeError: a member has the wrong type.
        """
        if raw is None:
            raise RequiredParameterError(key="schedule")
        if not isinstance(raw, Mapping):
            raise InvalidParameterTypeError(key="schedule", expected="dict")
        spec = cls(
            cron=_cron(raw.get("cron")),
            interval=_interval(raw.get("interval")),
            minutes=_numbers(raw.get("minutes"), "minutes", 60),
            hours=_numbers(raw.get("hours"), "hours", 24),
        )
        if not spec.kinds:
            raise InvalidParameterError(key="schedule", reason=f"must have one of {', '.join(KINDS)}")
        if len(spec.kinds) > 1 and spec.kinds != ("minutes", "hours"):
            reason = f"only hours and minutes go together, not {' and '.join(spec.kinds)}"
            raise InvalidParameterError(key="schedule", reason=reason)
        return spec

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it contains, in the order of :data:`KINDS`."""
        return tuple(kind for kind in KINDS if getattr(self, kind))

    def document(self) -> dict[str, Any]:
        """Return it in its stored form, without absent kinds."""
        values = {kind: getattr(self, kind) for kind in self.kinds}
        return {kind: list(value) if isinstance(value, tuple) else value for kind, value in values.items()}

    def check_supported(self, metadata: Mapping[str, Any]) -> None:
        """Check it against a plugin's ``metadata.supported_schedules``; without it, all kinds are supported.

        Raises:
            UnsupportedScheduleError: a kind is not supported.
        """
        supported = metadata.get("supported_schedules")
        if not isinstance(supported, Sequence) or isinstance(supported, str):
            return
        for kind in self.kinds:
            if kind not in supported:
                raise UnsupportedScheduleError(kind=kind, supported=[str(each) for each in supported])


@dataclass(frozen=True, slots=True)
class FireTimes:
    """The fire times of one schedule: those of its spec after ``anchor``, each delayed by ``shift``.

    Attributes:
        anchor: creation or last change; nothing fires at or before it, and intervals count from it.
        shift: see :func:`spread_of`.
    """

    spec: ScheduleSpec
    anchor: datetime
    shift: timedelta = timedelta(0)

    def next_after(self, moment: datetime) -> datetime:
        """Return the first fire time later than ``moment``."""
        start = max(moment - self.shift, self.anchor)
        if self.spec.interval:
            step = timedelta(seconds=self.spec.interval)
            return self.anchor + ((start - self.anchor) // step + 1) * step + self.shift
        if self.spec.cron:
            return next(CronSim(_readable(self.spec.cron), start)) + self.shift
        return self._next_daily(start) + self.shift

    def latest_at(self, moment: datetime) -> datetime | None:
        """Return the last fire time at or before ``moment``, or None if there is none yet."""
        end = moment - self.shift
        if end <= self.anchor:
            return None
        if self.spec.interval:
            step = timedelta(seconds=self.spec.interval)
            found = self.anchor + (end - self.anchor) // step * step
        elif self.spec.cron:
            # In reverse, cronsim starts one second before the whole second it is given.
            last = CronSim(_readable(self.spec.cron), end.replace(microsecond=0) + _SECOND, reverse=True)
            found = next(last, self.anchor)
        else:
            found = self._latest_daily(end)
        return found + self.shift if found > self.anchor else None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the fire times later than ``moment``, in order, endlessly."""
        while True:
            moment = self.next_after(moment)
            yield moment

    def next_times(self, moment: datetime, count: int) -> list[datetime]:
        """Return the next ``count`` fire times after ``moment``."""
        return list(islice(self.after(moment), count))

    def _next_daily(self, start: datetime) -> datetime:
        midnight = _midnight(start)
        times = self.spec._daily
        at = bisect_right(times, start - midnight)
        return midnight + (times[at] if at < len(times) else _DAY + times[0])

    def _latest_daily(self, end: datetime) -> datetime:
        midnight = _midnight(end)
        times = self.spec._daily
        at = bisect_right(times, end - midnight)
        return midnight + (times[at - 1] if at else times[-1] - _DAY)


def spread_of(schedule_id: str, spread_seconds: float) -> timedelta:
    """Return the delay with which a schedule fires: constant for one schedule, and below ``spread_seconds``.

    Args:
        spread_seconds: the interval over which fire times are spread, s; 0 for no delay.
    """
    milliseconds = int(spread_seconds * 1000)
    return timedelta(milliseconds=zlib.crc32(schedule_id.encode()) % milliseconds if milliseconds else 0)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _cron(value: object) -> str:
    if value is None or value == "":
        return ""
    key = "schedule.cron"
    if not isinstance(value, str):
        raise InvalidParameterTypeError(key=key, expected="str")
    if len(value) > MAX_CRON:
        raise InvalidParameterError(key=key, reason=f"at most {MAX_CRON} characters")
    fields = value.split()
    if len(fields) != _CRON_FIELDS:
        raise InvalidParameterError(key=key, reason=f"must have five fields ({_CRON_FORM}), has {len(fields)}")
    # cronsim also accepts L, LW and #, which Vixie cron does not have.
    words = re.findall(r"[A-Za-z]+", value)
    if not _CRON_TEXT.fullmatch(value) or not all(word.upper() in _CRON_NAMES for word in words):
        raise InvalidParameterError(key=key, reason="may have only numbers, * , - / and names of months and days")
    try:
        fires = next(CronSim(_readable(value), _REFERENCE), None)
    except CronSimError as exc:
        raise InvalidParameterError(key=key, reason=f"cannot be read: {str(exc).lower()}; it is {_CRON_FORM}") from None
    if fires is None:
        raise InvalidParameterError(key=key, reason="never fires")
    return value


@lru_cache(maxsize=1024)
def _readable(cron: str) -> str:
    """Return a cron that cronsim reads correctly: it would read a single value with a step (5-5/2) as 5/2, 5 and on."""

    def single(match: re.Match[str]) -> str:
        first, last = (_CRON_NAMES.get(word.upper(), word) for word in match.groups())
        return match[1] if str(first).lstrip("0") == str(last).lstrip("0") else match[0]

    return _CRON_STEPPED.sub(single, cron)


def _interval(value: object) -> int:
    if value is None or value == 0:
        return 0
    key = "schedule.interval"
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidParameterTypeError(key=key, expected="int")
    if not 1 <= value <= MAX_INTERVAL_SECONDS:
        raise InvalidParameterError(key=key, reason=f"must be from 1 to {MAX_INTERVAL_SECONDS} seconds")
    return value


def _numbers(value: object, kind: str, end: int) -> tuple[int, ...]:
    key = f"schedule.{kind}"
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InvalidParameterTypeError(key=key, expected="list")
    for number in value:
        if not isinstance(number, int) or isinstance(number, bool):
            raise InvalidParameterTypeError(key=key, expected="list of int")
        if not 0 <= number < end:
            raise InvalidParameterError(key=key, reason=f"must be from 0 to {end - 1}")
    return tuple(dict.fromkeys(value))
