"""Counts of very many documents, remembered for a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from bson import encode

MANY: Final = 10_000
"""A count below this is never remembered: it is cheap, and somebody may look closely."""
REUSE: Final = 20.0
"""A count is used again for so many times as long as it took: counting takes a twentieth of the time at most."""
_ENTRIES: Final = 1_000


class Counts:
    """Remembers how many documents a filter matches, where they are many.

    MongoDB counts by walking an index, a million keys in a good fraction of a second, and every page of a long list
    asks for the same total. Whoever writes by this process sees it in the next count; what other processes write
    shows as soon as the memory is too old.

    Args:
        most_seconds: no count is older than this, s; 0: none is ever remembered.
        monotonic: a clock, s.
    """

    def __init__(self, most_seconds: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most_seconds = most_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[tuple[str, bytes], tuple[int, float]] = {}
        self._forgotten = 0

    def forget(self) -> None:
        """Remember nothing of before: something was written."""
        with self._lock:
            self._forgotten += 1
            self._known.clear()

    def total(self, collection: str, match: Mapping[str, Any], count: Callable[[], int]) -> int:
        """Return how many of ``collection`` meet ``match``, a whole filter with its domain: by ``count`` or memory."""
        if not self._most_seconds:
            return count()
        key = collection, encode(match)
        began = self._monotonic()
        known, forgotten = self._known.get(key), self._forgotten
        if known is not None and began < known[1]:
            return known[0]
        found = count()
        if found >= MANY:
            ended = self._monotonic()
            self._remember(key, (found, ended + min((ended - began) * REUSE, self._most_seconds)), forgotten)
        return found

    def _remember(self, key: tuple[str, bytes], found: tuple[int, float], forgotten: int) -> None:
        with self._lock:
            if forgotten != self._forgotten:
                return  # somebody wrote while it was counted
            self._known.pop(key, None)
            self._known[key] = found
            if len(self._known) > _ENTRIES:
                del self._known[next(iter(self._known))]
