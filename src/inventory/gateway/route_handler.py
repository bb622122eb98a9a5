"""One method over HTTP: JSON in, the call, JSON out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import grpc
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from inventory.domain.rate_limit import RateLimit
from inventory.errors import InventoryError, LimitExceededError, RequestTimeoutError, UnknownError
from inventory.gateway import codec, headers, metrics
from inventory.gateway.body import read_body
from inventory.gateway.errors import (
    DETAILS_METADATA,
    HTTP_STATUS,
    HttpError,
    RequestTooLargeError,
    SlowRequestError,
    from_rpc,
    refusal,
)
from inventory.gateway.paced import PacedResponse, hold
from inventory.gateway.routes import Route
from inventory.gateway.upstream import Upstream
from inventory.observe import tracing
from inventory.observe.logs import get_logger
from inventory.observe.traceparent import TRACEPARENT
from inventory.process.loopback import is_loopback, network_of
from inventory.process.memory_budget import Holding, MemoryBudget
from inventory.protobuf.answers import to_json

log = get_logger(__name__)

JSON: Final = "application/json"
INLINE_BYTES: Final = 32 * 1024
"""Bodies up to this size are converted inline; larger ones in a thread, so that others need not wait."""

CALL_MARGIN_SECONDS: Final = 1.0
"""How much longer the gateway waits than the server may take, so that the server's own timeout error is returned."""

MIN_CALL_SECONDS: Final = 0.001

_BODY_WEIGHT: Final = 4
"""Bytes of memory per byte of a request's body: the body, its JSON objects, the message, and its bytes."""
_ANSWER_WEIGHT: Final = 4
"""Bytes of memory per byte of the server's answer: the answer, its message, the JSON, and the JSON being sent."""

