"""Keeps pages of other sites from using a gateway that requires no token.

A browser on the user's machine reaches the gateway for any page it shows. Such a page can post, and, if its host name
resolves to this machine (DNS rebinding), also read the answers. With tokens this is harmless: the page knows none, and
the console's cookies are not sent to another name. Without, the guard refuses by headers that the page cannot set:
``Host``, ``Origin`` and ``Sec-Fetch-Site`` (https://www.w3.org/TR/fetch-metadata/). Programs send the first only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from inventory.errors import InventoryError
from inventory.gateway.errors import ForeignHostError, ForeignSiteError, MalformedHostError
from inventory.process.loopback import is_loopback

ASSETS: Final = "/console/"
"""Path of style sheet and script, which are the same for everybody and needed by the page of a refusal."""
_OWN: Final = ("same-origin", "none")
"""``Sec-Fetch-Site`` of a page of this origin, and of what the user typed or opened as a bookmark."""

Refuse = Callable[[Request, InventoryError], Awaitable[Response]]


class OriginGuard:
    """An ASGI application before another one.

    Args:
        app: the application to guard.
        open_to_all: whether callers need no token.
        loopback_only: whether only this machine may connect, so that another name in ``Host`` is an attack.
        refuse: returns the response to a refused request.
    """

    def __init__(self, app: ASGIApp, *, open_to_all: bool, loopback_only: bool, refuse: Refuse) -> None:
        self._app = app
        self._open_to_all = open_to_all
        self._loopback_only = loopback_only
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            try:
                self._check(request)
            except InventoryError as error:
                response = await self._refuse(request, error)
                return await response(scope, receive, send)
        return await self._app(scope, receive, send)

    def _check(self, request: Request) -> None:
        host = request.headers.get("Host")
        name = _name(host)
        if not self._open_to_all or request.scope["path"].startswith(ASSETS):
            return
        if self._loopback_only and host is not None and not _is_this_machine(name):
            raise ForeignHostError
        if not _is_own(request) and not _is_visit(request):
            raise ForeignSiteError


def _name(host: str | None) -> str:
    try:
        return urlsplit(f"//{host or ''}").hostname or ""
    except ValueError:
        raise MalformedHostError from None


def _is_this_machine(name: str) -> bool:
    """Return whether every browser resolves the name to this machine, whatever a name server says (RFC 6761)."""
    return is_loopback(name) or name.endswith(".localhost")


def _is_own(request: Request) -> bool:
    """Return whether a request comes from a page of this origin, or from no page."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OWN
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("Host", "")


def _is_visit(request: Request) -> bool:
    """Return whether the user follows a link of another site: the response is shown, and that site cannot read it."""
    return request.method in ("GET", "HEAD") and (
        request.headers.get("Sec-Fetch-Mode") == "navigate" and request.headers.get("Sec-Fetch-Dest") == "document"
    )
