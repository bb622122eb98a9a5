"""uvicorn's HTTP/1.1, with limits on how long a request's headers, and reading an answer, may take."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from inventory.gateway.metrics import CONNECTIONS_CLOSED

HEAD_SECONDS: Final = 20.0
"""Time from a connection's start, or from the first byte of a further request, to the end of the headers, s."""

STALLED_SECONDS: Final = 30.0
"""How long a client may read nothing of its answer, s."""


class BoundedProtocol(H11Protocol):
    """Closes a connection whose request does not begin in time, or whose answer is not read.

    uvicorn itself would wait forever in both cases.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    max_connections = 1000
    stalled_seconds = STALLED_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._idle_since = time.monotonic()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request; beyond the limit of connections, a waiting one is closed."""
        super().connection_made(transport)
        self._watch_head()
        if len(self.connections) > self.max_connections:
            CONNECTIONS_CLOSED.inc()
            _close(self._longest_idle().transport)

    def _longest_idle(self) -> H11Protocol:
        """Return the connection that has waited longest for a request; if all others are busy, this one."""
        idle = (each for each in self.connections if isinstance(each, BoundedProtocol) and each.is_idle)
        return min(idle, key=lambda each: each._idle_since, default=self)

    @property
    def is_idle(self) -> bool:
        """Whether no request is in progress."""
        return self.conn.their_state is h11.IDLE and not self.transport.is_closing()

    def on_response_complete(self) -> None:
        """Start being idle."""
        super().on_response_complete()
        self._idle_since = time.monotonic()

    def data_received(self, data: bytes) -> None:
        """Process received data; further bytes of an unfinished header do not extend its time."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and data:
            self._watch_head()
        else:
            self._unwatch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unwatch_head()
        self._unwatch_stall()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start waiting for the client to read."""
        super().pause_writing()
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(self.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue sending: the client reads."""
        self._unwatch_stall()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle for too long, whether its last answer was read completely or not."""
        if not self.transport.is_closing() and self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def _unwatch_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _watch_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _unwatch_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


def limited_to(connections: int, *, stalled_seconds: float = STALLED_SECONDS) -> type[BoundedProtocol]:
    """Return the protocol of a server that keeps at most ``connections`` connections.

    Args:
        connections: maximum number.
        stalled_seconds: how long a client may read nothing of its answer, s.
    """
    limits = {"max_connections": connections, "stalled_seconds": stalled_seconds}
    return type("LimitedProtocol", (BoundedProtocol,), limits)


def _close(transport: asyncio.Transport) -> None:
    """Close a connection immediately; otherwise it would stay open until its client has read everything."""
    if transport.get_write_buffer_size():
        transport.abort()
    else:
        transport.close()
