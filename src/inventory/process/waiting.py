"""Waiting for another service: the waiting call says so, and others may use its turn meanwhile.

Connectors know when they wait, and processes know what a waiting thread costs. This module connects the two: a process
that counts its threads gives each a ``Seat``; a connector wraps the wait in ``waiting``. If a thread has no seat, as in
the scheduler or a command, nothing happens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

OnCancel = Callable[[Callable[[], object]], None]
"""Receives a function that ends the wait; it is called, from another thread, if nobody waits for the answer anymore."""


class Seat(Protocol):
    """The turn of the call that runs on this thread."""

    def waiting(self, *, bounded: bool) -> AbstractContextManager[OnCancel]:
        """Give the turn to others within the block, and take one again at its end.

        Args:
            bounded: whether the wait may take minutes, so that only a limited number of calls may do so at a time.

        Raises:
            LimitExceededError: the limit of waiting calls is reached.
        """


class _Here(threading.local):
    seat: Seat | None = None


_here = _Here()


def sit(seat: Seat | None) -> None:
    """Set the seat of this thread, or None."""
    _here.seat = seat


def seat() -> Seat | None:
    """Return the seat of this thread."""
    return _here.seat


def waiting(*, bounded: bool = False) -> AbstractContextManager[OnCancel]:
    """Return a context in which this thread waits for another service; see ``Seat.waiting``."""
    here = _here.seat
    return nullcontext(_never) if here is None else here.waiting(bounded=bounded)


def _never(_cancel: Callable[[], object]) -> None:
    """Used without a seat, where nobody cancels."""
