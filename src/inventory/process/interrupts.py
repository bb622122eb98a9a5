"""Ctrl-C, and child processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


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
