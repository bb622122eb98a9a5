"""Threads that run calls which have their turn; a new thread is started if none is idle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from inventory.observe.logs import get_logger

log = get_logger(__name__)

Work: TypeAlias = "Callable[[], Work | None]"
"""Something to run; it returns what its thread should run next."""


class _Worker:
    __slots__ = ("wake", "work")

    def __init__(self, work: Work | None) -> None:
        self.work = work
        self.wake = threading.Lock()
        self.wake.acquire()


class Threads:
    """Threads that never wait for a turn themselves: callers of ``run`` have counted them.

    Args:
        keep: how many idle threads are kept.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def run(self, work: Work) -> None:
        """Run ``work`` on a thread immediately."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is None:
            threading.Thread(target=self._loop, args=(_Worker(work),), name="rpc", daemon=True).start()
            return
        worker.work = work
        worker.wake.release()

    def stop(self) -> None:
        """Let idle threads end now, and running threads after their work."""
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
    except Exception:  # the outermost frame of a thread
        log.exception("rpc_thread_failed")
        return None
