"""File descriptors: raising the limit, and a listener that survives running out of them."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
import time
from typing import Final

from inventory.observe.logs import get_logger
from inventory.observe.metrics import ACCEPTS_FAILED

log = get_logger(__name__)

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
REPORT_SECONDS: Final = 1.0
"""How often to log that no connection can be accepted, s."""
_PAUSE_SECONDS: Final = 0.01
"""How long to wait when a connection cannot even be refused, s; without it, the process would retry in a busy loop."""
KEPT_FREE: Final = 64
"""Descriptors reserved for everything except client connections: files, MongoDB, other services."""


def raise_limit() -> int:
    """Raise this process's limit of descriptors to its maximum, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def connection_limit(most: int) -> int:
    """Return how many connections this process may keep: ``most``, or fewer if it has too few descriptors."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if soft == resource.RLIM_INFINITY else max(min(most, soft - KEPT_FREE), 1)


class Listener(socket.socket):
    """A listening socket that refuses connections instead of failing when descriptors run out.

    A connection that is not accepted stays in the queue and wakes whoever waits for the socket again and again. So one
    descriptor is kept in reserve: it is released to accept the connection, which is then closed.
    """

    def __init__(self, family: int, type: int = socket.SOCK_STREAM, proto: int = 0, fileno: int | None = None) -> None:
        super().__init__(family, type, proto, fileno)
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)
        self._reported_at = -REPORT_SECONDS
        self._refused = 0

    def accept(self) -> tuple[socket.socket, object]:
        """Return the next connection.

        Raises:
            BlockingIOError: there is no connection, or it was refused.
        """
        try:
            return super().accept()
        except OSError as exc:
            if exc.errno not in EXHAUSTED:
                raise
            self._refuse(exc)
            raise BlockingIOError(errno.EAGAIN, "refused") from None

    def close(self) -> None:
        """Close the socket."""
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        super().close()

    def _refuse(self, exc: OSError) -> None:
        ACCEPTS_FAILED.inc()
        self._refused += 1
        if time.monotonic() - self._reported_at >= REPORT_SECONDS:
            log.error("connections_refused", reason=exc.strerror, refused=self._refused)
            self._reported_at, self._refused = time.monotonic(), 0
        if self._spare is None:
            time.sleep(_PAUSE_SECONDS)
        else:
            os.close(self._spare)
            self._spare = None
            with contextlib.suppress(OSError):
                super().accept()[0].close()
        with contextlib.suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY)
