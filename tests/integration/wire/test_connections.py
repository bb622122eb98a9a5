"""Connections that are idle or slow are limited and closed: they keep nobody out for long."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inventory.api import app
from inventory.devruntime.child import wait_until
from tests.integration.wire.wire_kit import Wire

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a client begins: the preface, and settings that change nothing."""
HALF_HEADERS = bytes([0, 1, 0, 1, 0, 0, 0, 0, 1, 0])
"""The first byte of 256 of a request's headers."""
Connect = Callable[[Wire, bytes], socket.socket]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections, says the first words, and closes them in the end."""
    with ExitStack() as stack:

        def connect(wire: Wire, words: bytes) -> socket.socket:
            host, _, port = wire.address_of_newest.rpartition(":")
            made = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            made.sendall(words)
            return made

        yield connect


def test_a_connection_that_never_says_anything_is_closed(
    wire: Wire, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "HANDSHAKE_SECONDS", 0.3)
    wire.serve()

    assert _is_closed(connect(wire, b""))


@pytest.mark.parametrize("words", [PREFACE, PREFACE + HALF_HEADERS], ids=["no call", "half a call"])
def test_a_connection_without_a_call_is_closed(wire: Wire, connect: Connect, words: bytes) -> None:
    wire.serve(connection_idle_seconds=1)

    assert _is_closed(connect(wire, words))


def test_no_more_connections_are_kept_than_the_limit_and_new_ones_come_in_once_idle_ones_are_closed(
    wire: Wire, connect: Connect
) -> None:
    wire.serve(server_max_connections=5, connection_idle_seconds=1)

    kept = [connect(wire, PREFACE) for _ in range(30)]

    assert wait_until(lambda: sum(map(_is_open, kept)) <= 5, timeout_seconds=30)
    assert wait_until(lambda: _serves(wire), timeout_seconds=30)


def test_a_client_that_was_idle_is_answered(wire: Wire) -> None:
    states: list[grpc.ChannelConnectivity] = []
    channel = wire.serve(connection_idle_seconds=1)
    channel.subscribe(states.append)
    stub = health_pb2_grpc.HealthStub(channel)
    stub.Check(health_pb2.HealthCheckRequest(), timeout=30)

    assert wait_until(lambda: states[-1:] == [grpc.ChannelConnectivity.IDLE], timeout_seconds=30), "was closed"

    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=30)


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    with suppress(ConnectionError):
        try:
            while connection.recv(1000):
                pass
        except BlockingIOError:
            return True
    return False


def _is_closed(connection: socket.socket) -> bool:
    return wait_until(lambda: not _is_open(connection), timeout_seconds=30)


def _serves(wire: Wire) -> bool:
    with grpc.insecure_channel(wire.address_of_newest, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.RpcError:
            return False
    return True
