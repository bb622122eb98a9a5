"""Requests that do not come: who opens calls and sends no message must not keep the threads that answer.

grpcio takes a message in the thread that then answers, and waits for it without an end. So anybody who reaches the
port, without a token, could stop a server by a handful of calls. Here a call takes its message under watch: for each
one that waits longer than a moment there is one thread more, and one that waits too long is ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import grpc

from inventory.observe.logs import get_logger

log = get_logger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

MOMENT_SECONDS: Final = 0.25
"""How long a message may take to come until another thread stands in for the one that waits, s."""
REQUEST_SECONDS: Final = 30.0
"""How long a message may take to come, s: the largest one over a slow line must be able to."""


class Reception:
    """Watches calls until their message is there.

    Args:
        stand_in: called with the number of threads that wait for messages, whenever that is not zero.
        request_seconds: how long a message may take, s.
    """

    def __init__(self, stand_in: Callable[[int], None], *, request_seconds: float = REQUEST_SECONDS) -> None:
        self._stand_in = stand_in
        self._limit = request_seconds
        # Written by many threads, one key each: a dict bears that without a lock.
        self._waiting: dict[int, tuple[float, grpc.ServicerContext]] = {}
        self._stop = threading.Event()
        self._handlers: dict[str, Handler] = {}

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="reception", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()

    def watched(self, method: str, handler: Handler) -> Handler:
        """Return the handler of a method so that its message is waited for under watch; only unary ones need it."""
        if handler.unary_unary is None:
            return handler
        known = self._handlers.get(method)
        if known is None:
            known = self._handlers[method] = grpc.stream_unary_rpc_method_handler(
                self._receiver(handler.unary_unary), handler.request_deserializer, handler.response_serializer
            )
        return known

    def _receiver(
        self, answer: Callable[[Any, grpc.ServicerContext], Any]
    ) -> Callable[[Iterator[Any], grpc.ServicerContext], Any]:
        def receive(requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
            key = id(context)
            self._waiting[key] = time.monotonic(), context
            try:
                request = next(requests, None)
            finally:
                del self._waiting[key]
            if request is None:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, "A call has exactly one request message.")
            return answer(request, context)

        return receive

    def _watch(self) -> None:
        while not self._stop.wait(MOMENT_SECONDS):
            try:
                self.look()
            except Exception:
                log.exception("reception_failed")

    def look(self) -> None:
        """Look after those that wait now."""
        now = time.monotonic()
        late = [(now - since, context) for since, context in self._waiting.copy().values()]
        late = [each for each in late if each[0] >= MOMENT_SECONDS]
        if late:
            self._stand_in(len(late))
        for waited, context in late:
            if waited >= self._limit:
                log.warning("request_never_came", peer=context.peer())
                context.cancel()
