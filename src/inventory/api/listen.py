"""Where the server listens: the address, and the certificates it shows and demands."""

from __future__ import annotations

import socket
from pathlib import Path

import grpc

from inventory.errors import SettingsError
from inventory.loopback import is_loopback
from inventory.settings import Settings


def check_address(settings: Settings) -> None:
    """Return if the server may listen where the settings say.

    Raises:
        SettingsError: others could call without authentication, or TLS is set by halves.
    """
    open_to_all = settings.authentication == "none" and not settings.allow_unauthenticated_remote
    if open_to_all and not is_loopback(settings.host):
        raise SettingsError(
            "host (INVENTORY_HOST): with authentication none the server listens on a loopback address only, "
            "unless allow_unauthenticated_remote is true"
        )
    if bool(settings.tls_certificate_file) != bool(settings.tls_key_file):
        raise SettingsError("tls_certificate_file and tls_key_file: one needs the other")
    if settings.tls_client_ca_file and not settings.tls_certificate_file:
        raise SettingsError("tls_client_ca_file: needs tls_certificate_file and tls_key_file")


def probe_port(host: str, port: int) -> int:
    """Return a port that is free on ``host``: ``port``, or any where it is 0.

    With SO_REUSEPORT a second server would bind a taken port without a word and get half the calls; hence the probe.

    Raises:
        SettingsError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are just closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as exc:
            raise SettingsError(f"port (INVENTORY_PORT): cannot listen on {host}:{port}: {exc.strerror}") from exc
        return int(probe.getsockname()[1])


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """Return the server's TLS credentials, or None where none are set.

    Raises:
        SettingsError: a file cannot be read.
    """
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    ca = settings.tls_client_ca_file
    return grpc.ssl_server_credentials(
        [(_read("tls_key_file", settings.tls_key_file), _read("tls_certificate_file", settings.tls_certificate_file))],
        root_certificates=_read("tls_client_ca_file", ca) if ca else None,
        require_client_auth=ca is not None,
    )


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{name} (INVENTORY_{name.upper()}): {path}: {exc.strerror}") from exc


def target(host: str, port: int) -> str:
    """Return the address as grpc writes it."""
    return f"[{host.strip('[]')}]:{port}" if ":" in host else f"{host}:{port}"
