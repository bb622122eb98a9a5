"""MongoDB's time, computed from an offset to this machine's monotonic clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inventory.domain.clock import Clock, to_milliseconds
from inventory.errors import InventoryError

RENEW_SECONDS: Final = 5.0
"""How often the offset is measured, s. A new primary may have another clock; leases of 30 s tolerate this delay."""
PARTED_SECONDS: Final = 0.5
"""If wall clock and monotonic clock have diverged by more than this since the last measurement, the machine was
suspended
or its wall clock was set: the offset is measured again before its next use, s."""
RETRY_SECONDS: Final = 1.0
"""How long after a failed measurement requests for the time do not retry it, s."""
_RESOLUTION: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Offset:
    """The result of a measurement.

    Attributes:
        time: MongoDB's time at ``at``.
        at: monotonic time, s.
        wall: the difference of wall clock and monotonic clock when they were last compared.
    """

    time: datetime
    at: float
    wall: datetime

    def time_at(self, monotonic: float) -> datetime:
        return self.time + timedelta(seconds=monotonic - self.at)


class StoreClock:
    """See :class:`~inventory.domain.clock.Clock`: MongoDB's time, independent of this machine's wall clock.

    Leases, due times, ages and dates of all processes use it, so that wrong clocks do no harm. The offset is measured
    before its first use, and renewed by a thread. Between measurements the monotonic clock is used, so that an outage
    of MongoDB or a change of the wall clock has no effect.

    Args:
        measure: returns MongoDB's time, timezone-aware; raises an ``InventoryError`` if MongoDB is unreachable.
        report_skew: called after each measurement with the seconds by which the wall clock is ahead of MongoDB's, or
            behind (negative). The round-trip time is subtracted, so that the reported skew is certain.
    """

    def __init__(
        self, *, measure: Callable[[], datetime], machine: Clock, report_skew: Callable[[float], None] = lambda _: None
    ) -> None:
        self._measure = measure
        self._machine = machine
        self._report_skew = report_skew
        self._offset: _Offset | None = None
        self._failed_at = float("-inf")
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._renewer: threading.Thread | None = None

    def now(self) -> datetime:
        """Return MongoDB's time. Until it was measured once, raises what ``measure`` raises."""
        offset = self._offset or self.renew()
        monotonic = self._machine.monotonic()
        if self._parted(offset, monotonic) and monotonic - self._failed_at >= RETRY_SECONDS:
            try:
                offset = self.renew()
            except InventoryError:
                # The monotonic clock then gives the best known time; nothing can be written anyway.
                self._failed_at = self._machine.monotonic()
            monotonic = self._machine.monotonic()
        return to_milliseconds(offset.time_at(monotonic))

    def monotonic(self) -> float:
        """See :class:`~inventory.domain.clock.Clock`."""
        return self._machine.monotonic()

    def start(self) -> None:
        """Measure every ``RENEW_SECONDS`` from now on; calling it again does nothing."""
        with self._lock:
            if self._renewer is None and not self._stop.is_set():
                self._renewer = threading.Thread(target=self._renew_on, name="store-clock", daemon=True)
                self._renewer.start()

    def stop(self) -> None:
        """Stop measuring. Does not wait for a measurement in progress."""
        self._stop.set()

    def renew(self) -> _Offset:
        """Measure now. Raises what ``measure`` raises."""
        before = self._machine.monotonic()
        there = self._measure()
        after, wall = self._machine.monotonic(), self._machine.now()
        middle, uncertain = (before + after) / 2, timedelta(seconds=(after - before) / 2) + _RESOLUTION
        with self._lock:
            held = self._offset
            # A slow answer that does not contradict the current offset would only reduce its accuracy.
            if held is None or abs(there - held.time_at(middle)) > uncertain:
                held = _Offset(there, middle, wall)
            self._offset = offset = _Offset(held.time, held.at, wall - timedelta(seconds=after))
        skew = wall - offset.time_at(after)
        certain = max(abs(skew) - uncertain, timedelta())
        self._report_skew(certain.total_seconds() if skew > timedelta() else -certain.total_seconds())
        return offset

    def _parted(self, offset: _Offset, monotonic: float) -> bool:
        wall = self._machine.now() - timedelta(seconds=monotonic)
        return abs((wall - offset.wall).total_seconds()) > PARTED_SECONDS

    def _renew_on(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self.renew()
            except InventoryError:
                pass  # The monotonic clock continues; users of MongoDB report that it is unreachable.
            except Exception:
                # The connection is closed when the process ends.
                if not self._stop.is_set():
                    raise
