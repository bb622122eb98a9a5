"""Which calls are counted together for the limit of calls per second."""

from __future__ import annotations

from urllib.parse import unquote

from inventory.api.interceptors.authentication import Caller
from inventory.process.loopback import is_loopback, network_of


def counted_as(caller: Caller, peer: str) -> str:
    """Return the key by which a call is counted; empty if it is not counted.

    Users are counted wherever they call from. Anonymous callers are counted by address, but not on this machine: there,
    the gateway calls for all its clients and counts them itself, and whoever can run programs here can do worse than
    call too often.

    Args:
        caller: the authenticated caller.
        peer: the caller's address, such as ``ipv4:127.0.0.1:50000``.
    """
    if caller.user_id:
        return f"{caller.domain_id}/{caller.user_id}"
    host = host_of(peer)
    return "" if is_loopback(host) else network_of(host)


def turn_of(caller: Caller, peer: str) -> str:
    """Return the key by which calls take turns; unlike that of ``counted_as``, never empty.

    Anonymous callers are distinguished by address, and on this machine by connection.

    Args:
        caller: the authenticated caller.
        peer: the caller's address, such as ``ipv4:127.0.0.1:50000``.
    """
    return counted_as(caller, peer) or peer


def host_of(peer: str) -> str:
    """Return the address in grpcio's name of a peer: ``ipv6:%5B::1%5D:50000`` → ``::1``."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return peer
    return unquote(rest).rpartition(":")[0].strip("[]")