_CLIENT_WENT_AWAY: Final = HTTP_STATUS[grpc.StatusCode.CANCELLED]


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Limits of a request.

    Attributes:
        seconds: from its headers to its answer.
        request_bytes: size of its body, and of the resulting message.
        concurrent: requests handled at a time; more are refused.
    """

    seconds: float
    request_bytes: int
    concurrent: int


class Load:
    """Counts the requests being handled, of all methods together."""

    def __init__(self) -> None:
        self.count = 0


class RouteHandler:
    """Answers the requests to one route.

    Args:
        rate_limit: limits the requests of one address; the server sees only the gateway's address.
        memory: what all requests and answers may hold together.
    """

    def __init__(
        self,
        route: Route,
        upstream: Callable[[], Upstream],
        limits: RequestLimits,
        load: Load,
        rate_limit: RateLimit,
        memory: MemoryBudget,
    ) -> None:
        self._memory = memory
        self._rate_limit = rate_limit
        self._route = route
        metrics.REQUESTS.labels(route.name, "200")
        metrics.SECONDS.labels(route.name)
        self._upstream = upstream
        self._limits = limits
        self._load = load

    async def answer(self, request: Request) -> Response:
        """Answer the request; every failure is an answer as well."""
        started = time.perf_counter()
        transaction_id = headers.transaction_id(request.headers)
        traceparent = headers.traceparent(request.headers)
        self._load.count += 1
        with metrics.IN_PROGRESS.track_inprogress(), tracing.served(f"POST {self._route.path}", traceparent):
            try:
                answer, code = await self._answer(request, transaction_id)
            finally:
                self._load.count -= 1
            tracing.failed(code)
        answer.headers[headers.TRANSACTION_HEADER] = transaction_id
        answer.headers["Cache-Control"] = "no-store"
        self._note(answer, code, transaction_id, time.perf_counter() - started)
        return answer

    async def _answer(self, request: Request, transaction_id: str) -> tuple[Response, str]:
        """Return the answer and its error code, or an empty code."""
        try:
            return await self._run(request, transaction_id), ""
        except HttpError as exc:
            return error_response(exc), exc.code
        except InventoryError as exc:
            return error_response(refusal(exc, transaction_id)), exc.code
        except grpc.aio.AioRpcError as exc:
            failed = failure(exc, transaction_id)
            return error_response(failed), failed.code
        except ClientDisconnect:
            return Response(status_code=_CLIENT_WENT_AWAY), ""
        except Exception:  # the outermost frame of a request: nothing internal may leak
            log.exception("request_failed_unexpectedly", method=self._route.name, transaction_id=transaction_id)
            unknown = refusal(UnknownError(transaction_id=transaction_id), transaction_id)
            return error_response(unknown), unknown.code

    async def _run(self, request: Request, transaction_id: str) -> Response:
        if self._load.count > self._limits.concurrent:
            raise LimitExceededError(limit="concurrent requests")
        if request.client is not None and not is_loopback(request.client.host):
            self._rate_limit.take(network_of(request.client.host))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.seconds
        metadata = [("transaction_id", transaction_id)]
        if token := headers.token(request.headers):
            metadata.append(("token", token))
        # Passed on unchanged if tracing is off here.
        if traceparent := tracing.current() or headers.traceparent(request.headers):
            metadata.append((TRACEPARENT, traceparent))
        held = Holding(self._memory)
        try:
            async with asyncio.timeout_at(deadline + CALL_MARGIN_SECONDS):
                data = await self._message(request, deadline, held)
                remaining = max(deadline - loop.time(), MIN_CALL_SECONDS)
                answer = await self._upstream().call(
                    self._route.grpc_path,
                    data,
                    metadata=metadata,
                    timeout=remaining,
                    reserve=lambda size: hold(held, size * _ANSWER_WEIGHT),
                )
                await hold(held, len(answer) * _ANSWER_WEIGHT)  # if the server did not announce the size
                text = await _convert(lambda: to_json(self._route.method.output_type, answer), len(answer))
                return _held_until_sent(text, held)
        except BaseException as exc:
            held.release()
            if isinstance(exc, TimeoutError):
                raise RequestTimeoutError from None
            raise

    async def _message(self, request: Request, deadline: float, held: Holding) -> bytes:
        """Return the request's message, and keep nothing else of the request."""
        body = await self._read(request, deadline, held)
        data = await _convert(lambda: codec.parse_request(self._route.method.input_type, body), len(body))
        if len(data) > self._limits.request_bytes:
            raise RequestTooLargeError(limit=f"{self._limits.request_bytes} bytes in one message")
        held.shrink(len(data))
        return data

    async def _read(self, request: Request, deadline: float, held: Holding) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                body = await read_body(
                    request, self._limits.request_bytes, lambda size: hold(held, size * _BODY_WEIGHT)
                )
        except TimeoutError:
            raise SlowRequestError from None
        metrics.REQUEST_BYTES.inc(len(body))
        if body:
            headers.check_body_is_json(request.headers)
        return body

    def _note(self, answer: Response, code: str, transaction_id: str, seconds: float) -> None:
        name, size = self._route.name, len(answer.body)
        metrics.REQUESTS.labels(name, str(int(answer.status_code))).inc()
        metrics.SECONDS.labels(name).observe(seconds)
        metrics.RESPONSE_BYTES.inc(size)
        log.info(
            "request",
            method=name,
            status=int(answer.status_code),
            ms=round(seconds * 1000, 2),
            bytes=size,
            transaction_id=transaction_id,
            **({"code": code} if code else {}),
        )


def error_response(error: HttpError) -> Response:
    """Return the response for an error."""
    answer = Response(error.body(), status_code=error.status, media_type=JSON)
    if error.status == HTTP_STATUS[grpc.StatusCode.UNAUTHENTICATED]:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _held_until_sent(text: bytes, held: Holding) -> Response:
    if not held.size:
        return Response(text, media_type=JSON)
    held.shrink(2 * len(text))
    answer = PacedResponse(text, media_type=JSON)
    answer.sent = held.release
    return answer


async def _convert(convert: Callable[[], bytes], size: int) -> bytes:
    return convert() if size <= INLINE_BYTES else await asyncio.to_thread(convert)


def failure(error: grpc.aio.AioRpcError, transaction_id: str) -> HttpError:
    """Return the error for a call that failed."""
    details = next((value for key, value in error.trailing_metadata() or () if key == DETAILS_METADATA), b"")
    status = error.code()
    return from_rpc(status, error.details() or "", details if isinstance(details, bytes) else b"", transaction_id)
