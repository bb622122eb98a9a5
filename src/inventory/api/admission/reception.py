"""Calls whose message is still to come: how many may wait, and for how long."""

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
"""How long a message may take to come, s: the largest one over a slow line must be able to."""
MOMENT_SECONDS: Final = 0.25
"""How often it is looked after those that wait, s."""


class Reception:
    """Keeps the calls whose message is still to come.

    Args:
        limit: how many there may be; a further one ends the oldest of the address that has the most.
        request_seconds: how long a message may take, s.
    """

    def __init__(self, limit: int, *, request_seconds: float = REQUEST_SECONDS) -> None:
        self._room = limit
        self._limit = request_seconds
        # Touched by the one thread that serves events, and copied by the watch: a dict bears that without a lock.
        self._calls: dict[int, ReceivedCall] = {}
        self._stop = threading.Event()

    def __len__(self) -> int:
        return len(self._calls)

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="reception", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()

    def add(self, call: ReceivedCall) -> None:
        """Keep a call until ``remove``; where there are too many, end one."""
        if len(self._calls) >= self._room:
            self._end_one()
        self._calls[id(call)] = call

    def remove(self, call: ReceivedCall) -> None:
        """Forget a call: its message is there, or it has ended."""
        self._calls.pop(id(call), None)

    def _end_one(self) -> None:
        by_host = {key: host_of(call.peer()) for key, call in self._calls.items()}
        busiest = Counter(by_host.values()).most_common(1)[0][0]
        oldest = next(key for key, host in by_host.items() if host == busiest)
        log.warning("request_crowded_out", address=busiest)
        self._calls.pop(oldest).cancel()

    def _watch(self) -> None:
        while not self._stop.wait(MOMENT_SECONDS):
            try:
                self.look(time.monotonic())
            except Exception:
                log.exception("reception_failed")

    def look(self, now: float) -> None:
        """End the calls that wait too long at ``now``, on ``time.monotonic()``, and tell how many wait."""
        late = [call for call in self._calls.copy().values() if now - call.since >= MOMENT_SECONDS]
        RPCS_RECEIVING.set(len(late))
        for call in late:
            if now - call.since >= self._limit:
                log.warning("request_never_came", peer=call.peer())
                call.cancel()
