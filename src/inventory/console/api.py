"""The API as the console uses it: the gateway provides it over its connection to the server."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from starlette.datastructures import Headers

from inventory.domain.plain import Json as Json

UNAUTHENTICATED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404


class ApiError(Exception):
    """The API refused, or was unreachable.

    Attributes:
        status: the corresponding HTTP status.
        code: ``ERROR_*``.
        message: the text without the code.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message

    @property
    def needs_domain(self) -> bool:
        """Whether the caller must choose a domain."""
        return self.code == "ERROR_REQUIRED_PARAMETER" and "domain_id" in self.message


NOT_SERVING: Final = ApiError(
    503,
    "ERROR_CONNECTION",
    "The server does not answer, or reports that it cannot serve: usually since MongoDB is unreachable.",
)


class Api(Protocol):
    """What the gateway provides."""

    def admitted(self, host: str) -> AbstractContextManager[None]:
        """Count a request while it is being handled.

        Args:
            host: the client's address; empty if unknown.

        Raises:
            ApiError: there are too many requests, or the client exceeds its rate.
        """

    TRANSACTION_HEADER: str

    def transaction_id(self, headers: Headers) -> str:
        """Return the transaction_id of a request; a new one if it has none."""

    async def call(
        self, name: str, request: Mapping[str, Any], *, token: str, transaction_id: str, seconds: float | None = None
    ) -> Json:
        """Call a method and return its answer, with the keys of the .proto and without unset and zero fields.

        Args:
            name: such as ``Collector.list``.
            token: the caller's; empty for none.
            transaction_id: of the visit.
            seconds: how long it may take; absent: as long as the gateway allows.

        Raises:
            ApiError: it failed.
        """

    async def refuses(self) -> bool:
        """Return whether the server was unreachable a moment ago, or reported that it is not serving.

        It is not while it cannot reach MongoDB, or is not migrated: calls would wait until they time out.
        """

    def takes_domain(self, name: str) -> bool:
        """Return whether requests of the method name a domain."""

    def served(self, page: str, status: int, seconds: float, size: int, transaction_id: str) -> None:
        """Count and log a page that was answered."""
