"""Limits MongoDB's work for a caller to the time that the caller waits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Final, TypeVar

import pymongo
from structlog.contextvars import bind_contextvars, get_contextvars

from inventory.model.driver import wait_for_server
from inventory.observe import tracing

T = TypeVar("T")

LEAST_SECONDS: Final = 0.1
"""Minimum time that MongoDB gets for a caller, s. A connection that is abandoned while waiting for an answer is lost,
so callers with hardly any time left would cost more connections than work."""
MOST_SECONDS: Final = 86_400.0
"""Maximum time limit that is sent, s: MongoDB accepts at most about 25 days."""
FINISH_SECONDS: Final = 30.0
"""How long the rest of a change that has begun may take, s."""

_limited: ContextVar[bool] = ContextVar("limited", default=False)


def is_limited() -> bool:
    """Return whether ``time_limit`` applies here."""
    return _limited.get()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit every operation within the block, reads and writes, to the remainder of ``seconds``.

    The driver then retries failed operations until that has passed. A lost server is waited for no longer than the
    connection's own limit (``BoundedClient``).

    Args:
        seconds: how long the caller will wait; infinity for no limit.
    """
    if math.isinf(seconds):
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
    """Limit a query within the block to ``seconds``, however long its caller waits.

    Used beside an explicit ``maxTimeMS``, which the driver ignores if ``time_limit`` applies.
    """
    if not _limited.get():
        yield
        return
    with pymongo.timeout(seconds):
        yield


def finish(work: Callable[[], T]) -> T:
    """Do the rest of a change that has begun: within ``FINISH_SECONDS``, whatever remains of the caller's time.

    It also waits that long for a lost server: an election takes longer than a call that has not begun should wait.
    """
    if not _limited.get():
        return work()
    bound, traced = get_contextvars(), tracing.kept()

    def limited() -> T:
        bind_contextvars(**bound)
        wait_for_server()
        with traced, time_limit(FINISH_SECONDS):
            return work()

    # Nested limits can only shorten, so the work gets a context without one.
    return Context().run(limited)
