"""The executor to which grpcio submits its calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final, NoReturn

import grpc

from inventory.api import status
from inventory.api.admission.lane import Ticket
from inventory.api.admission.receive import ReceivedCall
from inventory.api.admission.reception import Reception
from inventory.api.admission.seat import CallSeat, Lanes
from inventory.api.admission.threads import Threads, Work
from inventory.api.interceptors.context import new_transaction_id, read_context
from inventory.api.method_handler import MethodHandler
from inventory.api.metrics import RPCS_REFUSED
from inventory.errors import InventoryError, LimitExceededError, UnknownError
from inventory.observe.logs import get_logger
from inventory.process import waiting
from inventory.process.memory_budget import FREE_BYTES, BudgetSpentError, Holding, MemoryBudget

log = get_logger(__name__)

ASIDE_THREADS: Final = 2
"""Separate threads for health and anything else that is not the API: these answer from memory."""


class CallPool(Executor):
    """Runs the API's calls in turns, and other calls beside them.

    Args:
        limit: how many calls may be running or waiting.
        threads: how many idle threads are kept.
        memory: memory for requests that are running or waiting.
    """

    def __init__(self, lanes: Lanes, *, limit: int, threads: int, memory: MemoryBudget) -> None:
        self._memory = memory
        self.lanes = lanes
        self.reception = Reception(limit)
        self._limit = limit
        self._threads = Threads(keep=threads)
        self._aside = ThreadPoolExecutor(ASIDE_THREADS, thread_name_prefix="aside")
        self._refusing = ThreadPoolExecutor(1, thread_name_prefix="refuse")
        self._done: Future[Any] = Future()
        self._done.set_result(None)
        self._lock = threading.Lock()
        self._pending = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        """Accept a call; the returned future is done at once, since nobody uses it."""
        self._safely(self._accept, ReceivedCall(fn, args))
        return self._done

    def start(self) -> None:
        """Start watching for calls whose message does not arrive."""
        self.reception.start()

    def stop(self) -> None:
        """Stop watching, and let idle threads end; calls that are still running or arriving are answered."""
        self.reception.stop()
        self._threads.stop()

    def _safely(self, step: Callable[[ReceivedCall], None], call: ReceivedCall) -> None:
        """Run a step of accepting a call, on grpcio's thread for all events: an exception would end that thread."""
        try:
            step(call)
        except Exception as exc:  # noqa: BLE001 (it is logged and answered)
            self._fail(call, exc)

    def _accept(self, call: ReceivedCall) -> None:
        if not isinstance(call.behavior, MethodHandler):
            self._receive(call, self._answer_aside)
        elif self._pending >= self._limit:
            self._refuse(call, _full(), reason="arrivals")
        else:
            self._receive(call, self._enqueue)

    def _receive(self, call: ReceivedCall, ready: Callable[[ReceivedCall], None]) -> None:
        if not call.has_one_message:
            ready(call)
            return

        def received(call: ReceivedCall) -> None:
            self.reception.remove(call)
            self._safely(ready, call)

        self.reception.add(call)
        call.receive(received, self.reception.remove)

    def _answer_aside(self, call: ReceivedCall) -> None:
        self._aside.submit(call.answer)

    def _enqueue(self, call: ReceivedCall) -> None:
        held = Holding(self._memory) if call.size > FREE_BYTES else None
        if held is not None and not held.try_hold(call.size):
            self._refuse(call, BudgetSpentError(), reason="memory")
            return
        with self._lock:
            full = self._pending >= self._limit
            self._pending += not full
        if full:
            _release(held)
            self._refuse(call, _full(), reason="arrivals")
            return
        quick = _QuickCall(self, call, held)
        try:
            has_turn = self.lanes.quick.enter(quick)
        except LimitExceededError as exc:
            self._ended()
            _release(held)
            self._refuse(call, exc, reason="quick")
            return
        if has_turn:
            self.start_call(quick)

    def run(self, quick: _QuickCall) -> Work | None:
        """Run a call that has its turn; return what its thread should run next."""
        seat = CallSeat(self.lanes, quick.caller, quick.held)
        waiting.sit(seat)
        try:
            try:
                self._answer(quick)
            finally:
                waiting.sit(None)
                _release(seat.take_holding())  # if the method was not called
        except BaseException as exc:  # noqa: BLE001 (whatever it is, the turn must go to the next call)
            self._fail(quick.call, exc)
        self._ended()
        ticket = seat.end()
        return None if ticket is None else _work_of(ticket)

    def _answer(self, quick: _QuickCall) -> None:
        if time.monotonic() - quick.since < self.lanes.queue_seconds:
            quick.call.answer()
        else:
            RPCS_REFUSED.labels("quick").inc()
            quick.call.answer_by(_Refusal(self.lanes.quick.refusal()))

    def start_call(self, quick: _QuickCall) -> None:
        """Run a call that has its turn on a thread; if none can be started, end it, and give its turn to the next."""
        following: Ticket | None = quick
        while isinstance(following, _QuickCall):
            try:
                self._threads.run(following.run)
                return
            except Exception as exc:  # noqa: BLE001 (as above)
                self._ended()
                _release(following.held)
                self._fail(following.call, exc)
            following = self.lanes.quick.leave(following.caller)
        if following is not None:
            following.grant()

    def _ended(self) -> None:
        with self._lock:
            self._pending -= 1

    def _refuse(self, call: ReceivedCall, error: LimitExceededError, *, reason: str) -> None:
        RPCS_REFUSED.labels(reason).inc()
        self._refusing.submit(call.answer_by, _Refusal(error))

    def _fail(self, call: ReceivedCall, cause: BaseException) -> None:
        """Answer a call that cannot run, or has broken off, without a thread: there may be none."""
        self.reception.remove(call)
        transaction_id = new_transaction_id()
        error: InventoryError = UnknownError(transaction_id=transaction_id)
        if isinstance(cause, RuntimeError | MemoryError):  # the former: no thread can be started
            error = LimitExceededError(limit="threads or memory of the process", hint="try again in a moment")
            RPCS_REFUSED.labels("threads").inc()
        call.abort(status.answer(error, transaction_id=transaction_id))
        log.error("call_not_run", transaction_id=transaction_id, peer=call.peer(), exc_info=cause)


