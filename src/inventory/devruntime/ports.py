"""Loopback ports: finds free ones, and reports taken ones."""

from __future__ import annotations

import errno
import socket
from collections.abc import Container
from typing import Final

from inventory.errors import SettingsError
from inventory.process.addresses import family_of

LOOPBACK = "127.0.0.1"

_LAST: Final = 65535


def free_port(host: str = LOOPBACK) -> int:
    """Return a TCP port that is free at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Return whether binding ``host:port`` would fail because another process listens there."""
    with socket.socket(family_of(host), socket.SOCK_STREAM) as probe:
        # Sockets of an earlier run in TIME_WAIT do not count as listeners.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return True
            raise SettingsError(f"Cannot listen on {host}:{port}: {exc.strerror}", field="port") from exc
    return False


def next_free(port: int, *, avoid: Container[int]) -> int:
    """Return the first free port above ``port`` that is not in ``avoid``; at the next start, it is the same again."""
    return (
        next((each for each in range(port + 1, _LAST + 1) if each not in avoid and not is_taken(each)), None)
        or free_port()
    )


def require_free(port: int, *, purpose: str, setting: str, host: str = LOOPBACK) -> None:
    """Raise if ``host:port`` is taken.

    Args:
        port: the TCP port.
        purpose: what it is for, such as "the gRPC server".
        setting: the option or environment variable with which another port can be chosen.

    Raises:
        SettingsError: another process listens there, or the port cannot be bound.
    """
    try:
        if not is_taken(port, host):
            return
        reason, mend = "is taken", f"Stop what listens there, or choose another port with {setting}."
    except SettingsError as exc:
        reason, mend = f"cannot be used ({exc.__cause__})", f"Choose another port with {setting}."
    raise SettingsError(f"Port {port} on {host} {reason}, so {purpose} cannot use it. {mend}", field=setting)
