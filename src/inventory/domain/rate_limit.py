"""Limits how often a caller may call: a token bucket per caller, in one process."""

from __future__ import annotations

import threading
from typing import Final

from cachetools import LRUCache

from inventory.domain.clock import Clock
from inventory.errors import LimitExceededError

MAX_CALLERS: Final = 10_000
"""Maximum number of callers in memory; the one silent for the longest time is dropped first."""


class RateLimit:
    """Allows each caller ``per_second`` calls per second, and a burst of as many.

    Args:
        per_second: 0 means no limit.
        clock: only its monotonic time is used.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._rate = per_second
        self._burst = max(per_second, 1.0)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: LRUCache[str, tuple[float, float]] = LRUCache(MAX_CALLERS)

    def take(self, caller: str) -> None:
        """Count one call of ``caller``.

        Raises:
            LimitExceededError: the caller exceeded its rate.
        """
        if not self._rate:
            return
        now = self._clock.monotonic()
        with self._lock:
            left, since = self._buckets.get(caller, (self._burst, now))
            left = min(left + (now - since) * self._rate, self._burst)
            allowed = left >= 1.0
            self._buckets[caller] = (left - 1.0 if allowed else left, now)
        if not allowed:
            raise LimitExceededError(limit="requests per second")
