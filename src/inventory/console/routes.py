"""Routes of the console: the outermost frame of a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from inventory.console import failures, rendering
from inventory.console.api import NOT_SERVING, ApiError
from inventory.console.session import is_same_origin
from inventory.console.visit import Site, Visit
from inventory.observe.logs import get_logger

log = get_logger(__name__)

MAX_FORM_BYTES: Final = 1024 * 1024
FORM_SECONDS: Final = 20.0
CSRF_FIELD: Final = "csrf"
_CLIENT_WENT_AWAY: Final = 499
_YEAR: Final = "public, max-age=31536000, immutable"

Show = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A path and its page.

    Attributes:
        path: in Starlette's form.
        name: its name in metrics and the log.
        show: serves a visit; raises ``ApiError`` for errors of the API.
        writes: whether it accepts POST, with a CSRF token; otherwise it is read-only.
        always: whether it also says something useful while the server cannot reach MongoDB.
    """

    path: str
    name: str
    show: Show
    writes: bool = False
    always: bool = False


def console_routes(site: Site, pages: Iterable[ConsolePage]) -> list[BaseRoute]:
    """Return the routes of the pages and their assets."""
    made: list[BaseRoute] = [
        Route(page.path, _endpoint(site, page), methods=["POST"] if page.writes else ["GET"]) for page in pages
    ]
    return made + [_asset(name, media_type) for name, media_type in rendering.ASSETS.items()]


async def no_such_page(site: Site, request: Request, transaction_id: str, status: int) -> Response:
    """Return the page for a path or HTTP method without a route."""
    error = failures.MISSING_PAGE if status != failures.WRONG_VERB else failures.WRONG_VERB_ERROR
    return failures.page_of(Visit(site, request, transaction_id), error)


def refused_page(site: Site, request: Request, transaction_id: str, error: ApiError) -> Response:
    """Return the page for a request that the gateway refuses before it is routed."""
    return failures.page_of(Visit(site, request, transaction_id), error)


def _asset(name: str, media_type: str) -> BaseRoute:
    async def asset(request: Request) -> Response:
        headers = {"Cache-Control": _YEAR, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        content = rendering.packed_asset(name) if packed else rendering.asset(name)
        return Response(content, media_type=media_type, headers=headers)

    return Route(rendering.asset_path(name), asset)


def _endpoint(site: Site, page: ConsolePage) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        began = time.perf_counter()
        transaction_id = site.api.transaction_id(request.headers)
        response = await _answer(site, page, request, transaction_id)
        response.headers[site.api.TRANSACTION_HEADER] = transaction_id
        size = len(getattr(response, "body", b""))
        site.api.served(page.name, response.status_code, time.perf_counter() - began, size, transaction_id)
        return response

    return answer


async def _answer(site: Site, page: ConsolePage, request: Request, transaction_id: str) -> Response:
    visit = Visit(site, request, transaction_id)
    try:
        with site.api.admitted(request.client.host if request.client else ""):
            if not page.always and await site.api.refuses():
                raise NOT_SERVING
            if page.writes:
                visit.form = await _form(visit, request)
                try:
                    return await page.show(visit)
                finally:
                    site.answers.forget(visit.session.token)
            return await page.show(visit)
    except ApiError as error:
        return failures.page_of(visit, error)
    except ClientDisconnect:
        return Response(status_code=_CLIENT_WENT_AWAY)
    except Exception:  # the outermost frame of a request: nothing internal may leak
        log.exception("page_failed_unexpectedly", page=page.name, transaction_id=transaction_id)
        return failures.page_of(visit, failures.unknown(transaction_id))


async def _form(visit: Visit, request: Request) -> Mapping[str, str]:
    """Return a posted form that was sent from a page of this session.

    Raises:
        ApiError: it was not, or the form is invalid or too large.
    """
    if not is_same_origin(request):
        raise failures.FOREIGN_FORM
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise failures.NO_FORM
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_FORM_BYTES:
                    raise failures.LARGE_FORM
    except TimeoutError:
        raise failures.SLOW_FORM from None
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=2000)
    except ValueError:
        raise failures.NO_FORM from None
    form: dict[str, str] = {}
    for name, value in fields:
        # Ticked boxes with the same name form a list; an empty field beside them is sent even if none is ticked.
        form[name] = f"{form[name]},{value}" if form.get(name) else value
    if not visit.session.accepts(form.pop(CSRF_FIELD, "")):
        raise failures.FOREIGN_FORM
    return form
