"""Lets calls wait for their message without a thread.

grpcio receives a message in the thread that later answers, and waits for it indefinitely: anyone who can reach the port
could stop a server with calls whose message never arrives. grpcio has no public way around this, so this module takes
apart the calls that grpcio submits to its executor. It is the only module that uses grpcio's private parts there;
pyproject.toml bounds the version of grpcio, and ``test_receive.py`` shows whether a newer one still fits. It also saves
each call one thread switch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from grpc import _server
from grpc._cython import cygrpc  # type: ignore[attr-defined]

from inventory.api.status import Answer

_IN_POOL: Final = frozenset({_server._unary_response_in_pool, _server._stream_response_in_pool})
_ONE_MESSAGE: Final = "unary_request"
"""Name of the function with which grpcio waits for a single message."""
_NO_MESSAGE: Final = b"A call has exactly one request message."


class UnknownShapeError(TypeError):
    """This version of grpcio submits calls in an unknown form."""


class ReceivedCall:
    """A call as grpcio submits it to its executor.

    Args:
        run: runs a function within the call's context.
        arguments: that function and its arguments.

    Raises:
        UnknownShapeError: grpcio differs from the versions this module was written for.
    """

    __slots__ = ("_arguments", "_event", "_request", "_run", "_state", "since")

    def __init__(self, run: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        if len(arguments) != 7 or arguments[0] not in _IN_POOL:
            raise UnknownShapeError
        self._run = run
        self._arguments = arguments
        self._event = arguments[1]
        self._state = arguments[2]
        self._request: bytes | None = None
        self.since = time.monotonic()
        """When it arrived, by ``time.monotonic()``, s."""

    @property
    def has_one_message(self) -> bool:
        """Whether the method takes exactly one message, so that ``receive`` may be called."""
        return getattr(self._arguments[4], "__name__", "") == _ONE_MESSAGE

    @property
    def behavior(self) -> Any:
        """The method that was passed to grpcio."""
        return self._arguments[3]

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The call's metadata."""
        found: tuple[tuple[str, str | bytes], ...] = self._event.invocation_metadata
        return found

    @property
    def size(self) -> int:
        """Size of the received message, bytes."""
        return len(self._request or b"")

    def peer(self) -> str:
        """Return the address of the caller, such as ``ipv4:127.0.0.1:50000``."""
        address: bytes = self._event.call.peer()
        return address.decode()

    def cancel(self) -> None:
        """End the call."""
        self._event.call.cancel()

    def receive(self, ready: Callable[[ReceivedCall], None], over: Callable[[ReceivedCall], None]) -> None:
        """Wait for the message, without a thread.

        Args:
            ready: called when the message has arrived, by the thread that serves all events: it must be quick. An
                exception would end that thread, and no call would be accepted or answered any more.
            over: called instead if none arrives; the call has been answered. The same holds for it.
        """
        state = self._state
        noted = _server._receive_message(state, self._event.call, self._arguments[5])

        def on_event(event: Any) -> Any:
            ended = noted(event)
            with state.condition:
                self._request, state.request = state.request, None
                if self._request is None and _server._is_rpc_state_active(state):
                    _server._abort(state, self._event.call, cygrpc.StatusCode.unimplemented, _NO_MESSAGE)
            (over if self._request is None else ready)(self)
            return ended

        with state.condition:
            operation = cygrpc.ReceiveMessageOperation(0)
            self._event.call.start_server_batch((operation,), on_event)
            state.due.add(_server._RECEIVE_MESSAGE_TOKEN)

    def answer(self) -> None:
        """Run the method and answer, in this thread; do nothing if the call has ended."""
        if not _server._is_rpc_state_active(self._state):
            return
        in_pool, event, state, behavior, argument, _, serializer = self._arguments
        if self.has_one_message:
            argument = self._take
        self._run(in_pool, event, state, behavior, argument, self._arguments[5], serializer)

    def answer_by(self, behavior: Callable[[bytes, Any], bytes]) -> None:
        """Answer with another method instead of the called one, in this thread, with or without a message.

        Does nothing if the call has ended.
        """
        if not _server._is_rpc_state_active(self._state):
            return
        self._run(_server._unary_response_in_pool, self._event, self._state, behavior, lambda: b"", None, None)

    def abort(self, failure: Answer) -> None:
        """Answer with an error without running anything; quick, on any thread. Does nothing if the call has ended."""
        state = self._state
        with state.condition:
            if _server._is_rpc_state_active(state):
                state.trailing_metadata = failure.metadata
                code = _server._application_code(failure.code)
                _server._abort(state, self._event.call, code, failure.details.encode())

    def _take(self) -> bytes | None:
        """Return the message, and keep it no longer."""
        request, self._request = self._request, None
        return request
