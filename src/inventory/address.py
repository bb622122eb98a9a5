"""The host of the settings: how a socket takes it, how it is written, and where a caller on this machine finds it."""

from __future__ import annotations

import socket
from typing import Final

_ANY: Final = ("", "0.0.0.0", "::")  # noqa: S104 (compared with, not bound)


def bare(host: str) -> str:
    """Return the host as sockets take it: an IPv6 address without brackets."""
    return host.strip("[]")


def family_of(host: str) -> socket.AddressFamily:
    """Return the address family of a socket that listens on ``host``."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def host_port(host: str, port: int) -> str:
    """Return the address as gRPC and URLs write it: an IPv6 address in brackets."""
    return f"[{bare(host)}]:{port}" if ":" in host else f"{host}:{port}"


def reachable(host: str) -> str:
    """Return the host, bare, at which this machine reaches what listens on ``host``.

    What listens on ``::`` takes IPv4 as well, and a container without IPv6 has no ``::1``.
    """
    return "127.0.0.1" if bare(host) in _ANY else bare(host)
