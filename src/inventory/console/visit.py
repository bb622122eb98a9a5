"""One request of a browser: who asks, the API's answers, and the resulting page."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inventory.console import session as sessions
from inventory.console.answers import Answers, key_of
from inventory.console.api import FORBIDDEN, NOT_SERVING, UNAUTHENTICATED, Api, ApiError, Json
from inventory.console.session import Session

PATIENCE_SECONDS: Final = 0.06
"""How long a page waits for a potentially slow part, s; after that the page fetches the part separately."""
WAIT: Final = "wait"
"""A URL parameter: the page should wait for all its parts."""
PART_SECONDS: Final = 25.0
"""How long such a part waits, s."""

_WAITED_IN_VAIN: Final = (429, 504)

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Cookie, Accept-Encoding",
}
_COMPRESSED_FROM: Final = 1_000
_MOST_ROWS: Final = 2**31 - 1
"""The number of the last row that the API can skip to."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the console needs to know about its gateway.

    Attributes:
        asks_for_token: whether callers are authenticated.
        version: of the package.
    """

    asks_for_token: bool
    version: str


@dataclass(frozen=True, slots=True)
class Site:
    """What all visits share."""

    api: Api
    options: Options
    templates: Environment
    answers: Answers = field(default_factory=Answers)


class Visit:
    """A request, and what its page needs.

    Args:
        transaction_id: for all calls of the page.
        form: the posted form; empty for a read-only page.
        now: the current time, with a time zone.
    """

    def __init__(
        self,
        site: Site,
        request: Request,
        transaction_id: str,
        form: Mapping[str, str] | None = None,
        now: datetime | None = None,
    ) -> None:
        self.site = site
        self.request = request
        self.transaction_id = transaction_id
        self.session: Session = sessions.session_of(request)
        self.form = form or {}
        self.now = now or datetime.now(UTC)

    @property
    def path(self) -> str:
        """The path of the page."""
        return self.request.url.path

    def text(self, name: str, default: str = "") -> str:
        """Return a URL parameter."""
        return self.request.query_params.get(name, default)

    def texts(self, name: str) -> list[str]:
        """Return all non-empty values of a URL parameter."""
        return [value for value in self.request.query_params.getlist(name) if value]

    def whole(self, name: str, default: int, *, least: int = 1, most: int = 2**31 - 1) -> int:
        """Return an integer URL parameter, within bounds; the default if it is invalid."""
        given = self.text(name)
        return min(max(int(given), least), most) if given.isdecimal() and len(given) < 10 else default

    def first_row(self, limit: int, name: str = "page") -> int:
        """Return the number of the first row of the page that a URL parameter names, from 1.

        Args:
            limit: rows per page.
            name: of the parameter.
        """
        return (self.whole(name, 1, most=_MOST_ROWS // limit) - 1) * limit + 1

    def field(self, name: str) -> str:
        """Return a field of the posted form, without surrounding blanks."""
        return self.form.get(name, "").strip()

    def url(self, **changes: Any) -> str:
        """Return this page's URL with some parameters changed: None removes one, a list repeats it."""
        return self.link(self.path, **changes)

    def link(self, path: str, /, **changes: Any) -> str:
        """Return the URL of ``path`` with this page's parameters, some changed as in :meth:`url`."""
        kept = [(key, value) for key, value in self.request.query_params.multi_items() if key not in {*changes, WAIT}]
        for key, value in changes.items():
            if value is not None and value != "":
                kept += [(key, str(one)) for one in value] if isinstance(value, list | tuple) else [(key, str(value))]
        return f"{path}?{urlencode(kept)}" if kept else path

    # Calls to the API

    async def call(self, name: str, /, **request: Any) -> Json:
        """Call a method as the visitor, in the chosen domain.

        Raises:
            ApiError: it failed.
        """
        self._require_token()
        return await self._ask(name, self._filled(name, request))

    async def allowed(self, name: str, /, **request: Any) -> Json | None:
        """Call a method; return None if the visitor lacks the permission.

        Raises:
            ApiError: it failed otherwise.
        """
        try:
            return await self.call(name, **request)
        except ApiError as error:
            if error.status != FORBIDDEN:
                raise
            return None

    async def soon(self, name: str, /, *, wait: bool = False, fresh: bool = False, **request: Any) -> Json | None:
        """Call a potentially slow method; return None if it is, while it continues.

        Args:
            name: the method.
            wait: whether this request shows nothing else, and therefore waits.
            fresh: whether no slow answer of a moment ago may be reused.

        Raises:
            ApiError: it failed.
        """
        filled = self._filled(name, request)
        self._require_token()

        async def call() -> Json:
            return await self._ask(name, filled)

        seconds = PART_SECONDS if self.waits(wait) else PATIENCE_SECONDS
        if fresh:
            try:
                return await asyncio.wait_for(call(), seconds)
            except TimeoutError:
                return None
        return await self.site.answers.ask(key_of(self.session.token, name, filled), call, seconds)

    async def _ask(self, name: str, request: Json) -> Json:
        try:
            return await self.site.api.call(name, request, token=self.session.token, transaction_id=self.transaction_id)
        except ApiError as error:
            # While MongoDB does not answer, calls wait: they time out, and too many of them wait at once.
            if error.status in _WAITED_IN_VAIN and await self.site.api.refuses():
                raise NOT_SERVING from error
            raise

    def waits(self, wait: bool = False) -> bool:
        """Return whether this request waits for slow answers: since it shows nothing else, or since its URL says so."""
        return wait or bool(self.text(WAIT))

    def _require_token(self) -> None:
        """Raise, without asking a server that may be slow, if callers are authenticated and nobody is signed in."""
        if self.site.options.asks_for_token and not self.session.token:
            raise ApiError(UNAUTHENTICATED, "ERROR_AUTHENTICATE_FAILURE", "Nobody is signed in.")

    def _filled(self, name: str, request: Mapping[str, Any]) -> Json:
        filled = {key: value for key, value in request.items() if value is not None}
        if self.session.domain_id and self.site.api.takes_domain(name):
            filled.setdefault("domain_id", self.session.domain_id)
        return filled

    # Responses to the browser

    def render(self, template: str, /, status: int = 200, **context: Any) -> Response:
        """Return a page."""
        claims = sessions.claims_of(self.session.token) if self.session.token else {}
        content = self.site.templates.get_template(template).render(
            visit=self,
            now=self.now,
            console=self.site.options,
            user=str(claims.get("aud") or claims.get("user_id") or "") if claims else "",
            csrf=self.session.csrf,
            **context,
        )
        return self.answer(content.encode("utf-8", "replace"), "text/html", status=status)

    def answer(self, content: bytes, media_type: str, *, status: int = 200, filename: str = "") -> Response:
        """Return content of any type, compressed if the browser accepts that, as a download if it has a name."""
        headers = dict(HEADERS)
        if filename:
            headers["Content-Disposition"] = f'attachment; filename="{filename}"'
        if len(content) >= _COMPRESSED_FROM and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content, compresslevel=5, mtime=0)
            headers["Content-Encoding"] = "gzip"
        response = Response(content, status_code=status, media_type=media_type, headers=headers)
        sessions.keep(response, self.request, self.session)
        return response

    def go(self, path: str, said: str = "") -> Response:
        """Redirect the browser after a write to a page that shows what was done."""
        target = path if is_local(path) else "/"
        response = RedirectResponse(target, status_code=303, headers=HEADERS)
        sessions.keep(response, self.request, self.session)
        if said:
            sessions.flash(response, self.request, said)
        return response


def is_local(path: str) -> bool:
    """Return whether ``path`` stays on this host in every browser's interpretation."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return plain and path.startswith("/") and not path.startswith("//")
