"""What accompanies a call's request: transaction_id, token, deadline."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, field
from typing import Final

import grpc

from inventory.observe.traceparent import TRACEPARENT, trace_id, valid

MAX_TRANSACTION_ID: Final = 128
"""Longest transaction_id accepted from a caller; a longer or unprintable one is replaced."""

MAX_TOKEN: Final = 16 * 1024
"""Longest token that is accepted."""

_FOREVER_SECONDS: Final = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class CallContext:
    """What accompanies a call's request.

    Attributes:
        transaction_id: the caller's, else the trace id of its traceparent, else a new one.
        token: the caller's token, or empty; never logged.
        deadline: by ``time.monotonic()``; infinity if the caller waits forever.
        peer: the caller's address, such as ``ipv4:127.0.0.1:50000``.
        traceparent: the caller's trace, in version 00 of W3C's format; empty if there is none, or more than one.
    """

    transaction_id: str
    token: str = field(default="", repr=False)
    deadline: float = math.inf
    peer: str = ""
    traceparent: str = ""


def read_context(context: grpc.ServicerContext) -> CallContext:
    """Return what accompanies the call's request."""
    transaction_id = ""
    tokens: set[str] = set()
    traceparents: list[str] = []
    for key, value in context.invocation_metadata():
        if key == "transaction_id" and isinstance(value, str):
            transaction_id = value
        elif key == "token" and isinstance(value, str):
            tokens.add(value)
        elif key == TRACEPARENT and isinstance(value, str):
            traceparents.append(value)
    traceparent = valid(*traceparents)
    if not transaction_id or len(transaction_id) > MAX_TRANSACTION_ID or not transaction_id.isprintable():
        # The trace id of W3C's traceparent: newer services send only that (contract, section 1).
        transaction_id = trace_id(traceparent) or new_transaction_id()
    # With several tokens, a proxy may have checked a different one than this service would: so none is used.
    token = tokens.pop() if len(tokens) == 1 else ""
    return CallContext(transaction_id, token, _deadline(context.time_remaining()), context.peer(), traceparent)


def _deadline(remaining: float | None) -> float:
    # grpcio expresses a missing deadline in two ways: None, or several centuries.
    return math.inf if remaining is None or remaining > _FOREVER_SECONDS else time.monotonic() + remaining


def new_transaction_id() -> str:
    """Return a new transaction_id."""
    # It need not be unpredictable, only different; the system's random numbers would cost a system call each.
    return f"tnx-{random.getrandbits(48):012x}"
