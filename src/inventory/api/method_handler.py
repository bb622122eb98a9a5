"""One method as seen from the network: bytes in, bytes or an error out.

What all methods share happens here, in this order: transaction_id and deadline, authentication, rate limit, parsing and
decoding, domain, permission, required fields, and a turn for potentially slow calls; then the method; then the access
log. grpcio passes and receives bytes, so that a malformed request is reported as the caller's error and not as an
internal one.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.message import Message
from structlog.contextvars import bind_contextvars, clear_contextvars

from inventory.api import status
from inventory.api.admission.seat import CallSeat, current_seat
from inventory.api.interceptors.authentication import Authenticator, Caller
from inventory.api.interceptors.authorization import Authorizer, bind_domain, domain_to_ask_about
from inventory.api.interceptors.context import CallContext, read_context
from inventory.api.interceptors.limits import counted_as, turn_of
from inventory.api.interceptors.system_callers import SystemCallers
from inventory.api.metrics import Meter
from inventory.api.policy import PUBLIC, Policy
from inventory.domain.clock import SystemClock
from inventory.domain.principal import Principal
from inventory.domain.rate_limit import RateLimit
from inventory.errors import InventoryError, RequestTimeoutError, UnknownError
from inventory.model.time_limit import time_limit
from inventory.observe import tracing
from inventory.observe.logs import frequent, get_logger
from inventory.process.memory_budget import FREE_BYTES, SIZE_METADATA, Holding, MemoryBudget, hold, holding
from inventory.protobuf import compression
from inventory.protobuf import requests as codec

log = get_logger(__name__)

DecodedRequest: TypeAlias = dict[str, Any]
"""A decoded request, without ``domain_id``, which is part of the principal."""

Method = Callable[[Principal, DecodedRequest], bytes]
"""A servicer's method: the request is decoded; it calls the use case and presents the result."""


def _nothing(_domain_id: str) -> None:
    """Do nothing."""


LARGE_BYTES: Final = 64 * 1024
"""Size above which the cost of decoding a request is unknown, bytes: up to half a second, depending on its content."""
_decoding: Final = threading.Lock()
"""Large requests are decoded one at a time: Python code runs in one thread at a time anyway, and short calls wait a
switch interval for each thread that computes."""
_MEMORY_BYTES: Final = 256 * 1024 * 1024
_REQUEST_WEIGHT: Final = 8
"""Bytes of memory per byte of a large request: the request, its message, and the dicts made of it."""
_ANSWER_WEIGHT: Final = 2
"""Bytes of memory per byte of an answer being sent: ours, and grpc's copy."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks before every method."""

    authenticator: Authenticator
    authorizer: Authorizer
    rate_limit: RateLimit
    after_write: Callable[[str], None] = _nothing
    """Called with the domain after each call that may have written there, before it is answered."""
    system_callers: SystemCallers = field(default_factory=lambda: SystemCallers(SystemClock()))
    """Callers exempt from ``rate_limit``."""
    memory: MemoryBudget = field(default_factory=lambda: MemoryBudget(_MEMORY_BYTES))
    """The memory that all calls of the process may hold together."""
    max_request_bytes: int = 16 * 1024 * 1024
    """Maximum size of a decompressed request."""
    change_seconds: float = math.inf
    """Deadline of a change whose caller sets none, s: nothing else ends one that MongoDB blocks."""
    plugin_seconds: float = 0.0
    """How much longer a change may take that asks a plugin, s."""


