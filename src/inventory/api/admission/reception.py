"""Calls whose message has not arrived: how many may wait, and for how long."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Final

from inventory.api.admission.receive import ReceivedCall
from inventory.api.interceptors.limits import host_of
from inventory.api.metrics import RPCS_RECEIVING
from inventory.observe.logs import get_logger

log = get_logger(__name__)

REQUEST_SECONDS: Final = 30.0
"""How long a message may take to arrive, s; enough for the largest one over a slow line."""
MOMENT_SECONDS: Final = 0.25
"""How often waiting calls are checked, s."""


class Reception:
    """Holds the calls whose message has not arrived.

    Args:
        limit: maximum number; a further call ends the oldest one of the address that has the most.
        request_seconds: how long a message may take, s.
    """

    def __init__(self, limit: int, *, request_seconds: float = REQUEST_SECONDS) -> None:
        self._room = limit
        self._limit = request_seconds
        # Changed by the one thread that serves events, and copied by the watch: safe with a dict, without a lock.
        self._calls: dict[int, ReceivedCall] = {}
        self._stop = threading.Event()

    def __len__(self) -> int:
        return len(self._calls)

    def start(self) -> None:
        """Start watching."""
        threading.Thread(target=self._watch, name="reception", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()

    def add(self, call: ReceivedCall) -> None:
        """Add a call until ``remove``; beyond the limit, end one."""
        if len(self._calls) >= self._room:
            self._end_one()
        self._calls[id(call)] = call

    def remove(self, call: ReceivedCall) -> None:
        """Remove a call whose message has arrived, or that has ended."""
        self._calls.pop(id(call), None)

    def _end_one(self) -> None:
        by_host = {key: host_of(call.peer()) for key, call in self._calls.items()}
        busiest = Counter(by_host.values()).most_common(1)[0][0]
        oldest = next(key for key, host in by_host.items() if host == busiest)
        log.warning("waiting_request_dropped", address=busiest)
        self._calls.pop(oldest).cancel()

    def _watch(self) -> None:
        while not self._stop.wait(MOMENT_SECONDS):
            try:
                self.look(time.monotonic())
            except Exception:
                log.exception("reception_failed")

    def look(self, now: float) -> None:
        """End the calls that have waited too long at ``now`` (``time.monotonic()``); report how many are waiting."""
        late = [call for call in self._calls.copy().values() if now - call.since >= MOMENT_SECONDS]
        RPCS_RECEIVING.set(len(late))
        for call in late:
            if now - call.since >= self._limit:
                log.warning("request_not_received", peer=call.peer())
                call.cancel()
