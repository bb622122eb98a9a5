"""Paths that are not methods: health, metrics, the description of the API and the page that displays it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as PageRoute

from inventory.errors import ConnectionFailureError
from inventory.gateway.openapi.document import Schema
from inventory.gateway.openapi.texts import static_file
from inventory.gateway.upstream import Upstream
from inventory.observe.page_owner import PageOwner

_JSON: Final = "application/json"
_STATIC: Final = {
    "/docs": ("docs.html", "text/html"),
    "/docs/docs.js": ("docs.js", "text/javascript"),
    "/docs/docs.css": ("docs.css", "text/css"),
}
_STATIC_HEADERS: Final = {
    # The page displays answers of the API, so it may run only its own script and contact only this server.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def pages(
    *,
    description: Schema,
    upstream: Callable[[], Upstream],
    owner: PageOwner,
    draining: Callable[[], bool] = lambda: False,
    registry: CollectorRegistry = REGISTRY,
) -> list[BaseRoute]:
    """Return the pages.

    Args:
        description: of the API, in OpenAPI.
        upstream: gives the connection to the server.
        draining: tells whether the process is about to stop.
        registry: what ``/metrics`` shows.
    """
    content = json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()

    async def openapi_json(_request: Request) -> Response:
        return Response(content, media_type=_JSON, headers={"Cache-Control": "no-cache"})

    async def healthz(_request: Request) -> Response:
        return _health(owner, "alive", 200, {})

    async def readyz(_request: Request) -> Response:
        if draining():
            return _health(owner, "draining", 503, {})
        if await upstream().serving():
            return _health(owner, "ready", 200, {"server": "ok"})
        return _health(owner, "not ready", 503, {"server": ConnectionFailureError.code})

    async def metrics(_request: Request) -> Response:
        text = await asyncio.to_thread(generate_latest, registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    made: list[BaseRoute] = [
        PageRoute("/openapi.json", openapi_json),
        PageRoute("/healthz", healthz),
        PageRoute("/livez", healthz),
        PageRoute("/readyz", readyz),
        PageRoute("/metrics", metrics),
    ]
    return made + [_static(path, *file) for path, file in _STATIC.items()]


def _health(owner: PageOwner, status: str, code: int, checks: dict[str, str]) -> Response:
    body = json.dumps({"status": status, "checks": checks, **owner.members()}).encode()
    return Response(body, status_code=code, media_type=_JSON)


def _static(path: str, name: str, media_type: str) -> PageRoute:
    content = static_file(name)

    async def page(_request: Request) -> Response:
        return Response(content, media_type=media_type, headers=_STATIC_HEADERS)

    return PageRoute(path, page)
