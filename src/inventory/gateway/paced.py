"""Answers that are sent no faster than their client reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from inventory.process.memory_budget import WAIT_SECONDS, BudgetSpentError, Holding

CHUNK_BYTES: Final = 64 * 1024
"""How much is sent at once; the next part waits until the connection accepts more."""
_POLL_SECONDS: Final = 0.02


async def hold(held: Holding, size: int) -> None:
    """Hold ``size`` bytes, or at most the whole budget, once others have released them.

    Raises:
        BudgetSpentError: they were not released in time.
    """
    for _ in range(round(WAIT_SECONDS / _POLL_SECONDS)):
        if held.try_hold(size):
            return
        await asyncio.sleep(_POLL_SECONDS)
    raise BudgetSpentError


class PacedResponse(Response):
    """An answer that is sent in parts; ``sent`` is called once it is sent, or its client has disconnected.

    The protocol disconnects a client that does not read, so that no answer stays in memory forever.
    """

    sent: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (ASGI's signature)
        """See ASGI."""
        body = memoryview(self.body)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for at in range(0, len(body), CHUNK_BYTES):
                last = at + CHUNK_BYTES >= len(body)
                part = bytes(body[at : at + CHUNK_BYTES])
                await send({"type": "http.response.body", "body": part, "more_body": not last})
        finally:
            if self.sent is not None:
                self.sent()
