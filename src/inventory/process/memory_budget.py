"""How much memory the requests and answers of a process may hold together, and returning freed memory to the system."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from inventory.errors import LimitExceededError

FREE_BYTES: Final = 256 * 1024
"""What a call may hold without being counted, bytes; most calls hold less, and then cost nothing here."""
SIZE_METADATA: Final = "inventory-answer-bytes"
"""Metadata that announces the size of an answer larger than ``FREE_BYTES``, so that memory can be reserved."""
WAIT_SECONDS: Final = 2.0
"""How long a call waits for others to release memory, s."""
TRIM_SECONDS: Final = 1.0
"""Delay between a release and returning free memory to the system, s."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Options of mallopt(3)."""
_MMAP_BYTES: Final = 1024 * 1024
_ARENAS: Final = 2


class BudgetSpentError(LimitExceededError):
    """Requests and answers hold all the memory they may use together; retrying later or asking for less helps."""

    def __init__(self) -> None:
        super().__init__(limit="memory for answers in work: try again, or ask for smaller pages")


class MemoryBudget:
    """Bytes that all calls of a process may hold together.

    Args:
        limit_bytes: the maximum.
        wait_seconds: how long a call waits for others, s.
    """

    def __init__(self, limit_bytes: int, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.limit_bytes = limit_bytes
        self._wait_seconds = wait_seconds
        self._held = 0
        self._given = threading.Condition()
        self._trims_soon = False

    @property
    def held_bytes(self) -> int:
        """Bytes that are held now."""
        return self._held

    def try_take(self, size: int) -> bool:
        """Take ``size`` bytes if available; return whether they were."""
        with self._given:
            if self._held + size > self.limit_bytes:
                return False
            self._held += size
            return True

    def take(self, size: int) -> None:
        """Take ``size`` bytes as soon as they are available.

        Raises:
            BudgetSpentError: others hold too much, and do not release it in time.
        """
        with self._given:
            if not self._given.wait_for(lambda: self._held + size <= self.limit_bytes, self._wait_seconds):
                raise BudgetSpentError
            self._held += size

    def give(self, size: int) -> None:
        """Release ``size`` bytes."""
        with self._given:
            self._held -= size
            self._given.notify_all()
            trims = not self._trims_soon
            self._trims_soon = True
        if trims:
            timer = threading.Timer(TRIM_SECONDS, self._trim)
            timer.daemon = True
            try:
                timer.start()
            except RuntimeError:  # no thread can be started; the next release tries again
                self._trims_soon = False

    def _trim(self) -> None:
        self._trims_soon = False
        trim()


class Holding:
    """The memory that one call holds; used by one thread at a time."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._size = 0

    def hold(self, size: int) -> None:
        """Hold at least ``size`` bytes in total, but never more than the whole budget.

        Raises:
            BudgetSpentError: others hold too much.
        """
        wanted = self._wanted(size)
        if wanted > self._size:
            self._budget.take(wanted - self._size)
            self._size = wanted

    def try_hold(self, size: int) -> bool:
        """Do the same without waiting; return whether it was possible."""
        wanted = self._wanted(size)
        if wanted > self._size:
            if not self._budget.try_take(wanted - self._size):
                return False
            self._size = wanted
        return True

    def _wanted(self, size: int) -> int:
        return 0 if size <= FREE_BYTES else min(size, self._budget.limit_bytes)

    def shrink(self, size: int) -> None:
        """Hold at most ``size`` bytes from now on."""
        if size < self._size:
            self._budget.give(self._size - size)
            self._size = size

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return self._size

    def release(self) -> None:
        """Release everything."""
        self.shrink(0)


_current: ContextVar[Holding | None] = ContextVar("holding", default=None)


@contextlib.contextmanager
def holding(of_call: Holding) -> Iterator[None]:
    """Charge what is read within the block to ``of_call``."""
    token = _current.set(of_call)
    try:
        yield
    finally:
        _current.reset(token)


def hold(size: int) -> None:
    """Make the current call hold ``size`` bytes; outside of calls nothing is counted.

    Raises:
        BudgetSpentError: others hold too much.
    """
    of_call = _current.get()
    if of_call is not None and size > FREE_BYTES:
        of_call.hold(size)


def settle_allocator() -> None:
    """Configure the C library to allocate large blocks separately and use few arenas, so that freed memory is returned.

    By default, glibc keeps an arena per thread and, after a large block was freed, takes further ones from the arenas.
    """
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, _ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _MMAP_BYTES)


def trim() -> None:
    """Free what is only held by reference cycles, and return free memory to the system.

    Calls that fail or are canceled leave cycles of frames and exceptions, which may hold a whole request or answer; an
    idle process would not collect them for a long time.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
