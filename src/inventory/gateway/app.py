"""The gateway as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as MethodRoute

from inventory.console.api import ApiError
from inventory.console.pages import ALL
from inventory.console.rendering import compile_first_page, environment
from inventory.console.routes import console_routes, no_such_page, refused_page
from inventory.console.visit import Options, Site
from inventory.domain.clock import SystemClock
from inventory.domain.rate_limit import RateLimit
from inventory.errors import InventoryError
from inventory.gateway import headers
from inventory.gateway.console_api import ConsoleApi
from inventory.gateway.errors import MalformedHostError, UnsupportedApiError, refusal
from inventory.gateway.openapi.document import openapi
from inventory.gateway.origin_guard import OriginGuard, Refuse
from inventory.gateway.pages import pages
from inventory.gateway.route_handler import Load, RequestLimits, RouteHandler, error_response
from inventory.gateway.routes import routes
from inventory.gateway.upstream import Upstream
from inventory.observe.page_owner import PageOwner
from inventory.process.memory_budget import MemoryBudget
from inventory.process.tls import TlsFiles
from inventory.settings import Settings
from inventory.settings.installation import gateway_mark, server_address
from inventory.version import package_version


def build_app(settings: Settings, *, draining: Callable[[], bool] = lambda: False) -> Starlette:
    """Return the application; it connects to the server when it starts.

    Args:
        settings: the server's address, sizes, times.
        draining: returns whether the process is about to stop.

    Raises:
        SettingsError: the server's address is invalid, or a certificate cannot be read.
    """
    address = server_address(settings)
    credentials = TlsFiles.of(settings).credentials() if address.secure else None
    opened: list[Upstream] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        opened.append(Upstream(address, credentials=credentials, max_answer_bytes=settings.max_message_bytes))
        # Beside the first calls: the start does not wait for it.
        compiling = asyncio.create_task(asyncio.to_thread(compile_first_page, environment()))
        try:
            yield
        finally:
            await compiling
            await opened.pop().close()

    def upstream() -> Upstream:
        return opened[-1]

    limits = RequestLimits(
        seconds=settings.gateway_timeout_seconds,
        request_bytes=settings.max_request_bytes,
        concurrent=settings.max_concurrent_rpcs,
    )
    load, served = Load(), routes()
    # With tokens, the server counts each user's calls; without, it cannot distinguish the gateway's clients.
    open_to_all = settings.authentication == "none"
    rate_limit = RateLimit(settings.rate_limit_per_second if open_to_all else 0.0, SystemClock())
    memory = MemoryBudget(settings.memory_budget_bytes)
    methods: list[BaseRoute] = [
        MethodRoute(
            route.path, RouteHandler(route, upstream, limits, load, rate_limit, memory).answer, methods=["POST"]
        )
        for route in served
    ]
    description = openapi(served, version=package_version())
    owner = PageOwner("gateway", gateway_mark(settings))
    options = Options(asks_for_token=not open_to_all, version=package_version())
    site = Site(ConsoleApi(upstream, limits, load, rate_limit, memory), options, environment())
    app = Starlette(
        routes=[
            *methods,
            *pages(description=description, upstream=upstream, owner=owner, draining=draining),
            *console_routes(site, ALL),
        ],
        lifespan=lifespan,
        middleware=[
            Middleware(
                OriginGuard,
                open_to_all=open_to_all,
                loopback_only=open_to_all and not settings.allow_unauthenticated_remote,
                refuse=_refused_by_guard(site),
            )
        ],
        exception_handlers={HTTPException: _unrouted(site)},
    )
    app.router.redirect_slashes = False
    return app


def _unrouted(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler for requests that match no route: an unknown path or an unsupported HTTP method."""

    async def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        transaction_id = headers.transaction_id(request.headers)
        if _is_browser(request):
            response = await no_such_page(site, request, transaction_id, status)
        else:
            reason = "no such path" if status != 405 else "the path does not support this HTTP method"
            response = error_response(refusal(UnsupportedApiError(reason=reason), transaction_id, status=status))
        allowed = (error.headers or {}).get("Allow") if isinstance(error, HTTPException) else None
        if allowed:
            response.headers["Allow"] = allowed
        response.headers[headers.TRANSACTION_HEADER] = transaction_id
        return response

    return answer


def _refused_by_guard(site: Site) -> Refuse:
    """Return the function that responds to requests of other sites."""

    async def answer(request: Request, error: InventoryError) -> Response:
        transaction_id = headers.transaction_id(request.headers)
        refused = refusal(error, transaction_id)
        # With a malformed host, no page can be made: it would not know its own URL.
        if _accepts_pages(request) and not isinstance(error, MalformedHostError):
            response = refused_page(
                site, request, transaction_id, ApiError(refused.status, refused.code, refused.message)
            )
        else:
            response = error_response(refused)
        response.headers[headers.TRANSACTION_HEADER] = transaction_id
        return response

    return answer


def _is_browser(request: Request) -> bool:
    """Return whether a person is viewing a page, as opposed to a program calling a method."""
    return _accepts_pages(request) and not request.url.path.startswith("/inventory/")


def _accepts_pages(request: Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")
