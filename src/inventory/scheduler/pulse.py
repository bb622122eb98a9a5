"""Watches the scheduler's ticks, with a clock that never steps back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from inventory.domain.clock import Clock
from inventory.errors import InventoryError

STUCK_SECONDS: Final = 300.0
"""A tick that takes longer is stuck, and the process counts as dead, s."""
SILENT_PERIODS: Final = 3
"""Number of periods without a tick after which ticks count as missing."""
_LEAST_SILENCE_SECONDS: Final = 2.0
_DEAD_AFTER: Final = 10
"""After this many times that silence, in spite of the watchdog, the process counts as dead."""


class SilentTicksError(InventoryError):
    """No tick has begun for too long."""

    code = "ERROR_SILENT_TICKS"

    def __init__(self, *, seconds: float) -> None:
        super().__init__(f"The scheduler has not ticked. (seconds = {seconds:.1f})")


class Pulse:
    """Records when the last tick ran.

    APScheduler uses the wall clock: if it is set back, ticks stop for as long. This clock does not step back.
    """

    def __init__(self, *, clock: Clock, period_seconds: float) -> None:
        """Start measuring.

        Args:
            clock: its monotonic time is used.
            period_seconds: how often a tick should run, s.
        """
        self._clock = clock
        self._limit = max(SILENT_PERIODS * period_seconds, _LEAST_SILENCE_SECONDS)
        self._lock = threading.Lock()
        self._last = clock.monotonic()
        self._running = False

    @contextmanager
    def beat(self) -> Iterator[None]:
        """Mark the block as a tick."""
        self._mark(running=True)
        try:
            yield
        finally:
            self._mark(running=False)

    def _mark(self, *, running: bool) -> None:
        with self._lock:
            self._running = running
            self._last = self._clock.monotonic()

    def silence(self) -> float:
        """Return how long no tick has run, s; 0 during a tick."""
        with self._lock:
            return 0.0 if self._running else self._clock.monotonic() - self._last

    def is_silent(self) -> bool:
        """Return whether the ticks must be restarted."""
        return self.silence() > self._limit

    def is_alive(self) -> bool:
        """Return whether ticks run, or can be expected to."""
        with self._lock:
            since = self._clock.monotonic() - self._last
            return since <= (STUCK_SECONDS if self._running else _DEAD_AFTER * self._limit)

    def check(self) -> None:
        """Return if ticks run. Raises ``SilentTicksError``."""
        silence = self.silence()
        if silence > self._limit:
            raise SilentTicksError(seconds=silence)
