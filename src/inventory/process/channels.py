"""gRPC channels to other processes: the common options, with and without TLS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import grpc

from inventory.process.addresses import Address

ChannelOptions: TypeAlias = list[tuple[str, int | str]]

KEEPALIVE_MS: Final = 5 * 60 * 1000 + 10_000
"""Plugins disconnect clients that ping more often than every five minutes (contract, section 7); with a margin."""
KEEPALIVE_TIMEOUT_MS: Final = 20_000

FIRST_RETRY_MS: Final = 100
CONNECT_TIMEOUT_MS: Final = 5_000
"""How long one attempt to connect may take, including TLS and the first frames of HTTP/2."""

UNLIMITED: Final = -1

NO_PROXY: Final = ("grpc.enable_http_proxy", 0)
"""Proxies in the environment are for external addresses, not for other services; a proxy could read tokens."""


def channel_options(
    *,
    last_retry_ms: int,
    max_received_bytes: int = UNLIMITED,
    max_sent_bytes: int = UNLIMITED,
    more: Sequence[tuple[str, int | str]] = (),
) -> ChannelOptions:
    """Return the options of a channel.

    Args:
        last_retry_ms: the longest wait between two attempts to connect, ms. gRPC's own two minutes are far too long: a
            restarted server is back within seconds.
        max_received_bytes: the largest message received.
        max_sent_bytes: the largest message sent.
        more: further options.
    """
    return [
        ("grpc.max_send_message_length", max_sent_bytes),
        ("grpc.max_receive_message_length", max_received_bytes),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.initial_reconnect_backoff_ms", FIRST_RETRY_MS),
        ("grpc.max_reconnect_backoff_ms", last_retry_ms),
        # Despite its name, the time limit of connecting; a distant server needs more than the first waits above.
        ("grpc.min_reconnect_backoff_ms", CONNECT_TIMEOUT_MS),
        NO_PROXY,
        *more,
    ]


def open_channel(
    address: Address, options: ChannelOptions, credentials: Callable[[], grpc.ChannelCredentials]
) -> grpc.Channel:
    """Return a channel to ``address``; nothing connects yet.

    Args:
        address: host, port, and whether to use TLS.
        options: from :func:`channel_options`.
        credentials: called if TLS is used.
    """
    if address.secure:
        return grpc.secure_channel(address.target, credentials(), options=options)
    return grpc.insecure_channel(address.target, options=options)
