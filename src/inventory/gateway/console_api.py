"""What the gateway provides to the console: calls over its connection to the server, within its limits."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf.message_factory import GetMessageClass
from starlette.datastructures import Headers

from inventory.console.api import ApiError, Json
from inventory.domain.rate_limit import RateLimit
from inventory.errors import InventoryError, LimitExceededError, RequestTimeoutError, UnknownError
from inventory.gateway import codec, headers, metrics
from inventory.gateway.errors import HttpError, refusal
from inventory.gateway.paced import hold
from inventory.gateway.route_handler import CALL_MARGIN_SECONDS, INLINE_BYTES, Load, RequestLimits, failure
from inventory.gateway.upstream import Upstream
from inventory.observe import tracing
from inventory.observe.logs import get_logger
from inventory.observe.traceparent import TRACEPARENT
from inventory.process.loopback import is_loopback, network_of
from inventory.process.memory_budget import Holding, MemoryBudget
from inventory.protobuf.answers import plain
from inventory.protobuf.api_files import all_methods

log = get_logger(__name__)

REPORT_SECONDS: Final = 1.0
"""How long the server's report that it is serving, or is not, is reused, s."""
_ANSWER_WEIGHT: Final = 6
"""Bytes of memory per byte of an answer: the answer, its message, and the objects of the page."""


@dataclass(eq=False)
class ConsoleApi:
    """Implements :class:`inventory.console.api.Api`.

    Args:
        load: of all requests, including the API's.
        memory: what all requests and answers may hold together.
    """

    TRANSACTION_HEADER = headers.TRANSACTION_HEADER

    upstream: Callable[[], Upstream]
    limits: RequestLimits
    load: Load
    rate_limit: RateLimit
    memory: MemoryBudget
    _refuses: bool = field(default=False, init=False)
    _asked_again_at: float = field(default=0.0, init=False)

    def transaction_id(self, given: Headers) -> str:
        """See ``Api``."""
        return headers.transaction_id(given)

    @contextmanager
    def admitted(self, host: str) -> Iterator[None]:
        """See ``Api``."""
        self.load.count += 1
        try:
            with metrics.IN_PROGRESS.track_inprogress():
                try:
                    if self.load.count > self.limits.concurrent:
                        raise LimitExceededError(limit="concurrent requests")
                    if host and not is_loopback(host):
                        self.rate_limit.take(network_of(host))
                except InventoryError as exc:
                    raise _api_error(refusal(exc, "")) from exc
                yield
        finally:
            self.load.count -= 1

    async def refuses(self) -> bool:
        """See ``Api``."""
        if time.monotonic() >= self._asked_again_at:
            self._asked_again_at = time.monotonic() + REPORT_SECONDS
            self._refuses = await self.upstream().serving() is False
        return self._refuses

    def takes_domain(self, name: str) -> bool:
        """See ``Api``."""
        return "domain_id" in all_methods()[name].input_type.fields_by_name

    async def call(
        self, name: str, request: Mapping[str, Any], *, token: str, transaction_id: str, seconds: float | None = None
    ) -> Json:
        """See ``Api``."""
        timeout = min(seconds or self.limits.seconds, self.limits.seconds)
        held = Holding(self.memory)
        try:
            async with asyncio.timeout(timeout + CALL_MARGIN_SECONDS):
                return await self._call(name, request, token, transaction_id, timeout, held)
        except TimeoutError:
            raise _api_error(refusal(RequestTimeoutError(), transaction_id)) from None
        except InventoryError as exc:
            raise _api_error(refusal(exc, transaction_id)) from None
        except grpc.aio.AioRpcError as exc:
            raise _api_error(failure(exc, transaction_id)) from None
        finally:
            held.release()

    async def _call(
        self, name: str, request: Mapping[str, Any], token: str, transaction_id: str, timeout: float, held: Holding
    ) -> Json:
        method = all_methods()[name]
        metadata = [("transaction_id", transaction_id)]
        if token:
            metadata.append(("token", token))
        if traceparent := tracing.current():
            metadata.append((TRACEPARENT, traceparent))
        try:
            body = json.dumps(request, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, UnicodeEncodeError):
            raise UnknownError(transaction_id=transaction_id) from None
        answer = await self.upstream().call(
            f"/{method.containing_service.full_name}/{method.name}",
            codec.parse_request(method.input_type, body),
            metadata=metadata,
            timeout=timeout,
            reserve=lambda size: hold(held, size * _ANSWER_WEIGHT),
        )
        read = GetMessageClass(method.output_type).FromString
        found: Json = (
            plain(read(answer)) if len(answer) <= INLINE_BYTES else await asyncio.to_thread(lambda: plain(read(answer)))
        )
        return found

    def served(self, page: str, status: int, seconds: float, size: int, transaction_id: str) -> None:
        """See ``Api``."""
        name = f"console.{page}"
        metrics.REQUESTS.labels(name, str(int(status))).inc()
        metrics.SECONDS.labels(name).observe(seconds)
        metrics.RESPONSE_BYTES.inc(size)
        ms = round(seconds * 1000, 2)
        log.info("request", method=name, status=int(status), ms=ms, bytes=size, transaction_id=transaction_id)


def _api_error(error: HttpError) -> ApiError:
    return ApiError(error.status, error.code, error.message)
