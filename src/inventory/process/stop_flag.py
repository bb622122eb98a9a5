"""An event that a signal handler may set."""

from __future__ import annotations

import math
import os
import select
import signal
import threading
import time
from typing import Final

_HANDLERS_SECONDS: Final = 0.5
"""How often a wait lets signal handlers run, s. The system may give a signal to any thread, such as one that does not
have to be resumed first; that does not interrupt the main thread, the only one on which Python runs handlers."""


class StopFlag(threading.Event):
    """Tells threads to stop; once set, it stays set.

    A signal handler runs on the main thread, between any two of its steps. If that thread is inside the lock of a plain
    event at that moment, for example in a loop that waits, setting the event there waits for that lock forever. This
    event has no lock: setting it writes to a pipe that nobody reads, and waiting polls that pipe.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_set = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def is_set(self) -> bool:
        """Return whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Set it, from any thread or signal handler."""
        if not self._is_set:
            self._is_set = True
            os.write(self._writer, b"!")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for at most ``timeout`` seconds; return whether it is."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        while not self._is_set and (left := end - time.monotonic()) > 0:
            poll.poll(min(left, _HANDLERS_SECONDS) * 1000)
        return self._is_set

    def set_by_signals(self) -> None:
        """Let SIGTERM and SIGINT set it."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: self.set())

    def __del__(self) -> None:
        os.close(self._reader)
        os.close(self._writer)
