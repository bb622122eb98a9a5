"""Channels to other services: one per address, kept open; grpc itself reconnects."""

from __future__ import annotations

import threading
from typing import Final, Self

import grpc

from inventory.errors import InvalidParameterError
from inventory.process import addresses
from inventory.process.addresses import Address
from inventory.process.channels import channel_options, open_channel
from inventory.process.tls import TlsFiles

_LAST_RETRY_MS: Final = 5_000

_SINGLE_THREADED: Final = "SingleThreadedUnaryStream"
"""``grpc.experimental.ChannelOptions.SingleThreadedUnaryStream``, missing in grpc's type stubs."""


def parse_endpoint(endpoint: str) -> Address:
    """Return the address in ``grpc://host:port`` or ``grpc+ssl://host:port``; a path after it is ignored.

    Raises:
        InvalidParameterError: the address is invalid.
    """
    address = addresses.parse_endpoint(endpoint)
    if address is None:
        raise InvalidParameterError(key="endpoint", reason="must be grpc://host:port or grpc+ssl://host:port")
    return address


class ChannelCache:
    """Creates one channel per address and reuses it. Safe to use from any thread."""

    def __init__(self, *, max_message_bytes: int, tls: TlsFiles, single_threaded_streams: bool = False) -> None:
        """Prepare; nothing connects yet.

        Args:
            max_message_bytes: the largest message sent or received.
            tls: for ``grpc+ssl://``; its files are read for the first such address.
            single_threaded_streams: read streams in the calling thread, at half the cost; callbacks of such calls are
                never called.
        """
        self._options = channel_options(
            last_retry_ms=_LAST_RETRY_MS,
            max_received_bytes=max_message_bytes,
            max_sent_bytes=max_message_bytes,
            more=[("grpc.http2.max_pings_without_data", 0), (_SINGLE_THREADED, int(single_threaded_streams))],
        )
        self._tls = tls
        self._lock = threading.Lock()
        self._channels: dict[Address, grpc.Channel] = {}

    def get(self, endpoint: str) -> grpc.Channel:
        """Return the channel to ``endpoint``. Raises ``InvalidParameterError`` if it is invalid."""
        address = parse_endpoint(endpoint)
        with self._lock:
            channel = self._channels.get(address)
            if channel is None:
                channel = self._channels[address] = open_channel(address, self._options, self._tls.credentials)
            return channel

    def close(self) -> None:
        """Close all channels; running calls end."""
        with self._lock:
            channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
