"""The turn of the call that runs on a thread: moved to another lane, or given up while the call only waits."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import grpc

from inventory.api.admission.lane import Lane, Ticket
from inventory.api.metrics import RPCS_REFUSED, RPCS_WAITING
from inventory.errors import LimitExceededError, RequestTimeoutError
from inventory.process.memory_budget import Holding
from inventory.process.waiting import OnCancel, seat


class Waits:
    """Counts the calls that may wait for minutes.

    Args:
        limit: maximum number at a time; half of it for one caller.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._share = max(limit // 2, 1)
        self._lock = threading.Lock()
        self._of: Counter[str] = Counter()
        self._all = 0

    def begin(self, caller: str) -> None:
        """Count one more. Raises ``LimitExceededError`` if the limit is reached."""
        with self._lock:
            if self._all >= self._limit or self._of[caller] >= self._share:
                RPCS_REFUSED.labels("waiting").inc()
                raise LimitExceededError(
                    limit="calls that wait for a plugin", hint="other calls are waiting; try again in a minute"
                )
            self._all += 1
            self._of[caller] += 1
        RPCS_WAITING.inc()

    def end(self, caller: str) -> None:
        """Count one less."""
        with self._lock:
            self._all -= 1
            self._of[caller] -= 1
            if not self._of[caller]:
                del self._of[caller]
        RPCS_WAITING.dec()


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where a process's calls get their turns.

    Attributes:
        quick: for calls that are known to be quick, and for all until more is known.
        heavy: for calls of unknown cost.
        waits: counts the calls that may wait for minutes.
        queue_seconds: how long a call may wait for its turn, s.
    """

    quick: Lane
    heavy: Lane
    waits: Waits
    queue_seconds: float


class CallSeat:
    """See :class:`~inventory.process.waiting.Seat`; the call has its turn in the quick lane.

    Args:
        caller: whose turn it is.
        held: the memory that the call's request holds.
    """

    def __init__(self, lanes: Lanes, caller: str, held: Holding | None = None) -> None:
        self._held = held
        self._lanes = lanes
        self._lane: Lane | None = lanes.quick
        self._caller = caller
        self._context: grpc.ServicerContext | None = None
        self._lock: Final = threading.Lock()
        self._watched = False
        self._canceled = False
        self._cancel: Callable[[], object] | None = None
        self.principal = caller
        """Whose call it is, once that is known more precisely."""

    def take_holding(self) -> Holding | None:
        """Return what the call's request holds, once: whoever takes it must release it."""
        held, self._held = self._held, None
        return held

    def attach(self, context: grpc.ServicerContext) -> None:
        """Set the call's context, by which its end is noticed."""
        self._context = context

    def take_heavy_turn(self, deadline: float = math.inf) -> None:
        """Exchange the quick turn for one in the heavy lane.

        Args:
            deadline: how long the caller waits, by ``time.monotonic()``.

        Raises:
            LimitExceededError: too many calls are waiting there, or it took too long.
            RequestTimeoutError: the caller has canceled.
        """
        lane = self._lanes.heavy
        if self._lane is lane:
            return
        wake = threading.Lock()
        wake.acquire()
        ticket = Ticket(self.principal, wake.release)
        try:
            entered = lane.enter(ticket)
            self._leave()
            if not entered:
                self._wait_for(lane, ticket, wake, min(self._lanes.queue_seconds, deadline - time.monotonic()))
        except LimitExceededError:
            RPCS_REFUSED.labels(lane.name).inc()
            raise
        self._lane, self._caller = lane, ticket.caller

    def _wait_for(self, lane: Lane, ticket: Ticket, wake: threading.Lock, seconds: float) -> None:
        canceled = False

        def give_up() -> None:
            nonlocal canceled
            if lane.withdraw(ticket):
                canceled = True
                wake.release()

        self._on_cancel(give_up)
        try:
            if not wake.acquire(timeout=max(seconds, 0.0)):
                if lane.withdraw(ticket):
                    raise lane.refusal()
                wake.acquire()  # its turn came at the last moment
        finally:
            self._forget_cancel()
        if canceled:
            raise RequestTimeoutError(reason="the caller has canceled")

    @contextmanager
    def waiting(self, *, bounded: bool) -> Iterator[OnCancel]:
        """See the protocol."""
        if self._lane is None:  # within another wait
            yield self._on_cancel
            return
        if bounded:
            self._lanes.waits.begin(self.principal)
        try:
            lane = self._lane
            self._leave()
            try:
                yield self._on_cancel
            finally:
                self._forget_cancel()
                self._come_back(lane)
        finally:
            if bounded:
                self._lanes.waits.end(self.principal)

    def end(self) -> Ticket | None:
        """Give up the turn for good; return the ticket that now has it and is still to be run."""
        lane, self._lane = self._lane, None
        return None if lane is None else lane.leave(self._caller)

    def _leave(self) -> None:
        ticket = self.end()
        if ticket is not None:
            ticket.grant()

    def _come_back(self, lane: Lane) -> None:
        wake = threading.Lock()
        wake.acquire()
        if not lane.enter_again(Ticket(self._caller, wake.release)):
            wake.acquire()
        self._lane = lane

    def _on_cancel(self, cancel: Callable[[], object]) -> None:
        """Register ``cancel`` to be called if the call ends before this wait does."""
        if not self._watched and self._context is not None:
            self._watched = True
            if not self._context.add_callback(self._end_waits):
                self._canceled = True
        with self._lock:
            self._cancel = cancel
            if not self._canceled:
                return
        cancel()

    def _forget_cancel(self) -> None:
        with self._lock:
            self._cancel = None

    def _end_waits(self) -> None:
        with self._lock:
            self._canceled = True
            cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()


def current_seat() -> CallSeat | None:
    """Return the seat of the call that runs on this thread."""
    here = seat()
    return here if isinstance(here, CallSeat) else None
