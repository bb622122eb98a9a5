"""MongoDB's time, told by an offset against this machine's monotonic clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inventory.domain.clock import Clock, to_milliseconds
from inventory.errors import InventoryError

RENEW_SECONDS: Final = 5.0
"""How often the offset is measured, s. A new primary may have another clock; leases of 30 s bear this delay."""
PARTED_SECONDS: Final = 0.5
"""Where wall clock and monotonic clock have parted by more since the last measurement, the machine was suspended or
its wall clock was set: the offset is measured before it is used again."""
RETRY_SECONDS: Final = 1.0
"""How long a measurement that failed is not tried again by those who ask for the time, s."""
_RESOLUTION: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Offset:
    """What a measurement found.

    Attributes:
        time: MongoDB's, at ``at``.
        at: on the monotonic clock, s.
        wall: what the wall clock showed beyond the monotonic clock when they were last compared.
    """

    time: datetime
    at: float
    wall: datetime

    def time_at(self, monotonic: float) -> datetime:
        return self.time + timedelta(seconds=monotonic - self.at)


class StoreClock:
    """See :class:`~inventory.domain.clock.Clock`: the time of MongoDB, whatever this machine's wall clock shows.

    Leases, due times, ages and dates of all processes are told by it, so that wrong clocks do no harm. The offset is
    measured before the first use, and renewed by a thread of its own. Between measurements the monotonic clock goes
    on, so that an outage of MongoDB or a wall clock that is set changes nothing.

    Args:
        measure: returns MongoDB's time, aware; raises an ``InventoryError`` where it cannot be reached.
        machine: this machine's clocks.
        report_skew: told after each measurement by how many seconds the wall clock is ahead of MongoDB's, or behind
            (negative). What the way there and back took is taken off: so much is certain.
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
        """Return MongoDB's time. Raises what ``measure`` raises, as long as it was never measured."""
        offset = self._offset or self.renew()
        monotonic = self._machine.monotonic()
        if self._parted(offset, monotonic) and monotonic - self._failed_at >= RETRY_SECONDS:
            try:
                offset = self.renew()
            except InventoryError:
                # Then what the monotonic clock says is the best that is known; nothing can be written anyway.
                self._failed_at = self._machine.monotonic()
            monotonic = self._machine.monotonic()
        return to_milliseconds(offset.time_at(monotonic))

    def monotonic(self) -> float:
        """See :class:`~inventory.domain.clock.Clock`."""
        return self._machine.monotonic()

    def start(self) -> None:
        """Begin to measure every ``RENEW_SECONDS`` from now on; calling it again does nothing."""
        with self._lock:
            if self._renewer is None and not self._stop.is_set():
                self._renewer = threading.Thread(target=self._renew_on, name="store-clock", daemon=True)
                self._renewer.start()

    def stop(self) -> None:
        """Measure no more. Does not wait for a measurement that goes on."""
        self._stop.set()

    def renew(self) -> _Offset:
        """Measure now. Raises what ``measure`` raises."""
        before = self._machine.monotonic()
        there = self._measure()
        after, wall = self._machine.monotonic(), self._machine.now()
        middle, uncertain = (before + after) / 2, timedelta(seconds=(after - before) / 2) + _RESOLUTION
        with self._lock:
            held = self._offset
            # A slow answer that does not contradict what is held would only make it worse.
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
                pass  # The monotonic clock goes on; whoever works with MongoDB tells that it is away.
            except Exception:
                # The connection is closed under it when the process ends.
                if not self._stop.is_set():
                    raise
