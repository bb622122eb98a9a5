"""Time as an argument: code that needs the time takes a Clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time.

    What is stored, or compared with stored values, uses MongoDB's clock
    (:class:`~inventory.domain.store_clock.StoreClock`), never the clock of the machine that reads it.
    """

    def now(self) -> datetime:
        """Return the time of day: timezone-aware, UTC, in whole milliseconds (MongoDB's precision)."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never steps back; only differences are meaningful."""


def to_milliseconds(moment: datetime) -> datetime:
    """Return ``moment`` in UTC, truncated to milliseconds, so that the stored value equals the original."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def day_of(moment: datetime) -> datetime:
    """Return the beginning of the day (UTC) of ``moment``."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


class SystemClock:
    """The machine's clocks.

    Args:
        offset_seconds: artificial error of the wall clock, s; used by tests and fault runs.
    """

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self._offset = timedelta(seconds=offset_seconds)

    def now(self) -> datetime:
        """See :class:`Clock`."""
        return to_milliseconds(datetime.now(UTC) + self._offset)

    def monotonic(self) -> float:
        """See :class:`Clock`."""
        return time.monotonic()


def isoformat(moment: datetime | None) -> str:
    """Return a time in the API's form, ``2022-06-17T06:33:27.195Z``; ``""`` for a time that never happened."""
    if moment is None:
        return ""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
