"""Threads that run what has its turn: a new one where none is idle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from inventory.observe.logs import get_logger

log = get_logger(__name__)

Work: TypeAlias = "Callable[[], Work | None]"
"""Something to run; it returns what its thread is to run next."""


class _Worker:
    __slots__ = ("wake", "work")

    def __init__(self, work: Work | None) -> None:
        self.work = work
        self.wake = threading.Lock()
        self.wake.acquire()


class Threads:
    """Threads, none of which ever waits for a turn of its own: whoever calls ``run`` has counted them.

    Args:
        keep: how many idle ones are kept.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def run(self, work: Work) -> None:
        """Run ``work`` on a thread, at once."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is None:
            threading.Thread(target=self._loop, args=(_Worker(work),), name="rpc", daemon=True).start()
            return
        worker.work = work
        worker.wake.release()

    def stop(self) -> None:
        """Let the idle threads end; those that run end with their work."""
        with self._lock:
            self._keep = 0
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.work = None
            worker.wake.release()

    def _loop(self, worker: _Worker) -> None:
        while worker.work is not None:
            work: Work | None = worker.work
            worker.work = None
            while work is not None:
                work = _safely(work)
            with self._lock:
                if len(self._idle) >= self._keep:
                    return
                self._idle.append(worker)
            worker.wake.acquire()


def _safely(work: Work) -> Work | None:
    try:
        return work()
    except Exception:  # a thread's outermost place
        log.exception("rpc_thread_failed")
        return None
