"""Channels to other services: one per address, kept, reconnected by grpc itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import grpc

from inventory.errors import InvalidParameterError, SettingsError
from inventory.process import addresses
from inventory.process.addresses import Address

KEEPALIVE_MS: Final = 5 * 60 * 1000 + 10_000
"""Plugins hang up on whoever pings more often than every five minutes (contract, section 7): not a jitter sooner."""

CONNECT_TIMEOUT_MS: Final = 5_000
"""How long one try to connect may take, TLS and the first frames of HTTP/2 included."""

_SINGLE_THREADED: Final = "SingleThreadedUnaryStream"
"""``grpc.experimental.ChannelOptions.SingleThreadedUnaryStream``, which grpc's type stubs lack."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for ``grpc+ssl://``: the CA to trust (absent: the system's), and a client certificate with its key."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Return the channel credentials. Raises ``SettingsError`` for a file that cannot be read."""
        if (self.certificate is None) != (self.key is None):
            raise SettingsError("a client certificate and its key go together", field="platform_certificate_file")
        return grpc.ssl_channel_credentials(
            root_certificates=_read(self.ca), private_key=_read(self.key), certificate_chain=_read(self.certificate)
        )


def parse_endpoint(endpoint: str) -> Address:
    """Return the address in ``grpc://host:port`` or ``grpc+ssl://host:port``; a path behind it is ignored.

    Raises:
        InvalidParameterError: it is no such address.
    """
    address = addresses.parse_endpoint(endpoint)
    if address is None:
        raise InvalidParameterError(key="endpoint", reason="must be grpc://host:port or grpc+ssl://host:port")
    return address


class ChannelCache:
    """Makes a channel per address once and hands the same out again. Safe to use from any thread."""

    def __init__(self, *, max_message_bytes: int, tls: TlsFiles, single_threaded_streams: bool = False) -> None:
        """Prepare; nothing connects yet.

        Args:
            max_message_bytes: the largest message sent or received.
            tls: what ``grpc+ssl://`` uses; its files are read at the first such address.
            single_threaded_streams: read streams in the calling thread, at half the cost; callbacks of such
                calls never fire.
        """
        self._options = _options(max_message_bytes, single_threaded_streams)
        self._tls = tls
        self._lock = threading.Lock()
        self._channels: dict[Address, grpc.Channel] = {}

    def get(self, endpoint: str) -> grpc.Channel:
        """Return the channel to ``endpoint``. Raises ``InvalidParameterError`` if that is no address."""
        address = parse_endpoint(endpoint)
        with self._lock:
            channel = self._channels.get(address)
            if channel is None:
                channel = self._channels[address] = self._open(address)
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

    def _open(self, address: Address) -> grpc.Channel:
        if address.secure:
            return grpc.secure_channel(address.target, self._tls.credentials(), options=self._options)
        return grpc.insecure_channel(address.target, options=self._options)


def _options(max_message_bytes: int, single_threaded_streams: bool) -> list[tuple[str, int]]:
    options = [
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.max_pings_without_data", 0),
        # A plugin that restarts is back within seconds: don't wait grpc's two minutes for the next try.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # In spite of its name, how long connecting may take; a far peer needs more than the first waits above.
        ("grpc.min_reconnect_backoff_ms", CONNECT_TIMEOUT_MS),
        # Proxies of the environment are for the outer world, not for neighbours.
        ("grpc.enable_http_proxy", 0),
    ]
    if single_threaded_streams:
        options.append((_SINGLE_THREADED, 1))
    return options


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read: {exc.strerror}", field="platform_ca_file") from exc
