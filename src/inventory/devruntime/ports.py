"""Loopback ports: finds free ones, and reports taken ones."""

from __future__ import annotations

import errno
import socket

from inventory.errors import SettingsError
from inventory.process.addresses import family_of

LOOPBACK = "127.0.0.1"


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


def usual_or_free(port: int, *, chosen: bool) -> int:
    """Return ``port`` if it is free, else any free port.

    Args:
        port: the default port; 0 for any.
        chosen: whether the user chose this port; then it is returned unchecked.
    """
    return port if port and (chosen or not is_taken(port)) else free_port()


def require_free(port: int, *, purpose: str, setting: str, host: str = LOOPBACK) -> None:
    """Raise if ``host:port`` is taken.

    Args:
        port: the TCP port.
        purpose: what it is for, such as "the gRPC server".
        setting: the option or environment variable with which another port can be chosen.

    Raises:
        SettingsError: another process listens there, or the port cannot be bound.
    """
    if is_taken(port, host):
        raise SettingsError(
            f"Port {port} on {host} is taken, so {purpose} cannot use it. "
            f"Stop what listens there, or choose another port with {setting}.",
            field=setting,
        )
