"""Addresses: the configured host in the forms of sockets, gRPC and URLs, and endpoints as people write them."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import Final

_ANY: Final = ("", "0.0.0.0", "::")  # noqa: S104 (compared with, not bound)
_WRITTEN: Final = re.compile(r"(?:(grpc|grpc\+ssl)://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")

_ENDPOINT: Final = re.compile(r"([a-z+]+://[^/]+)(?:/[\w./-]*)?")


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address.

    Attributes:
        target: ``host:port``.
    """

    target: str
    secure: bool


def parse(text: str) -> Address | None:
    """Return the address in ``host:port``, ``grpc://host:port`` or ``grpc+ssl://host:port``; None if it is invalid."""
    found = _WRITTEN.fullmatch(text)
    if found is None or not 0 < int(found[3]) < 65536:
        return None
    return Address(target=f"{found[2]}:{int(found[3])}", secure=found[1] == "grpc+ssl")


def parse_endpoint(text: str) -> Address | None:
    """Return the address in ``grpc://host:port`` or ``grpc+ssl://host:port``, the form used for plugins and services.

    A path after it is ignored. None: the text is no such address.
    """
    found = _ENDPOINT.fullmatch(text)
    return parse(found[1]) if found else None


def bare(host: str) -> str:
    """Return the host as sockets expect it: an IPv6 address without brackets."""
    return host.strip("[]")


def family_of(host: str) -> socket.AddressFamily:
    """Return the address family of a socket that listens on ``host``."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def host_port(host: str, port: int) -> str:
    """Return the address as gRPC and URLs write it: an IPv6 address in brackets."""
    return f"[{bare(host)}]:{port}" if ":" in host else f"{host}:{port}"


def reachable(host: str) -> str:
    """Return the host, without brackets, at which this machine reaches a listener on ``host``.

    A listener on ``::`` also accepts IPv4, and a container without IPv6 has no ``::1``.
    """
    return "127.0.0.1" if bare(host) in _ANY else bare(host)
