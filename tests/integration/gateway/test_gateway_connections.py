"""Idle connections are limited: they keep nobody out."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from inventory.observe.health_pages import HealthServer
from inventory.observe.page_owner import PageOwner
from tests.integration.gateway.conftest import Start


@pytest.fixture
def kept() -> Iterator[Callable[[int, int], list[socket.socket]]]:
    """Opens idle connections to a port, and closes them in the end."""
    with ExitStack() as stack:

        def connect(port: int, count: int) -> list[socket.socket]:
            return [
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(count)
            ]

        yield connect


def test_the_gateway_closes_the_longest_idle_for_a_new_one(
    fake: Any, start_gateway: Start, kept: Callable[[int, int], list[socket.socket]]
) -> None:
    port = start_gateway(f"127.0.0.1:{fake.port}", gateway_max_connections=20).base_url.port
    assert port

    idle = kept(port, 100)

    assert [client.recv(1) for client in idle[:60]] == [b""] * 60, "the oldest are closed"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
        assert answer.status == 200


def test_idle_connections_keep_nobody_from_the_health_pages(kept: Callable[[int, int], list[socket.socket]]) -> None:
    with HealthServer(host="127.0.0.1", port=0, checks={}, owner=PageOwner("worker", "")) as pages:
        kept(pages.port, 60)

        with urllib.request.urlopen(f"http://127.0.0.1:{pages.port}/livez", timeout=30) as answer:
            assert answer.status == 200