class MethodHandler:
    """A method behind its gate, in the form that grpcio calls."""

    def __init__(
        self,
        policy: Policy,
        request_type: type[Message],
        method: Method,
        gate: Gate,
        is_heavy: Callable[[DecodedRequest], bool] = lambda _request: False,
    ) -> None:
        self._policy = policy
        self._changes = policy.changes
        self._request_type = request_type
        self._method = method
        self._gate = gate
        self._is_heavy = is_heavy
        self._meter = Meter(policy.method)
        more = gate.plugin_seconds if policy.asks_plugin else 0.0
        self._longest_seconds = gate.change_seconds + more if policy.changes else math.inf

    def __call__(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer one call; a failure aborts it with its status."""
        started = time.perf_counter()
        self._meter.begin()
        call = self._bounded(read_context(context))
        seat = current_seat()
        if seat is not None:
            seat.attach(context)
        bind_contextvars(transaction_id=call.transaction_id)
        held = (seat and seat.take_holding()) or Holding(self._gate.memory)
        answer: bytes | InventoryError = b""
        try:
            with tracing.served(self._policy.method, call.traceparent, transaction_id=call.transaction_id):
                with holding(held):
                    answer = self._answer(data, call, seat)
                if not isinstance(answer, bytes):
                    tracing.failed(answer.code)
            self._log(started, call, answer)
        finally:
            clear_contextvars()
            size = len(answer) if isinstance(answer, bytes) else 0
            if held.size or size > FREE_BYTES:
                _keep_until_sent(held, size, context)
        if isinstance(answer, bytes):
            if size > FREE_BYTES:
                _announce(size, context)
            return answer
        failure = status.answer(answer, transaction_id=call.transaction_id)
        context.set_trailing_metadata(failure.metadata)
        context.abort(failure.code, failure.details)
        raise AssertionError("abort always raises")

    def _bounded(self, call: CallContext) -> CallContext:
        """Return the call with a deadline of ours if it changes something and its caller set none."""
        if call.deadline < math.inf or self._longest_seconds == math.inf:
            return call
        return replace(call, deadline=time.monotonic() + self._longest_seconds)

    def _answer(self, data: bytes, call: CallContext, seat: CallSeat | None) -> bytes | InventoryError:
        try:
            return self._run(data, call, seat)
        except InventoryError as exc:
            if status.status_of(exc) is grpc.StatusCode.INTERNAL:
                # Without the traceback: the cause of a plugin's failure may quote what was sent to it.
                log.warning("call_failed", method=self._policy.method, code=exc.code, reason=exc.message)
            return exc
        except Exception:  # the outermost frame of a call: nothing internal may leak
            log.exception("call_failed_unexpectedly", method=self._policy.method)
            return UnknownError(transaction_id=call.transaction_id)

    def _run(self, data: bytes, call: CallContext, seat: CallSeat | None) -> bytes:
        policy = self._policy
        if call.deadline <= time.monotonic():
            raise RequestTimeoutError(reason="the caller's deadline has passed")
        if policy.scope == PUBLIC:
            codec.parse(self._request_type, self._decompress(data))
            return self._method(Principal(domain_id="", transaction_id=call.transaction_id), {})
        caller = self._gate.authenticator.authenticate(call.token)
        bind_contextvars(user_id=caller.user_id)
        if seat is not None:
            seat.principal = turn_of(caller, call.peer)
        name = "" if caller in self._gate.system_callers else counted_as(caller, call.peer)
        if name:
            self._gate.rate_limit.take(name)
        if seat is not None and (len(data) > LARGE_BYTES or compression.window_of(data)):
            seat.take_heavy_turn(call.deadline)
        request = self._decoded(data)
        caller.check_permission(policy.permission)
        principal = self._principal(call, caller, request)
        policy.check_required(request)
        if seat is not None and self._is_heavy(request):
            seat.take_heavy_turn(call.deadline)
        with time_limit(principal.remaining_seconds()):
            if not self._changes:
                return self._method(principal, request)
            try:
                return self._method(principal, request)
            finally:
                self._gate.after_write(principal.domain_id)

    def _decoded(self, data: bytes) -> DecodedRequest:
        data = self._decompress(data)
        hold(len(data) * _REQUEST_WEIGHT)
        with _decoding if len(data) > LARGE_BYTES else contextlib.nullcontext():
            return codec.decode(codec.parse(self._request_type, data))

    def _decompress(self, data: bytes) -> bytes:
        if not compression.window_of(data):
            return data
        most = self._gate.max_request_bytes
        hold(min(len(data) * compression.MAX_RATIO, most))
        return compression.decompress(data, most)

    def _principal(self, call: CallContext, caller: Caller, request: DecodedRequest) -> Principal:
        requested = request.pop("domain_id", "")
        principal = Principal(
            domain_id=domain_to_ask_about(caller, requested),
            user_id=caller.user_id,
            token=call.token,
            transaction_id=call.transaction_id,
            deadline=call.deadline,
        )
        allowed = self._gate.authorizer.authorize(principal, caller, self._policy, request)
        self._gate.system_callers.note(caller, allowed.role_type)
        allowed = bind_domain(allowed, caller, requested)
        bind_contextvars(domain_id=allowed.domain_id)
        return allowed

    def _log(self, started: float, call: CallContext, answer: bytes | InventoryError) -> None:
        outcome: Mapping[str, Any]
        if isinstance(answer, bytes):
            outcome = {"status": "OK", "bytes": len(answer)}
        else:
            outcome = {"status": status.status_of(answer).name, "code": answer.code}
        seconds = time.perf_counter() - started
        self._meter.end(outcome["status"], seconds)
        frequent(__name__, "call", method=self._policy.method, peer=call.peer, ms=round(seconds * 1000, 2), **outcome)


def _announce(size: int, context: grpc.ServicerContext) -> None:
    """Announce the size of an answer before sending it."""
    with contextlib.suppress(grpc.RpcError):  # the caller has gone
        context.send_initial_metadata(((SIZE_METADATA, str(size)),))


def _keep_until_sent(held: Holding, size: int, context: grpc.ServicerContext) -> None:
    """Hold an answer's memory until it is sent; a client that reads slowly, or not at all, keeps it in memory."""
    held.shrink(size * _ANSWER_WEIGHT)
    held.try_hold(size * _ANSWER_WEIGHT)  # the answer exists already: refusing it now would free nothing
    if held.size and not context.add_callback(held.release):
        held.release()
