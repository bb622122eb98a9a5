"""TLS for gRPC: the files for clients, and those of the server, which are reread when they change."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import grpc

from inventory.errors import SettingsError
from inventory.observe.logs import get_logger
from inventory.process.file_state import FileState, file_state

_log = get_logger(__name__)


class ClientTlsSettings(Protocol):
    """The settings of TLS for clients."""

    @property
    def platform_ca_file(self) -> Path | None: ...
    @property
    def platform_certificate_file(self) -> Path | None: ...
    @property
    def platform_key_file(self) -> Path | None: ...


class ServerTlsSettings(Protocol):
    """The settings of the server's TLS."""

    @property
    def tls_certificate_file(self) -> Path | None: ...
    @property
    def tls_key_file(self) -> Path | None: ...
    @property
    def tls_client_ca_file(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for ``grpc+ssl://``: the trusted CA (absent: the system's), and a client certificate and its key."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(cls, settings: ClientTlsSettings) -> Self:
        """Return the files that the settings name."""
        return cls(settings.platform_ca_file, settings.platform_certificate_file, settings.platform_key_file)

    def credentials(self) -> grpc.ChannelCredentials:
        """Return the channel credentials.

        Raises:
            SettingsError: a file cannot be read, or a certificate has no key.
        """
        if (self.certificate is None) != (self.key is None):
            raise SettingsError("a client certificate and its key go together", field="platform_certificate_file")
        return grpc.ssl_channel_credentials(
            root_certificates=_read_or_none("platform_ca_file", self.ca),
            private_key=_read_or_none("platform_key_file", self.key),
            certificate_chain=_read_or_none("platform_certificate_file", self.certificate),
        )


def server_credentials(settings: ServerTlsSettings) -> grpc.ServerCredentials | None:
    """Return the server's TLS credentials, or None if TLS is not configured.

    The files are checked for changes when clients connect, so a renewed certificate needs no restart.

    Raises:
        SettingsError: a file cannot be read, or certificate and key are invalid or do not match.
    """
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    files = _ServerFiles(settings)
    first = files.read()
    _check_pair(settings.tls_certificate_file, settings.tls_key_file)
    return grpc.dynamic_ssl_server_credentials(
        first,
        files.changed,  # type: ignore[arg-type]  # the type stubs do not know that None stands for no change
        require_client_authentication=settings.tls_client_ca_file is not None,
    )


def _check_pair(certificate: Path, key: Path) -> None:
    """Raise ``SettingsError`` for faults that grpcio would only report in its own log."""
    try:
        # With a password argument, nobody is prompted for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError, ValueError) as exc:
        names = "tls_certificate_file (INVENTORY_TLS_CERTIFICATE_FILE), tls_key_file (INVENTORY_TLS_KEY_FILE)"
        reason = getattr(exc, "reason", None) or "no certificate with its key in PEM"
        raise SettingsError(f"{names}: {reason}") from None


class _ServerFiles:
    """The files of the server's TLS, and whether they have changed.

    grpcio keeps its current files if new ones do not match, for example while one of the two is being written.
    """

    def __init__(self, settings: ServerTlsSettings) -> None:
        names = ("tls_key_file", "tls_certificate_file", "tls_client_ca_file")
        self._paths: dict[str, Path] = {name: path for name in names if (path := getattr(settings, name))}
        self._lock = threading.Lock()
        self._seen = self._signature()

    def read(self) -> grpc.ServerCertificateConfiguration:
        """Return the content of the files. Raises ``SettingsError``."""
        held = {name: _read(name, path) for name, path in self._paths.items()}
        return grpc.ssl_server_certificate_configuration(
            [(held["tls_key_file"], held["tls_certificate_file"])], root_certificates=held.get("tls_client_ca_file")
        )

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the content of the files if they have changed since they were last read, else None."""
        with self._lock:
            seen = self._signature()
            if seen == self._seen:
                return None
            self._seen = seen
            try:
                found = self.read()
            except SettingsError as exc:
                _log.error("tls_files_kept_last_good", reason=exc.message)
                return None
            _log.info("tls_files_reloaded")
            return found

    def _signature(self) -> list[FileState | None]:
        return [file_state(path) for path in self._paths.values()]


def _read_or_none(name: str, path: Path | None) -> bytes | None:
    return None if path is None else _read(name, path)


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SettingsError(
            f"{name} (INVENTORY_{name.upper()}): {path}: cannot be read: {exc.strerror}", field=name
        ) from exc
