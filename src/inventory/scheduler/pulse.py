"""The pulse of the ticks, on a clock that never steps back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from inventory.domain.clock import Clock
from inventory.errors import InventoryError

STUCK_SECONDS: Final = 300.0
"""A tick that takes longer hangs: the process is no longer alive, s."""
SILENT_PERIODS: Final = 3
"""After so many periods without a tick the ticks count as silent."""
_LEAST_SILENCE_SECONDS: Final = 2.0
_DEAD_AFTER: Final = 10
"""So many times as long silent, in spite of the watchdog, and the process is no longer alive."""


class SilentTicksError(InventoryError):
    """No tick has begun for too long."""

    code = "ERROR_SILENT_TICKS"

    def __init__(self, *, seconds: float) -> None:
        super().__init__(f"Ticks are silent. (seconds = {seconds:.1f})")


class Pulse:
    """Knows when the last tick was.

    APScheduler goes by the wall clock: where that steps back, its ticks stay out for as long. This does not.
    """

    def __init__(self, *, clock: Clock, period_seconds: float) -> None:
        """Begin to listen.

        Args:
            clock: its monotonic side counts.
            period_seconds: how often ticks are to come, s.
        """
        self._clock = clock
        self._limit = max(SILENT_PERIODS * period_seconds, _LEAST_SILENCE_SECONDS)
        self._lock = threading.Lock()
        self._last = clock.monotonic()
        self._running = False

    @contextmanager
    def beat(self) -> Iterator[None]:
        """A tick runs."""
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
        """Return how long no tick has run, s; 0 while one does."""
        with self._lock:
            return 0.0 if self._running else self._clock.monotonic() - self._last

    def is_silent(self) -> bool:
        """Return whether ticks have to be set going again."""
        return self.silence() > self._limit

    def is_alive(self) -> bool:
        """Return whether ticks come, or can be expected to."""
        with self._lock:
            since = self._clock.monotonic() - self._last
            return since <= (STUCK_SECONDS if self._running else _DEAD_AFTER * self._limit)

    def check(self) -> None:
        """Return if ticks come. Raises ``SilentTicksError``."""
        silence = self.silence()
        if silence > self._limit:
            raise SilentTicksError(seconds=silence)
