"""Reading a request's body within its limit."""

from __future__ import annotations

from starlette.requests import Request

from inventory.gateway.errors import RequestTooLargeError


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body.

    A body that is too large is read on for as much again and thrown away, so that a client that sends before it
    listens still hears the answer; one that is announced to be larger than that is not read at all.

    Args:
        request: whose.
        limit: bytes.

    Raises:
        RequestTooLargeError: it is larger.
        starlette.requests.ClientDisconnect: the client went away.
    """
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > 2 * limit:
        raise RequestTooLargeError(limit=f"{limit} bytes in one request")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > 2 * limit:
            break
        else:
            chunks.clear()
    if size > limit:
        raise RequestTooLargeError(limit=f"{limit} bytes in one request")
    return b"".join(chunks)
