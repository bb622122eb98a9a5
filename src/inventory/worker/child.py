"""One worker process: consumes the queue until it is stopped."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Final

from inventory.domain.clock import SystemClock
from inventory.errors import InventoryError
from inventory.observe.logs import get_logger, setup
from inventory.process.interpreter import exclude_from_collection, exit_at_once
from inventory.process.stop_flag import StopFlag
from inventory.settings import Settings
from inventory.worker.heartbeat import Heartbeat
from inventory.worker.parts import PartsFactory, WorkerParts

GC_THRESHOLDS: Final = (50_000, 20, 50)
"""Infrequent garbage collection: large documents create many objects and few cycles (measured: 2 to 3 times faster)."""

_POLL_SECONDS: Final = 0.1
_FINISH_SHARE: Final = 0.5
"""Share of the grace time in which slices may still finish before they are handed back."""

_log = get_logger(__name__)


def main(settings: Settings, factory: PartsFactory, *, number: int, on_ready: Callable[[], None]) -> int:
    """Run as a child process; return its exit code.

    Args:
        factory: builds the parts.
        number: the number of this process among its siblings.
        on_ready: called once messages are taken.
    """
    setup(level=settings.log_level, form=settings.log_format, process=f"worker-{number}")
    stop = StopFlag()
    stop.set_by_signals()
    parts = factory(settings)
    if not serve(parts, settings, stop=stop, on_ready=on_ready):
        # A hanging thread would have its connections closed, and could keep the interpreter from exiting.
        _log.warning("worker_threads_left_running")
        exit_at_once()
    parts.close()
    return 0


def serve(
    parts: WorkerParts, settings: Settings, *, stop: threading.Event, on_ready: Callable[[], None] = lambda: None
) -> bool:
    """Consume until ``stop`` is set; then take no more messages, and finish or hand back running slices in time.

    Returns:
        Whether nothing is running any more. If not, handlers hang in calls, and their connections must stay open.
    """
    heartbeat = Heartbeat(running=parts.running, period_seconds=settings.heartbeat_seconds, clock=SystemClock())
    exclude_from_collection()
    gc.set_threshold(*GC_THRESHOLDS)
    heartbeat.start()
    if not stop.is_set():  # dramatiq's threads may ignore a stop that comes while they start
        parts.consumer.start()
        on_ready()
        _log.info("worker_started", threads=settings.worker_threads)
    stop.wait()
    drained = _drain(parts, settings.drain_seconds)
    heartbeat.stop()
    _log.info("worker_stopped")
    return drained


def _drain(parts: WorkerParts, grace_seconds: float) -> bool:
    """Stop consuming; let slices finish for a share of the grace time, then cancel their streams and hand them back."""
    _log.info("worker_draining", slices=len(parts.running))
    clock = SystemClock()
    begun = clock.monotonic()
    drained = threading.Event()

    def consume_no_more() -> None:
        if parts.consumer.stop(grace_seconds):
            drained.set()

    consuming = threading.Thread(target=consume_no_more, name="drain", daemon=True)
    consuming.start()
    while consuming.is_alive() and clock.monotonic() - begun < grace_seconds * _FINISH_SHARE:
        consuming.join(_POLL_SECONDS)
    parts.running.stop_all()
    consuming.join(max(grace_seconds - (clock.monotonic() - begun), 0.0) + 1.0)
    if len(parts.running):
        # Their threads hang in a call that cannot be canceled; after this write they no longer own anything.
        try:
            parts.running.hand_back_all()
        except InventoryError as exc:
            _log.warning("slices_not_handed_back", error=str(exc))
    return drained.is_set()
