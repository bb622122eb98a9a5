"""One call to another service: its deadline, metadata, retries, and translated errors."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import grpc

from inventory.connector.grpc.errors import About, error_code, platform_error
from inventory.connector.grpc.metrics import PlatformCall
from inventory.domain.principal import Principal
from inventory.errors import InventoryError, RequestTimeoutError
from inventory.observe.logs import get_logger
from inventory.process.waiting import seat, waiting

_log = get_logger(__name__)

RequestT = TypeVar("RequestT", contravariant=True)
ResponseT = TypeVar("ResponseT", covariant=True)

ATTEMPTS: Final = 3
BACKOFF_SECONDS: Final = 0.1
"""Wait before the second attempt; four times as long before each further one, minus a random part."""


class StubMethod(Protocol[RequestT, ResponseT]):
    """A method of a generated stub."""

    def __call__(
        self, request: RequestT, /, *, timeout: float | None = None, metadata: tuple[tuple[str, str], ...] | None = None
    ) -> ResponseT: ...


def metadata_of(principal: Principal | None) -> tuple[tuple[str, str], ...]:
    """Return the metadata that is passed on: the caller's token and transaction_id."""
    if principal is None:
        return ()
    pairs = (("token", principal.token), ("transaction_id", principal.transaction_id))
    # Metadata must be printable ASCII; grpc would raise otherwise.
    return tuple((key, value) for key, value in pairs if value and value.isascii() and value.isprintable())


def deadline_of(timeout_seconds: float, principal: Principal | None) -> float:
    """Return how long a call may take, in seconds: the lesser of its own limit and the caller's remaining time."""
    return min(timeout_seconds, principal.remaining_seconds() if principal is not None else math.inf)


def status_of(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """Return status and details of a failed call."""
    if isinstance(error, grpc.Call):
        return error.code() or grpc.StatusCode.UNKNOWN, error.details() or ""
    return grpc.StatusCode.UNKNOWN, ""


def ask(
    method: StubMethod[RequestT, ResponseT],
    request: RequestT,
    *,
    timeout: float,
    metadata: tuple[tuple[str, str], ...],
    long: bool = False,
) -> ResponseT:
    """Return the answer of another service; the call answered on this thread gives up its turn meanwhile.

    Args:
        method: a unary method of a stub.
        timeout: how long it may take, s.
        metadata: sent with the request.
        long: whether it may take minutes: it is then canceled as soon as nobody waits for our own answer.

    Raises:
        LimitExceededError: too many calls wait for minutes already.
        RequestTimeoutError: nobody waits any more.
        grpc.RpcError: raised by the service.
    """
    with waiting(bounded=long) as on_cancel:
        future = getattr(method, "future", None) if long and seat() is not None else None
        if future is None:
            return method(request, timeout=timeout, metadata=metadata)
        # grpc's futures need a thread and take twice as long, but can be canceled from another thread.
        call = future(request, timeout=timeout, metadata=metadata)
        on_cancel(call.cancel)
        try:
            answer: ResponseT = call.result()
        except grpc.FutureCancelledError:
            raise RequestTimeoutError(reason="the caller has canceled") from None
        return answer


@dataclass(kw_only=True, eq=False)
class ServiceClient:
    """Calls idempotent methods of one platform service; UNAVAILABLE is retried within the deadline.

    Args:
        service: its name, for errors and log lines.
        timeout_seconds: how long a call may take, including all attempts.
        sleep: waits between attempts.
        long: whether a call may take minutes, see ``ask``.
    """

    service: str
    timeout_seconds: float
    sleep: Callable[[float], None] = time.sleep
    long: bool = False

    def call(
        self,
        method: StubMethod[RequestT, ResponseT],
        request: RequestT,
        principal: Principal | None,
        *,
        key: str,
        value: str,
    ) -> ResponseT:
        """Return the answer.

        Args:
            method: a unary method of a stub.
            principal: whose token, transaction_id and deadline are used; None: none.
            key: the field that names the requested object.

            Raises:
            InventoryError: according to the table in :mod:`inventory.connector.grpc.errors`.
        """
        about = About(service=self.service, key=key, value=value)
        call = PlatformCall(self.service)
        metadata = metadata_of(principal) + call.trace.metadata
        end = time.monotonic() + deadline_of(self.timeout_seconds, principal)
        attempt = 1
        while True:
            left = end - time.monotonic()
            if left <= 0:
                call.end(grpc.StatusCode.DEADLINE_EXCEEDED.name)
                raise RequestTimeoutError(reason=f"no time left to ask the {self.service} service")
            try:
                answer = ask(method, request, timeout=left, metadata=metadata, long=self.long)
                call.end(grpc.StatusCode.OK.name)
                return answer
            except grpc.RpcError as exc:
                status, details = status_of(exc)
                wait = _backoff(attempt)
                if status is grpc.StatusCode.UNAVAILABLE and attempt < ATTEMPTS and time.monotonic() + wait < end:
                    with waiting():
                        self.sleep(wait)
                    attempt += 1
                    continue
                call.end(status.name)
                self._log_attempt(status, error_code(details), attempt, principal)
                raise platform_error(status, details, about) from exc
            except InventoryError:
                call.end(grpc.StatusCode.CANCELLED.name)
                raise

    def _log_attempt(self, status: grpc.StatusCode, code: str, attempt: int, principal: Principal | None) -> None:
        # Only the code: the text quotes the request, which contains unchecked values of clients.
        _log.info(
            "platform_call_failed",
            service=self.service,
            status=status.name,
            code=code,
            attempts=attempt,
            platform_transaction_id=principal.transaction_id if principal is not None else "",
        )


def _backoff(attempt: int) -> float:
    return BACKOFF_SECONDS * 4.0 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)
