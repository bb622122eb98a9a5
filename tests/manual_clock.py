"""A clock for tests, which moves only on request."""

from __future__ import annotations

from datetime import datetime, timedelta

from inventory.domain.clock import to_milliseconds


class ManualClock:
    """A clock that moves only on request; its wall clock and monotonic clock can diverge."""

    def __init__(self, start: datetime) -> None:
        self._now = to_milliseconds(start)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """See :class:`~inventory.domain.clock.Clock`."""
        return self._now

    def monotonic(self) -> float:
        """See :class:`~inventory.domain.clock.Clock`."""
        return self._monotonic

    def advance(self, by: timedelta) -> datetime:
        """Advance both clocks by ``by`` and return the new time."""
        self._now = to_milliseconds(self._now + by)
        self._monotonic += max(by.total_seconds(), 0.0)
        return self._now

    def set(self, moment: datetime) -> None:
        """Set the wall clock to ``moment``; the monotonic clock does not change."""
        self._now = to_milliseconds(moment)
