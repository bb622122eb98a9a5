"""Proxies of the environment get nothing of what goes to our own processes, least of all a token."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry

from inventory.cli.client import open_channel
from inventory.cli.options import ClientOptions
from inventory.devruntime.child import wait_until
from inventory.devruntime.probes import grpc_serving, http_ready
from inventory.observe.health_pages import HealthServer
from inventory.observe.page_owner import PageOwner


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A proxy that the environment names for everything, which nobody must have called in the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "https_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setattr("urllib.request._opener", None)  # it keeps the proxies that it saw at first
        yield listener
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_page_is_asked_directly() -> None:
    with HealthServer(
        host="127.0.0.1", port=0, checks={}, owner=PageOwner("worker", ""), registry=CollectorRegistry()
    ) as pages:
        assert wait_until(lambda: http_ready(f"http://127.0.0.1:{pages.port}/readyz"), timeout_seconds=30)


def test_a_grpc_server_is_asked_directly() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert wait_until(lambda: grpc_serving(f"127.0.0.1:{port}"), timeout_seconds=30)
    finally:
        server.stop(None).wait()


@pytest.mark.parametrize("scheme", ["grpc", "grpc+ssl"])
def test_the_command_line_calls_the_server_directly(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        channel = open_channel(ClientOptions(endpoint=f"{scheme}://127.0.0.1:{server.getsockname()[1]}", token="t"))
        call = channel.unary_unary("/any/method").future(b"", timeout=30)
        try:
            server.accept()[0].close()
        finally:
            call.cancel()
            channel.close()
