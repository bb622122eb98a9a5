"""MongoDB works for a caller no longer than the caller waits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Final, TypeVar

import mongoengine
import pymongo
from mongoengine.connection import get_connection
from structlog.contextvars import bind_contextvars, get_contextvars

from inventory.observe import tracing

T = TypeVar("T")

LEAST_SECONDS: Final = 0.1
"""The least time that MongoDB gets for a caller, s: a connection that is given up while it waits for an answer is lost,
so that callers with hardly any time would cost more connections than work."""
MOST_SECONDS: Final = 86_400.0
"""The longest limit that is told, s: MongoDB takes no number beyond 25 days."""
FINISH_SECONDS: Final = 30.0
"""How long the rest of a change may take, s, once it has begun."""

_limited: ContextVar[bool] = ContextVar("limited", default=False)
_known: tuple[object, bool] = (None, False)
"""What the driver knew of its servers when it was last asked, and whether one of them takes writes."""


def is_limited() -> bool:
    """Tell whether ``time_limit`` holds here."""
    return _limited.get()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let every operation within, reads and writes alike, tell MongoDB to give up after what is left of ``seconds``.

    The driver then waits that long for a server that it has lost, and repeats what failed on the way. While it knows
    of no server to write to, nothing is limited: the connection's own, shorter limit tells callers so.

    Args:
        seconds: how long the caller still waits; infinity for no limit.
    """
    if math.isinf(seconds) or not _has_writable_server():
        yield
        return
    token = _limited.set(True)
    try:
        with pymongo.timeout(min(max(seconds, LEAST_SECONDS), MOST_SECONDS)):
            yield
    finally:
        _limited.reset(token)


@contextmanager
def query_limit(seconds: float) -> Iterator[None]:
    """Let a query within take no longer than ``seconds``, however long its caller waits.

    Goes beside an explicit ``maxTimeMS``, which the driver passes over where ``time_limit`` holds.
    """
    if not _limited.get():
        yield
        return
    with pymongo.timeout(seconds):
        yield


def finish(work: Callable[[], T]) -> T:
    """Do the rest of a change that has begun: within ``FINISH_SECONDS``, whatever is left of the caller's time."""
    if not _limited.get():
        return work()
    bound, traced = get_contextvars(), tracing.kept()

    def limited() -> T:
        bind_contextvars(**bound)
        with traced, time_limit(FINISH_SECONDS):
            return work()

    # Nested limits only ever shorten, so the work gets a context in which there is none.
    return Context().run(limited)


def _has_writable_server() -> bool:
    global _known
    try:
        description = get_connection("default").topology_description
    except mongoengine.ConnectionFailure:
        return False
    # The driver makes a new description for every change; looking into one takes as long as all else here.
    if description is not _known[0]:
        _known = (description, bool(description.has_writable_server()))
    return _known[1]
