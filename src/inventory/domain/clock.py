"""Time as an argument: what needs the time takes a Clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time.

    What is stored, or compared with what is stored, goes by MongoDB's clock
    (:class:`~inventory.domain.store_clock.StoreClock`), never by that of the machine that looks.
    """

    def now(self) -> datetime:
        """Return the time of day: aware, UTC, whole milliseconds (what MongoDB keeps)."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never steps back; only differences mean anything."""


def to_milliseconds(moment: datetime) -> datetime:
    """Return ``moment`` in UTC, cut to whole milliseconds, so that what is stored equals what is read."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class SystemClock:
    """The machine's clocks.

    Args:
        offset_seconds: how far the wall clock is made to be wrong, s; tests and fault runs give one.
    """

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self._offset = timedelta(seconds=offset_seconds)

    def now(self) -> datetime:
        """See :class:`Clock`."""
        return to_milliseconds(datetime.now(UTC) + self._offset)

    def monotonic(self) -> float:
        """See :class:`Clock`."""
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to; wall clock and monotonic clock can part."""

    def __init__(self, start: datetime) -> None:
        self._now = to_milliseconds(start)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """See :class:`Clock`."""
        return self._now

    def monotonic(self) -> float:
        """See :class:`Clock`."""
        return self._monotonic

    def advance(self, by: timedelta) -> datetime:
        """Let ``by`` pass on both clocks and return the new time."""
        self._now = to_milliseconds(self._now + by)
        self._monotonic += max(by.total_seconds(), 0.0)
        return self._now

    def set(self, moment: datetime) -> None:
        """Make the wall clock jump to ``moment``; the monotonic clock does not notice."""
        self._now = to_milliseconds(moment)


def isoformat(moment: datetime | None) -> str:
    """Return the wire form of a time, ``2022-06-17T06:33:27.195Z``; of a time that never happened, ``""``."""
    if moment is None:
        return ""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
