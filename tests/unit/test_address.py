"""How the host of the settings is bound, written and reached."""

from __future__ import annotations

import socket

import pytest

from inventory.process.addresses import Address, bare, family_of, host_port, parse, reachable


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
