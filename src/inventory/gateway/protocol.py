"""HTTP/1.1 as uvicorn speaks it, and a bound on how long a request's head may take."""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 20.0
"""From a connection's start, or a request's first byte on one that is kept, to the end of its headers, s."""


class BoundedProtocol(H11Protocol):
    """Closes a connection whose request does not begin in time: uvicorn itself would wait for its headers for ever."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; each further byte of a head that goes on buys no more time."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and data:
            self._watch_head()
        else:
            self._unwatch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unwatch_head()
        super().connection_lost(exc)

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
