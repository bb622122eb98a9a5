"""How the host of the settings is bound, written and reached."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.cli import cli
from inventory.connector.grpc.channel_cache import parse_endpoint as channel_endpoint
from inventory.connector.static.file import parse as parse_file
from inventory.errors import InvalidParameterError, SettingsError
from inventory.process.addresses import Address, bare, family_of, host_port, parse, parse_endpoint, reachable
from inventory.settings import Settings, load


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_addresses_are_written_in_brackets_and_bound_without(host: str) -> None:
    assert host_port(host, 5) == "[::1]:5"
    assert (bare(host), family_of(host)) == ("::1", socket.AF_INET6)


@pytest.mark.parametrize("host", ["127.0.0.1", "server.example", ""])
def test_other_hosts_are_left_as_they_are(host: str) -> None:
    assert host_port(host, 5) == f"{host}:5"
    assert (bare(host), family_of(host)) == (host, socket.AF_INET)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "[::]"])
def test_what_listens_on_any_address_is_reached_by_loopback(host: str) -> None:
    assert reachable(host) == "127.0.0.1"


def test_what_listens_on_one_address_is_reached_there() -> None:
    assert reachable("[::1]") == "::1"
    assert reachable("10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:50051", Address("localhost:50051", secure=False)),
        ("grpc://10.0.0.1:00080", Address("10.0.0.1:80", secure=False)),
        ("grpc+ssl://[::1]:443", Address("[::1]:443", secure=True)),
        *((text, None) for text in ("", "x", "x:0", "x:65536", "x:1/y", "http://x:1", "://x:1", "::1:443", "a b:1")),
    ],
)
def test_an_address_is_read_as_people_write_it(text: str, address: Address | None) -> None:
    assert parse(text) == address


ADDRESS_SETTINGS = [name for name in Settings.model_fields if name.endswith("_endpoint") and "_per_" not in name]
NO_ENDPOINTS = ["grpc://plugin:99999", "grpc://plugin:0", "grpc://plugin", "http://plugin:1", "p:1", "grpc://a b:1"]
ENDPOINTS = ["grpc://plugin:50051", "grpc+ssl://[::1]:443", "grpc://plugin:1/", "grpc://plugin:1/v1"]


@pytest.mark.parametrize("endpoint", NO_ENDPOINTS)
def test_what_is_no_endpoint_is_refused_wherever_it_is_written(endpoint: str, tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(f"plugins:\n  - plugin_id: p\n    endpoint: {endpoint!r}\n")

    assert parse_endpoint(endpoint) is None
    assert len(ADDRESS_SETTINGS) == 5
    for name in ADDRESS_SETTINGS:
        with pytest.raises(SettingsError, match=rf"{name} .*must be grpc://host:port"):
            load(**{name: endpoint})
    with pytest.raises(SettingsError, match=r"line 3: plugins\[0\].endpoint: must be grpc://host:port"):
        parse_file(file)
    with pytest.raises(InvalidParameterError):
        channel_endpoint(endpoint)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_what_is_an_endpoint_is_one_everywhere(endpoint: str, tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(f"plugins:\n  - plugin_id: p\n    endpoint: {endpoint!r}\n")

    for name in ADDRESS_SETTINGS:
        assert getattr(load(**{name: endpoint}), name) == endpoint
    assert parse_file(file).plugins[0].endpoint == endpoint
    assert channel_endpoint(endpoint) == parse_endpoint(endpoint)


def test_the_server_is_named_with_or_without_a_scheme(tmp_path: Path) -> None:
    for server in ("server:50051", "grpc+ssl://server:443", ""):
        assert load(gateway_upstream=server).gateway_upstream == server
    for server in ("server", "server:99999", "http://server:1"):
        with pytest.raises(SettingsError, match=r"gateway_upstream .*must be host:port"):
            load(gateway_upstream=server)
        answer = CliRunner().invoke(cli, ["--endpoint", server, "region", "list"])
        assert (answer.exit_code, "--endpoint must be host:port" in answer.output) == (2, True)
