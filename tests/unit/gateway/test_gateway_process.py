"""Where the gateway listens, and where it looks for the server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from inventory.errors import AuthenticateFailureError, SettingsError
from inventory.gateway import headers
from inventory.gateway.process import check_address, listen
from inventory.process.addresses import Address
from inventory.process.tls import TlsFiles
from inventory.settings import Settings, load
from inventory.settings.installation import server_address


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ({"port": 1234}, Address("127.0.0.1:1234", secure=False)),
        ({"host": "0.0.0.0", "port": 1234}, Address("127.0.0.1:1234", secure=False)),
        ({"host": "::", "port": 1234}, Address("127.0.0.1:1234", secure=False)),
        ({"host": "::1", "port": 1234}, Address("[::1]:1234", secure=False)),
        ({"host": "[::1]", "port": 1234}, Address("[::1]:1234", secure=False)),
        ({"tls_certificate_file": Path("x"), "port": 1}, Address("127.0.0.1:1", secure=True)),
        ({"gateway_upstream": "server.example:50051"}, Address("server.example:50051", secure=False)),
        ({"gateway_upstream": "grpc://server:50051"}, Address("server:50051", secure=False)),
        ({"gateway_upstream": "grpc+ssl://[::1]:50051"}, Address("[::1]:50051", secure=True)),
    ],
)
def test_the_server_is_found(values: dict[str, object], address: Address) -> None:
    assert server_address(Settings(**values)) == address  # type: ignore[arg-type]


@pytest.mark.parametrize("upstream", ["server", "http://server:1", "server:99999", "server:0", "a b:1"])
def test_an_upstream_that_is_no_address_is_refused(upstream: str) -> None:
    with pytest.raises(SettingsError, match="INVENTORY_GATEWAY_UPSTREAM"):
        load(gateway_upstream=upstream)


def test_a_ca_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="INVENTORY_PLATFORM_CA_FILE"):
        TlsFiles.of(Settings(platform_ca_file=tmp_path / "absent")).credentials()


def test_without_authentication_it_listens_on_loopback_only() -> None:
    with pytest.raises(SettingsError, match="loopback"):
        check_address(Settings(host="0.0.0.0"))
    check_address(Settings(host="0.0.0.0", authentication="jwt"))
    check_address(Settings(host="0.0.0.0", allow_unauthenticated_remote=True))
    check_address(Settings(host="::1"))


def test_a_taken_port_is_told() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(SettingsError, match="INVENTORY_GATEWAY_PORT"):
        listen("127.0.0.1", first.getsockname()[1])


def test_answers_do_not_wait_for_acknowledgements() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio looks at before it sets TCP_NODELAY


def test_a_token_is_taken_from_bearer_only() -> None:
    assert headers.token(Headers({})) == ""
    assert headers.token(Headers({"Authorization": "bearer  abc.def "})) == "abc.def"
    for wrong in ("Basic abc", "Bearer", "Bearer ", "Bearer a b", "abc", "Bearer \xe9", "Bearer " + "a" * 20_000):
        with pytest.raises(AuthenticateFailureError):
            headers.token(Headers({"Authorization": wrong}))


def test_a_transaction_id_is_kept_or_made() -> None:
    assert headers.transaction_id(Headers({"X-Transaction-Id": "tnx-mine"})) == "tnx-mine"
    for wrong in ("", "a" * 200, "\xe9"):
        assert headers.transaction_id(Headers({"X-Transaction-Id": wrong})).startswith("tnx-")
