"""Turns: how many calls of a kind run at a time, and which is next. Uses no threads and no clock."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Final

from inventory.api.metrics import LANE_QUEUED
from inventory.errors import LimitExceededError
from inventory.observe import metric_feed

Grant = Callable[[], None]


class Ticket:
    """One call that wants a turn.

    Args:
        caller: whose call it is; callers take turns.
        grant: called when it gets its turn after waiting, by whoever gave up the turn; must be quick and raise nothing.
    """

    __slots__ = ("caller", "grant")

    def __init__(self, caller: str, grant: Grant) -> None:
        self.caller = caller
        self.grant = grant


class Lane:
    """A number of turns, given to callers in rotation: a caller with a hundred calls delays another's by one.

    Args:
        name: the lane's name, for metrics and refusals.
        turns: how many calls run at a time.
        share: how many of these one caller may have at a time.
        queue: how many calls may wait; at most half of them one caller's.
        hint: what a refused caller can do.
    """

    def __init__(self, name: str, *, turns: int, share: int, queue: int, hint: str) -> None:
        self.name: Final = name
        self._share = share
        self._queue = queue
        self._hint = hint
        self._lock = threading.Lock()
        self._free = turns
        self._held: Counter[str] = Counter()
        self._returning: deque[Ticket] = deque()
        self._queues: OrderedDict[str, deque[Ticket]] = OrderedDict()
        self._queued = 0
        self._count = LANE_QUEUED.labels(name).inc

    @property
    def queued(self) -> int:
        """Number of calls waiting for a turn."""
        return self._queued + len(self._returning)

    def refusal(self) -> LimitExceededError:
        """Return the error for a call that waited too long, or cannot wait."""
        return LimitExceededError(limit=f"{self.name} calls", hint=self._hint)

    def enter(self, ticket: Ticket) -> bool:
        """Return whether the ticket gets its turn now; otherwise it waits, and its ``grant`` is called later.

        Raises:
            LimitExceededError: too many calls are waiting, in total or of this caller.
        """
        with self._lock:
            if self._free > 0 and self._held[ticket.caller] < self._share:
                self._take(ticket)
                return True
            mine = self._queues.get(ticket.caller, ())
            if self._queued >= self._queue or len(mine) >= max(self._queue // 2, 1):
                raise self.refusal()
            self._queues.setdefault(ticket.caller, deque()).append(ticket)
            self._queued += 1
        metric_feed.add(self._count)
        return False

    def enter_again(self, ticket: Ticket) -> bool:
        """Like ``enter``, for a call that gave up its turn temporarily: it goes before all others, never refused."""
        with self._lock:
            if self._free > 0:
                self._take(ticket)
                return True
            self._returning.append(ticket)
            return False

    def leave(self, caller: str) -> Ticket | None:
        """Give up a turn of ``caller``; return the ticket that now has it, whose ``grant`` must still be called."""
        with self._lock:
            self._free += 1
            if self._held[caller] <= 1:
                del self._held[caller]
            else:
                self._held[caller] -= 1
            if self._returning:
                ticket = self._returning.popleft()
                self._take(ticket)
                return ticket
            if not self._queued:
                return None
            found = self._next()
            if found is None:
                return None
        metric_feed.add(self._count, -1.0)
        return found

    def withdraw(self, ticket: Ticket) -> bool:
        """Remove a waiting ticket; False if it already has its turn, or never waited."""
        with self._lock:
            mine = self._queues.get(ticket.caller)
            if mine is None or ticket not in mine:
                return False
            mine.remove(ticket)
            self._queued -= 1
            if not mine:
                del self._queues[ticket.caller]
        metric_feed.add(self._count, -1.0)
        return True

    def _take(self, ticket: Ticket) -> None:
        self._free -= 1
        self._held[ticket.caller] += 1

    def _next(self) -> Ticket | None:
        """Take the turn for the next caller in rotation that has not used up its share."""
        for caller, mine in self._queues.items():
            if self._held[caller] >= self._share:
                continue
            ticket = mine.popleft()
            self._queued -= 1
            del self._queues[caller]
            if mine:
                self._queues[caller] = mine
            self._take(ticket)
            return ticket
        return None
