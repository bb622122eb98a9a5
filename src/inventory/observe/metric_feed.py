"""Counting without making the counted wait.

Where several processes share their metrics, prometheus_client takes one lock for each value that it writes, and threads
that answer calls queue up for it: half a millisecond of CPU a call was measured. So what is counted inside every call
is noted in a queue, which costs next to nothing, and one thread counts it a moment later.
"""

from __future__ import annotations

import atexit
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

INTERVAL_SECONDS: Final = 0.25
"""How late a metric may be, s."""

Count = Callable[[float], None]
"""``inc`` or ``observe`` of a metric."""

_sums: Final[deque[tuple[Count, float]]] = deque()
_observations: Final[deque[tuple[Count, float]]] = deque()
_flushing: Final = threading.Lock()
_starting: Final = threading.Lock()
_threads: Final[list[threading.Thread]] = []


def start() -> None:
    """See to it that a thread of this process counts what is noted."""
    with _starting:
        if not _threads:
            thread = threading.Thread(target=_run, name="metric-feed", daemon=True)
            _threads.append(thread)
            thread.start()
            atexit.register(flush)


def add(inc: Count, amount: float = 1.0) -> None:
    """Add ``amount``, negative for a gauge that falls."""
    _sums.append((inc, amount))


def observe(count: Count, value: float) -> None:
    """Observe ``value`` in a histogram."""
    _observations.append((count, value))


def flush() -> None:
    """Count all that is noted by now."""
    with _flushing:
        sums: defaultdict[Count, float] = defaultdict(float)
        for _ in range(len(_sums)):
            inc, amount = _sums.popleft()
            sums[inc] += amount
        for inc, amount in sums.items():
            if amount:
                inc(amount)
        for _ in range(len(_observations)):
            count, value = _observations.popleft()
            count(value)


def _run() -> None:
    pause = threading.Event()
    while not pause.wait(INTERVAL_SECONDS):
        flush()
