"""Reads a request's body within its limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from inventory.gateway.errors import RequestTooLargeError


async def read_body(request: Request, limit: int, reserve: Callable[[int], Awaitable[None]]) -> bytes:
    """Return the body.

    An excess of up to the same size again is read and discarded, so that a client that sends before it reads still
    receives the answer; a body announced to be larger than that is not read at all.

    Args:
        limit: maximum size, bytes.
        reserve: called with the size so far, bytes; nothing more is read before it returns.

    Raises:
        RequestTooLargeError: the body is larger.
        starlette.requests.ClientDisconnect: the client has disconnected.
    """
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > 2 * limit:
        raise RequestTooLargeError(limit=f"{limit} bytes in one request")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            await reserve(size)
            chunks.append(chunk)
        elif size > 2 * limit:
            break
        else:
            chunks.clear()
    if size > limit:
        raise RequestTooLargeError(limit=f"{limit} bytes in one request")
    return b"".join(chunks)
