"""Calls that wait for their message hold no thread.

grpcio takes a message in the thread that then answers, and waits for it without an end: anybody who reaches the port
could stop a server by calls whose message never comes. grpcio has no public way to wait otherwise, so this module
takes a call apart as grpcio hands it to its executor. It alone uses what is private there; the bounds of grpcio in
pyproject.toml protect it, and ``test_receive.py`` tells whether a newer one still fits. It also saves each call one
change of threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from grpc import _server
from grpc._cython import cygrpc  # type: ignore[attr-defined]

_IN_POOL: Final = frozenset({_server._unary_response_in_pool, _server._stream_response_in_pool})
_ONE_MESSAGE: Final = "unary_request"
"""Name of what grpcio waits for the only message with."""
_NO_MESSAGE: Final = b"A call has exactly one request message."


class UnknownShapeError(TypeError):
    """This grpcio hands calls over in a way that is not known here."""


class ReceivedCall:
    """A call as grpcio hands it to its executor.

    Args:
        run: runs a function within the call's context.
        arguments: that function, and what it takes.

    Raises:
        UnknownShapeError: grpcio is another than this module was written for.
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
        """When it arrived, on ``time.monotonic()``, s."""

    @property
    def has_one_message(self) -> bool:
        """Whether the method takes one message, so that ``receive`` may be called."""
        return getattr(self._arguments[4], "__name__", "") == _ONE_MESSAGE

    @property
    def behavior(self) -> Any:
        """The method, as it was given to grpcio."""
        return self._arguments[3]

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """What came along with the call."""
        found: tuple[tuple[str, str | bytes], ...] = self._event.invocation_metadata
        return found

    @property
    def size(self) -> int:
        """Size of the message that was received, bytes."""
        return len(self._request or b"")

    def peer(self) -> str:
        """Return where the call comes from, such as ``ipv4:127.0.0.1:50000``."""
        address: bytes = self._event.call.peer()
        return address.decode()

    def cancel(self) -> None:
        """End the call."""
        self._event.call.cancel()

    def receive(self, ready: Callable[[ReceivedCall], None], over: Callable[[ReceivedCall], None]) -> None:
        """Wait for the message, without a thread.

        Args:
            ready: called once the message is there, by the thread that serves all events: it must be quick.
            over: called instead where none comes; the call has been answered.
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
        """Run the method and answer, in this thread."""
        in_pool, event, state, behavior, argument, _, serializer = self._arguments
        if self.has_one_message:
            argument = self._take
        self._run(in_pool, event, state, behavior, argument, self._arguments[5], serializer)

    def answer_by(self, behavior: Callable[[bytes, Any], bytes]) -> None:
        """Answer by another method than the one that was called, in this thread, whether a message came or not."""
        self._run(_server._unary_response_in_pool, self._event, self._state, behavior, lambda: b"", None, None)

    def _take(self) -> bytes | None:
        """Return the message; None where nobody waits for the answer any more: then grpcio answers nothing."""
        request, self._request = self._request, None
        return request if _server._is_rpc_state_active(self._state) else None