class _QuickCall(Ticket):
    """A call that waits for its first turn, without a thread."""

    __slots__ = ("_pool", "call", "held", "since")

    def __init__(self, pool: CallPool, call: ReceivedCall, held: Holding | None) -> None:
        super().__init__(_caller_of(call), self._begin)
        self.held = held
        self._pool = pool
        self.call = call
        self.since = time.monotonic()

    def run(self) -> Work | None:
        """Run the call on this thread."""
        return self._pool.run(self)

    def _begin(self) -> None:
        self._pool.start_call(self)


class _Refusal:
    """Answers RESOURCE_EXHAUSTED instead of the called method."""

    def __init__(self, error: LimitExceededError) -> None:
        self._error = error

    def __call__(self, _request: bytes, context: grpc.ServicerContext) -> NoReturn:
        call = read_context(context)
        log.warning("call_refused", transaction_id=call.transaction_id, peer=call.peer, reason=self._error.message)
        failure = status.answer(self._error, transaction_id=call.transaction_id)
        context.set_trailing_metadata(failure.metadata)
        context.abort(failure.code, failure.details)
        raise AssertionError("abort always raises")


def _work_of(ticket: Ticket) -> Work | None:
    """Return what the thread that gave up a turn runs next: a call without a thread; else wake the waiting one."""
    if isinstance(ticket, _QuickCall):
        return ticket.run
    ticket.grant()
    return None


def _release(held: Holding | None) -> None:
    if held is not None:
        held.release()


def _full() -> LimitExceededError:
    return LimitExceededError(limit="concurrent requests")


def _caller_of(call: ReceivedCall) -> str:
    """Return the key by which a call takes turns before its token is checked: the token, or else the connection."""
    for key, value in call.metadata:
        if key == "token" and isinstance(value, str):
            return value
    return call.peer()
