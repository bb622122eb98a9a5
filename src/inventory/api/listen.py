"""Where the server listens: the address, and the certificates it shows and demands."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import grpc

from inventory.errors import SettingsError
from inventory.observe.logs import get_logger
from inventory.process.addresses import bare, family_of, host_port
from inventory.process.file_state import FileState, file_state
from inventory.settings import Settings
from inventory.settings.contradictions import contradictions, identity_contradictions

log = get_logger(__name__)


def check_address(settings: Settings) -> None:
    """Return if the server may listen where the settings say.

    Raises:
        SettingsError: others could call without authentication, or TLS is set by halves.
    """
    identity = set(identity_contradictions(settings))
    for contradiction in contradictions(settings):
        if contradiction not in identity:
            raise SettingsError(contradiction)


def check_identity(settings: Settings) -> None:
    """Return if callers can be told apart as the settings say.

    Raises:
        SettingsError: keys or permissions would come from where there are none.
    """
    for contradiction in identity_contradictions(settings):
        raise SettingsError(contradiction)


def probe_port(host: str, port: int) -> int:
    """Return a port that is free on ``host``: ``port``, or any where it is 0.

    With SO_REUSEPORT a second server would bind a taken port without a word and get half the calls; hence the probe.

    Raises:
        SettingsError: the port is taken, or the address is not this machine's.
    """
    with socket.socket(family_of(host), socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are just closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bare(host), port))
        except OSError as exc:
            where = host_port(host, port)
            raise SettingsError(f"port (INVENTORY_PORT): cannot listen on {where}: {exc.strerror}") from exc
        return int(probe.getsockname()[1])


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """Return the server's TLS credentials, or None where none are set.

    The files are looked at again as clients connect: a renewed certificate needs no restart.

    Raises:
        SettingsError: a file cannot be read, or certificate and key are none or not of each other.
    """
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    files = _TlsFiles(settings)
    first = files.read()
    _check_pair(settings.tls_certificate_file, settings.tls_key_file)
    return grpc.dynamic_ssl_server_credentials(
        first,
        files.changed,  # type: ignore[arg-type]  # the type stubs do not know that None stands for no change
        require_client_authentication=settings.tls_client_ca_file is not None,
    )


def _check_pair(certificate: Path, key: Path) -> None:
    """Raise ``SettingsError`` for what grpcio would only say in its own log."""
    try:
        # Without a password nobody is asked for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError, ValueError) as exc:
        names = "tls_certificate_file (INVENTORY_TLS_CERTIFICATE_FILE), tls_key_file (INVENTORY_TLS_KEY_FILE)"
        reason = getattr(exc, "reason", None) or "no certificate with its key in PEM"
        raise SettingsError(f"{names}: {reason}") from None


class _TlsFiles:
    """The files of the server's TLS, and whether they are others than before.

    grpcio keeps what it has where new ones do not fit together, as while one of two is written.
    """

    def __init__(self, settings: Settings) -> None:
        names = ("tls_key_file", "tls_certificate_file", "tls_client_ca_file")
        self._paths: dict[str, Path] = {name: path for name in names if (path := getattr(settings, name))}
        self._lock = threading.Lock()
        self._seen = self._signature()

    def read(self) -> grpc.ServerCertificateConfiguration:
        """Return what the files hold. Raises ``SettingsError``."""
        held = {name: _read(name, path) for name, path in self._paths.items()}
        return grpc.ssl_server_certificate_configuration(
            [(held["tls_key_file"], held["tls_certificate_file"])], root_certificates=held.get("tls_client_ca_file")
        )

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what the files hold where they have changed since they were last read, else None: nothing new."""
        with self._lock:
            seen = self._signature()
            if seen == self._seen:
                return None
            self._seen = seen
            try:
                found = self.read()
            except SettingsError as exc:
                log.error("tls_files_kept_last_good", reason=exc.message)
                return None
            log.info("tls_files_reloaded")
            return found

    def _signature(self) -> list[FileState | None]:
        return [file_state(path) for path in self._paths.values()]


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{name} (INVENTORY_{name.upper()}): {path}: {exc.strerror}") from exc
