"""Counts of very many documents, remembered for a moment."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from bson import encode

MANY: Final = 10_000
"""A count below this is never remembered: it is cheap, and somebody may look closely."""
REUSE: Final = 20.0
"""A count is used again for so many times as long as it took: counting takes a twentieth of the time at most."""
_ENTRIES: Final = 1_000


class _Key(NamedTuple):
    domain_id: str
    collection: str
    match: bytes
    """Of the filter a hash: it may be large."""


@dataclass(slots=True, eq=False)
class _Counting:
    """A count that goes on; spoiled where somebody wrote meanwhile."""

    domain_id: str
    spoiled: bool = False


class Counts:
    """Remembers how many documents a filter matches, where they are many.

    MongoDB counts by walking an index, a million keys in a good fraction of a second, and every page of a long list
    asks for the same total. Whoever writes by this process sees it in the domain's next count; what other processes
    write shows as soon as the memory is too old.

    Args:
        most_seconds: no count is older than this, s; 0: none is ever remembered.
        monotonic: a clock, s.
    """

    def __init__(self, most_seconds: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most_seconds = most_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[_Key, tuple[int, float]] = {}
        self._going_on: set[_Counting] = set()

    def forget(self, domain_id: str) -> None:
        """Remember nothing of the domain: something was written."""
        with self._lock:
            for counting in self._going_on:
                counting.spoiled = counting.spoiled or counting.domain_id == domain_id
            for key in [key for key in self._known if key.domain_id == domain_id]:
                del self._known[key]

    def total(self, domain_id: str, collection: str, match: Mapping[str, Any], count: Callable[[], int]) -> int:
        """Return how many of ``collection`` meet ``match``, a whole filter with the domain: by ``count`` or memory."""
        if not self._most_seconds:
            return count()
        key = _Key(domain_id, collection, hashlib.blake2b(encode(match), digest_size=16).digest())
        began = self._monotonic()
        known = self._known.get(key)
        if known is not None and began < known[1]:
            return known[0]
        counting = _Counting(domain_id)
        with self._lock:
            self._going_on.add(counting)
        found = 0
        try:
            found = count()
        finally:
            ended = self._monotonic()
            with self._lock:
                self._going_on.discard(counting)
                if found >= MANY and not counting.spoiled:
                    self._remember(key, found, ended + min((ended - began) * REUSE, self._most_seconds))
        return found

    def _remember(self, key: _Key, found: int, until: float) -> None:
        self._known.pop(key, None)
        self._known[key] = found, until
        if len(self._known) > _ENTRIES:
            del self._known[next(iter(self._known))]
