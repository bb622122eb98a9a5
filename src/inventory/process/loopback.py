"""What an address tells about who is behind it."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

_IPV6_PREFIX: Final = 64
"""Bits of an IPv6 address that one subscriber shares: the rest are its own to choose."""


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach ``host``, and only this machine can come from there."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def network_of(host: str) -> str:
    """Return what calls from ``host`` are counted by: an IPv4 address, the network of an IPv6 one, else ``host``."""
    address = _address(host)
    if address is None:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
