"""The worker's side of the queue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, Self

import redis
from dramatiq import Actor, Worker

from inventory.connector.queue.bands import BANDS, DRY_RUN, PLAN_JOB, RUN_SLICE, actor_name
from inventory.connector.queue.broker import WorkBroker
from inventory.connector.queue.metrics import HANDLER_FAILURES
from inventory.domain.clock import Clock, SystemClock
from inventory.errors import own_words
from inventory.observe import tracing
from inventory.observe.logs import get_logger

_log = get_logger(__name__)

POLL_MS: Final = 100
"""How long an idle worker waits at most before it checks again."""


class Handlers(Protocol):
    """What a worker does with a message. All methods must tolerate being called twice with the same id."""

    def plan_job(self, domain_id: str, job_id: str) -> None:
        """Plan the job."""

    def run_slice(self, domain_id: str, slice_id: str) -> None:
        """Run the slice."""

    def dry_run(self, domain_id: str, dry_run_id: str) -> None:
        """Run the dry run."""


class QueueConsumer:
    """Passes messages to handlers, on threads of this process, urgent bands first.

    A message is done when its handler returns, whatever the result. If a handler raises, that is logged, and the
    sweeper repeats the work. If a process dies, its messages go to others.
    """

    def __init__(
        self, *, url: str, namespace: str, handlers: Handlers, threads: int, clock: Clock | None = None
    ) -> None:
        """Prepare; nothing connects yet.

        Args:
            namespace: prefix of the queue's keys.
            handlers: called with the ids of a message, from up to ``threads`` threads at once.
            threads: how many messages are handled at a time.
            clock: determines the age of a message; absent: this machine's clock.
        """
        self._broker = WorkBroker(url=url, namespace=namespace, threads=threads, clock=clock or SystemClock())
        for rank, band in enumerate(BANDS):
            self._declare(PLAN_JOB, band, 3 * rank, handlers.plan_job)
            self._declare(RUN_SLICE, band, 3 * rank + 1, handlers.run_slice)
            self._declare(DRY_RUN, band, 3 * rank + 2, handlers.dry_run)
        self._worker = Worker(self._broker, worker_threads=threads, worker_timeout=POLL_MS)
        self._lock = threading.Lock()
        self._running = False

    def start(self) -> None:
        """Start consuming and return at once. If Redis is unreachable, connecting is retried every few seconds."""
        with self._lock:
            self._worker.start()
            self._running = True

    def stop(self, timeout_seconds: float) -> bool:
        """Take no more messages, wait for running handlers, and put back what was only fetched.

        Args:
            timeout_seconds: how long to wait; a handler that takes longer leaves its message to other workers.

        Returns:
            Whether all handlers have returned.
        """
        with self._lock:
            if self._running:
                self._running = False
                try:
                    self._worker.stop(timeout=int(timeout_seconds * 1000))
                except redis.RedisError as exc:
                    # Messages that could not be put back go to others once this process's heartbeat has expired.
                    _log.warning("queue_messages_not_handed_back", reason=own_words(exc))
                self._broker.close()
            return not any(thread.is_alive() for thread in self._worker.workers)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(10)

    def _declare(self, action: str, band: str, rank: int, handler: Callable[[str, str], None]) -> None:
        # An actor registers itself with its broker. Within a band, planning goes before slices, since it creates them.
        Actor(
            partial(_handle, action, handler),
            broker=self._broker,
            actor_name=actor_name(action, band),
            queue_name=band,
            priority=rank,
            options={},
        )


def _handle(action: str, handler: Callable[[str, str], None], domain_id: str, each: str, traceparent: str = "") -> None:
    """Run ``handler``; this is the outermost frame of a thread, so no error passes."""
    try:
        with tracing.consumed(f"queue.{action}", traceparent, id=each):
            handler(domain_id, each)
    except Exception:  # noqa: BLE001 (a thread's outermost loop)
        HANDLER_FAILURES.labels(action).inc()
        _log.exception("queue_handler_failed", action=action, domain_id=domain_id, id=each)
