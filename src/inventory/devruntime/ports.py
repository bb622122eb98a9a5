"""Loopback ports: a free one, and a clear word about a taken one."""

from __future__ import annotations

import errno
import socket

from inventory.errors import SettingsError
from inventory.process.addresses import family_of

LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK) -> int:
    """Return a TCP port on which nobody listens at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether binding ``host:port`` would fail because somebody else listens there."""
    with socket.socket(family_of(host), socket.SOCK_STREAM) as probe:
        # Sockets in TIME_WAIT of an earlier run must not look like a listener; a listener still does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return True
            raise SettingsError(f"Cannot listen on {host}:{port}: {exc.strerror}", field="port") from exc
    return False


def usual_or_free(port: int, *, chosen: bool) -> int:
    """Return ``port`` if it is free, else any that is.

    Args:
        port: the usual one; 0 for any.
        chosen: whether somebody asked for just this one, which is returned as it is.
    """
    return port if port and (chosen or not is_taken(port)) else free_port()


def require_free(port: int, *, purpose: str, setting: str, host: str = LOOPBACK) -> None:
    """Raise if ``host:port`` is taken.

    Args:
        port: the TCP port.
        purpose: what it is wanted for, as in "the gRPC server".
        setting: the option or environment variable that names another port.

    Raises:
        SettingsError: somebody listens there, or the port cannot be bound at all.
    """
    if is_taken(port, host):
        raise SettingsError(
            f"Port {port} on {host} is taken, so {purpose} cannot use it. "
            f"Stop what listens there, or choose another port with {setting}.",
            field=setting,
        )
