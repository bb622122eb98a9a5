"""Ctrl-C, and processes that are started by others."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Let processes that are started within the block hear no SIGINT, ever.

    A terminal sends Ctrl-C to all of them. Who starts them stops them; one that hears of it while Python still
    imports it ends with a traceback. What this thread is sent meanwhile arrives after the block.
    """
    # Where multiprocessing has to start this process of its own first, it lets signals through again in between.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
