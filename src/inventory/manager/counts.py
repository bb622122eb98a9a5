"""Counts of very many documents, cached briefly."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from bson import encode
from cachetools import LRUCache
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, ServerSelectionTimeoutError

MANY: Final = 10_000
"""A count below this is never cached: it is cheap, and its exact value may matter."""
REUSE: Final = 20.0
"""A count is reused for this many times its duration, so that counting takes at most a twentieth of the time."""
_ENTRIES: Final = 1_000


def count(collection: Collection[Any], match: Mapping[str, Any], *, max_time_ms: int) -> int:
    """Return how many documents ``match`` finds, by the ``count`` command: an aggregation takes a third longer.

    Args:
        collection: where to count.
        match: not empty: without conditions the command may count what a cluster's shards no longer own.
        max_time_ms: time limit inside MongoDB, ms.
    """
    command: dict[str, Any] = {
        "count": collection.name,
        "query": match,
        "maxTimeMS": max_time_ms,
        **({"readConcern": concern} if (concern := collection.read_concern.document) else {}),
    }
    try:
        reply = collection.database.command(command, read_preference=collection.read_preference)
    except ServerSelectionTimeoutError:
        raise  # the server selection timeout has already passed
    except AutoReconnect:
        # Unlike commands, this is retried automatically.
        return collection.count_documents(match, maxTimeMS=max_time_ms)
    return int(reply["n"])


class _Key(NamedTuple):
    domain_id: str
    collection: str
    match: bytes
    """A hash of the filter, which may be large."""


@dataclass(slots=True, eq=False)
class _Counting:
    """A count in progress; invalid if something was written meanwhile."""

    domain_id: str
    spoiled: bool = False


class CountCache:
    """Caches how many documents a filter matches, if they are many.

    MongoDB counts by walking an index, a million keys in a considerable fraction of a second, and every page of a long
    list needs the same total. Writes through this process affect the domain's next count; writes of other processes
    become visible when the cached count is too old.

    Args:
        most_seconds: maximum age of a count, s; 0: counts are never cached.
        monotonic: a clock, s.
    """

    def __init__(self, most_seconds: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most_seconds = most_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: LRUCache[_Key, tuple[int, float]] = LRUCache(_ENTRIES)
        self._going_on: set[_Counting] = set()

    def forget(self, domain_id: str) -> None:
        """Drop all counts of the domain: something was written."""
        with self._lock:
            for counting in self._going_on:
                counting.spoiled = counting.spoiled or counting.domain_id == domain_id
            for key in [key for key in self._known if key.domain_id == domain_id]:
                del self._known[key]

    def total(self, domain_id: str, collection: str, match: Mapping[str, Any], count: Callable[[], int]) -> int:
        """Return how many documents of ``collection`` match the complete filter ``match``: by ``count`` or cached."""
        if not self._most_seconds:
            return count()
        key = _Key(domain_id, collection, hashlib.blake2b(encode(match), digest_size=16).digest())
        began = self._monotonic()
        with self._lock:
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
                    self._known[key] = found, ended + min((ended - began) * REUSE, self._most_seconds)
        return found
