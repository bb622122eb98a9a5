"""Whose calls are counted together, for the limit of calls per second."""

from __future__ import annotations

from urllib.parse import unquote

from inventory.api.interceptors.authentication import Caller
from inventory.process.loopback import is_loopback, network_of


def counted_as(caller: Caller, peer: str) -> str:
    """Return under which name a call is counted; empty: it is not.

    A user is counted, wherever it calls from. Nobody in particular is counted by the address; on this machine not even
    that: there, the gateway calls for all of its clients (and counts these itself), and whoever may run programs can
    do worse than call often.

    Args:
        caller: as authenticated.
        peer: where the call comes from, such as ``ipv4:127.0.0.1:50000``.
    """
    if caller.user_id:
        return f"{caller.domain_id}/{caller.user_id}"
    host = host_of(peer)
    return "" if is_loopback(host) else network_of(host)


def turn_of(caller: Caller, peer: str) -> str:
    """Return whose turn a call takes where calls wait for each other; never empty, unlike ``counted_as``.

    Nobody in particular is told apart by the address, and on this machine by the connection.

    Args:
        caller: as authenticated.
        peer: where the call comes from, such as ``ipv4:127.0.0.1:50000``.
    """
    return counted_as(caller, peer) or peer


def host_of(peer: str) -> str:
    """Return the address in grpcio's name of a peer: ``ipv6:%5B::1%5D:50000`` → ``::1``."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return peer
    return unquote(rest).rpartition(":")[0].strip("[]")
