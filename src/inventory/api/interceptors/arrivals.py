"""How many calls may be in work or waiting: more are refused as they arrive, before they cost anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

import grpc

from inventory.api import status
from inventory.api.interceptors.context import read_context
from inventory.api.interceptors.reception import Reception
from inventory.api.metrics import RPCS_REFUSED
from inventory.errors import LimitExceededError
from inventory.observe.logs import get_logger

log = get_logger(__name__)

T = TypeVar("T")
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_NEVER_REFUSED: Final = "/grpc."
"""Health must answer even from a full server, and reflection has a limit of its own."""


class CountingPool(ThreadPoolExecutor):
    """The threads that answer calls; knows how many calls are in work or waiting for a thread."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="rpc")
        self._count_lock = threading.Lock()
        self._threads_wanted = threads
        self.pending = 0
        """Calls in work or waiting."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """See ``ThreadPoolExecutor``."""
        with self._count_lock:
            self.pending += 1
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def stand_in(self, waiting: int) -> None:
        """Let others work while ``waiting`` threads do nothing but wait: as many more threads may be there."""
        more = self._threads_wanted + waiting - self._max_workers
        if more <= 0:
            return
        self._max_workers += more
        for _ in range(more):
            super().submit(_nothing)  # a thread is only made as something is submitted

    def _ended(self, _future: Future[Any]) -> None:
        with self._count_lock:
            self.pending -= 1


def _nothing() -> None:
    """Do nothing."""


class Arrivals(grpc.ServerInterceptor):
    """Refuses calls while ``limit`` are in work or waiting.

    grpcio's own ``maximum_concurrent_rpcs`` would answer outside our error model, and refuse health checks.
    """

    def __init__(self, pool: CountingPool, limit: int, reception: Reception) -> None:
        self._pool = pool
        self._limit = limit
        self._reception = reception
        # As if messages streamed in: so it is answered without waiting for one.
        self._refusal: Handler = grpc.stream_unary_rpc_method_handler(_Refusal())

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Let the call pass or refuse it; runs in the thread that accepts calls."""
        if self._pool.pending >= self._limit and not handler_call_details.method.startswith(_NEVER_REFUSED):
            RPCS_REFUSED.inc()
            return self._refusal
        handler = continuation(handler_call_details)
        return None if handler is None else self._reception.watched(handler_call_details.method, handler)


class _Refusal:
    """Answers RESOURCE_EXHAUSTED on a thread of its own, since all others are busy."""

    def __init__(self) -> None:
        self.experimental_thread_pool = ThreadPoolExecutor(1, thread_name_prefix="refuse")

    def __call__(self, _requests: Iterator[bytes], context: grpc.ServicerContext) -> NoReturn:
        call = read_context(context)
        log.warning("call_refused", transaction_id=call.transaction_id, peer=call.peer)
        failure = status.answer(LimitExceededError(limit="concurrent requests"), transaction_id=call.transaction_id)
        context.set_trailing_metadata(failure.metadata)
        context.abort(failure.code, failure.details)
        raise AssertionError("abort always raises")
