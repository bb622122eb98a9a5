"""The API as the console sees it: the gateway provides it over its connection to the server."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from starlette.datastructures import Headers

Json = dict[str, Any]

UNAUTHENTICATED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404


class ApiError(Exception):
    """The API refused, or could not be asked.

    Attributes:
        status: the HTTP status that says so.
        code: ``ERROR_*``.
        message: in words, without the code.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message

    @property
    def needs_domain(self) -> bool:
        """Whether the caller must say which domain is meant."""
        return self.code == "ERROR_REQUIRED_PARAMETER" and "domain_id" in self.message


class Api(Protocol):
    """What the gateway lends."""

    def admitted(self, host: str) -> AbstractContextManager[None]:
        """Count a request while it is in work.

        Args:
            host: the client's address; empty where it is unknown.

        Raises:
            ApiError: there are too many, or the client asks too often.
        """

    TRANSACTION_HEADER: str

    def transaction_id(self, headers: Headers) -> str:
        """Return the transaction_id of a request, made where it names none."""

    async def call(
        self, name: str, request: Mapping[str, Any], *, token: str, transaction_id: str, seconds: float | None = None
    ) -> Json:
        """Call a method and return its answer, keys as in the .proto, unset and zero fields left out.

        Args:
            name: such as ``Collector.list``.
            request: its fields.
            token: the caller's; empty for none.
            transaction_id: of the visit.
            seconds: how long it may take; absent: as long as the gateway allows.

        Raises:
            ApiError: it failed.
        """

    def takes_domain(self, name: str) -> bool:
        """Return whether requests of the method name a domain."""

    def served(self, page: str, status: int, seconds: float, size: int, transaction_id: str) -> None:
        """Count and log a page that was answered."""
