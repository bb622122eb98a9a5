"""Ctrl-C, and child processes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType
from typing import Final, NoReturn

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
_SIGNALED: Final = 128
"""Added to the number of a signal, the exit code of a command that it ended, as shells report it."""


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Make processes that are started within the block ignore SIGINT permanently.

    A terminal sends Ctrl-C to all of them, but their parent stops them. A child that receives it while Python is
    importing would end with a traceback. A signal to this thread meanwhile is delivered after the block.
    """
    # If multiprocessing first has to start its resource tracker, it unblocks signals in between.
    resource_tracker.ensure_running()
    with without_interrupts():
        yield


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Block SIGINT for this thread within the block, and for processes that are forked within it permanently."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise ``SystemExit`` within the block, so that it cleans up as it does after Ctrl-C.

    A further one does not interrupt the cleanup. Outside the main thread, which no signal reaches, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(signum: int, _: FrameType | None) -> NoReturn:
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(_SIGNALED + signum)

    before = {each: signal.getsignal(each) for each in _ENDING}
    for each, handler in before.items():
        # With nohup, the end of the terminal is ignored.
        if handler is not signal.SIG_IGN:
            signal.signal(each, end)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
