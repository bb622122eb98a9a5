"""The heartbeat of a worker process: one thread for all slices that it runs."""

from __future__ import annotations

import threading

from inventory.domain.clock import Clock
from inventory.errors import InventoryError
from inventory.observe.logs import get_logger
from inventory.service.job.running import RunningSlices

_log = get_logger(__name__)


class Heartbeat:
    """Renews leases and notices cancelations, every ``period_seconds``.

    Args:
        period_seconds: well below the lease, and below the five seconds within which a cancelation must take effect, s.
        clock: measures the time since the last heartbeat.
    """

    def __init__(self, *, running: RunningSlices, period_seconds: float, clock: Clock) -> None:
        self._running = running
        self._period_seconds = period_seconds
        self._clock = clock
        self._stop = threading.Event()
        self._last = clock.monotonic()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start sending heartbeats."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending heartbeats."""
        self._stop.set()
        self._thread.join()

    def _beat_on(self) -> None:
        while not self._stop.wait(self._period_seconds):
            try:
                self._running.beat()
            except InventoryError as exc:
                _log.warning("heartbeat_failed", error=str(exc), since=round(self._clock.monotonic() - self._last, 1))
            except Exception:  # noqa: BLE001 (a thread's outermost loop: without it all leases would run out)
                _log.exception("heartbeat_failed")
            else:
                self._last = self._clock.monotonic()
