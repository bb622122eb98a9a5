"""Where a server may listen."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from inventory.api.listen import check_address, check_identity, probe_port
from inventory.errors import SettingsError
from inventory.process.loopback import is_loopback
from inventory.process.tls import server_credentials
from inventory.settings import Settings


def settings(**values: Any) -> Settings:
    return Settings(**values)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"])
def test_loopback_needs_no_authentication(host: str) -> None:
    check_address(settings(host=host))
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com"])
def test_other_addresses_do_unless_that_is_allowed(host: str) -> None:
    with pytest.raises(SettingsError, match="allow_unauthenticated_remote"):
        check_address(settings(host=host))
    check_address(settings(host=host, allow_unauthenticated_remote=True))
    check_address(settings(host=host, authentication="jwt"))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"authentication": "jwt"}, "jwks_file"),
        ({"authentication": "jwt", "jwks_file": Path("x"), "authorization": "identity"}, "platform grpc"),
        ({"authorization": "identity", "platform": "grpc"}, "authentication jwt"),
    ],
)
def test_keys_and_roles_must_come_from_somewhere(values: dict[str, Any], word: str) -> None:
    """Or every token would be refused, or every caller could do everything, without a word."""
    with pytest.raises(SettingsError, match=word):
        check_identity(settings(**values))
    check_identity(settings())
    check_identity(settings(authentication="jwt", jwks_file=Path("x")))
    check_identity(settings(authentication="jwt", platform="grpc", authorization="identity"))


def test_certificates_by_halves_and_unreadable_ones_are_named(tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"
    with pytest.raises(SettingsError, match="tls_key_file"):
        check_address(settings(tls_certificate_file=absent))
    with pytest.raises(SettingsError, match="tls_client_ca_file"):
        check_address(settings(tls_client_ca_file=absent))
    with pytest.raises(SettingsError, match=r"absent\.pem"):
        server_credentials(settings(tls_certificate_file=absent, tls_key_file=absent))
    assert server_credentials(settings()) is None


def test_a_taken_port_is_a_clear_error_even_where_it_could_be_shared() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1:{port}"):
            probe_port("127.0.0.1", port)
    assert probe_port("127.0.0.1", port) == port
    assert probe_port("127.0.0.1", 0) > 0


def test_files_that_are_no_certificate_with_its_key_are_named(tmp_path: Path) -> None:
    file = tmp_path / "any.pem"
    file.write_text("nothing of the kind\n")

    with pytest.raises(SettingsError, match=r"INVENTORY_TLS_CERTIFICATE_FILE.*INVENTORY_TLS_KEY_FILE"):
        server_credentials(settings(tls_certificate_file=file, tls_key_file=file))
