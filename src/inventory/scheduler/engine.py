"""The engine: APScheduler drives the parts; a watchdog on the monotonic clock drives APScheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from inventory.errors import InventoryError
from inventory.observe.logs import get_logger
from inventory.scheduler.metrics import FAILURES, REARMED
from inventory.scheduler.pulse import Pulse

_WATCH_SECONDS: Final = 0.5

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SchedulerPart:
    """A function that runs periodically.

    Attributes:
        period_seconds: how often it runs, s.
        run: the function; it never runs concurrently with itself.
    """

    name: str
    period_seconds: float
    run: Callable[[], object]


class Engine:
    """Runs the parts, each on its own thread, until it is stopped.

    It holds no state: the parts decide in MongoDB what is due, and for which replica.
    """

    def __init__(self, *, parts: Sequence[SchedulerPart], pulse: Pulse, stop: threading.Event) -> None:
        """Prepare.

        Args:
            parts: what is run.
            stop: set when a stop is requested.
        """
        self._pulse = pulse
        self._stop = stop
        self._names = [part.name for part in parts]
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(parts))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._shutdown = threading.Thread(target=self._shut_down, name="drain", daemon=True)
        for part in parts:
            self._scheduler.add_job(
                self._guarded,
                "interval",
                args=[part],
                id=part.name,
                seconds=part.period_seconds,
                next_run_time=datetime.now(UTC),
            )

    def run(self) -> None:
        """Run until a stop is requested; running parts then continue until they end, see ``drain``."""
        self._scheduler.start()
        while not self._stop.wait(_WATCH_SECONDS):
            if self._pulse.is_silent():
                self.rearm()

    def rearm(self) -> None:
        """Have every part run now, whatever the wall clock says."""
        _log.warning("ticks_rearmed", silence_seconds=round(self._pulse.silence(), 1))
        REARMED.inc()
        for name in self._names:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def drain(self, seconds: float) -> bool:
        """Start nothing more and wait at most ``seconds`` for running parts; return whether all have ended.

        May be called again to wait longer.
        """
        self._stop.set()
        if self._shutdown.ident is None:
            self._shutdown.start()
        self._shutdown.join(seconds)
        return not self._shutdown.is_alive()

    def _shut_down(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _guarded(self, part: SchedulerPart) -> None:
        """Run a part; if it fails, it runs again in its next period."""
        if self._stop.is_set():
            return
        try:
            part.run()
        except InventoryError as exc:
            FAILURES.labels(part.name).inc()
            _log.warning("part_failed", part=part.name, error=str(exc))
        except Exception:  # noqa: BLE001  the outermost place of its thread
            FAILURES.labels(part.name).inc()
            _log.exception("part_failed", part=part.name)
