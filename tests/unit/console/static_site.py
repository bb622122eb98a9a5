"""The console over an API that answers what a test says, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.datastructures import Headers

from inventory.console.api import ApiError
from inventory.console.pages import ALL
from inventory.console.rendering import environment
from inventory.console.routes import console_routes
from inventory.console.visit import Options, Site

Answer = dict[str, Any] | ApiError
"""What a method answers, or how it fails."""


_TEMPLATES: Final = environment()


class StaticApi:
    """Answers at once, but for the slow methods, which never do; keeps what was asked.

    Attributes:
        calls: each method and its request.
        is_refusing: whether the server reports that it is not serving.
    """

    TRANSACTION_HEADER = "X-Transaction-Id"

    def __init__(self, answers: Mapping[str, Any], slow: tuple[str, ...] = ()) -> None:
        """Prepare.

        Args:
            answers: by method; a function gets the request.
            slow: methods that do not answer.
        """
        self.answers, self.slow = answers, slow
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.is_refusing = False

    def transaction_id(self, _headers: Headers) -> str:
        return "tnx-1"

    @contextmanager
    def admitted(self, _host: str) -> Iterator[None]:
        yield

    async def call(self, name: str, request: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        self.calls.append((name, request))
        if name in self.slow:
            await asyncio.sleep(60)
        given = self.answers.get(name, {})
        answer: Answer = given(request) if callable(given) else given
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def refuses(self) -> bool:
        return self.is_refusing

    def takes_domain(self, _name: str) -> bool:
        return False

    def served(self, *_: Any) -> None:
        pass


def visit(path: str, api: StaticApi, *, asks_for_token: bool = False) -> httpx.Response:
    """Return what a browser without cookies gets at a path."""

    async def get() -> httpx.Response:
        options = Options(asks_for_token=asks_for_token, version="1")
        app = Starlette(routes=console_routes(Site(api, options, _TEMPLATES), ALL))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path)

    return asyncio.run(get())
