"""A real gateway over loopback, in front of a small gRPC server that remembers what it was asked, or a real one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from inventory.devruntime.child import wait_until
from inventory.gateway.process import build_server, listen
from inventory.gateway.protocol import STALLED_SECONDS
from inventory.settings import Settings

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Call:
    """One call that the server got."""

    method: str
    request: bytes
    metadata: dict[str, str]
    seconds: float


@dataclass
class FakeServer(grpc.GenericRpcHandler):
    """Answers every method alike, and remembers."""

    answer: bytes = b""
    behave: Callable[[grpc.ServicerContext], None] = lambda context: None
    calls: list[Call] = field(default_factory=list)
    max_receive: int = -1

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = handler_call_details.method

        def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
            metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            self.calls.append(Call(method, data, metadata, context.time_remaining()))
            self.behave(context)
            return self.answer

        return grpc.unary_unary_rpc_method_handler(handle)

    def start(self, port: int = 0, credentials: grpc.ServerCredentials | None = None) -> int:
        """Start, or start again on ``port``."""
        self.server = grpc.server(
            futures.ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", self.max_receive)]
        )
        self.health = health.HealthServicer()
        self.health.set("", SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self.server)
        self.server.add_generic_rpc_handlers((self,))
        address = f"127.0.0.1:{port}"
        bound: int = (
            self.server.add_secure_port(address, credentials) if credentials else self.server.add_insecure_port(address)
        )
        self.server.start()
        return bound

    def stop(self) -> None:
        """Stop at once."""
        self.server.stop(0).wait(10)

    @property
    def last(self) -> Call:
        """The newest call."""
        return self.calls[-1]


class Gateway(httpx.Client):
    """A client of a running gateway."""

    def send_json(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """POST ``body`` to a method."""
        return self.post(f"/inventory/v1/{path}", json={} if body is None else body, **options)


Start = Callable[..., Gateway]


@pytest.fixture
def start_gateway() -> Iterator[Start]:
    """Starts gateways that are stopped with the test."""
    with_threads: list[tuple[Any, threading.Thread, Gateway]] = []

    def start(upstream: str, *, stalled_seconds: float = STALLED_SECONDS, **values: Any) -> Gateway:
        settings = Settings(gateway_upstream=upstream, drain_seconds=5, **values)
        server, listener = build_server(settings, stalled_seconds=stalled_seconds), listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        client = Gateway(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False)
        with_threads.append((server, thread, client))
        assert wait_until(lambda: server.started, timeout_seconds=20)
        return client

    yield start
    for server, thread, client in with_threads:
        client.close()
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """The server that remembers."""
    server = FakeServer()
    server.port = server.start()  # type: ignore[attr-defined]
    yield server
    server.stop()


@pytest.fixture
def gateway(fake: Any, start_gateway: Start) -> Gateway:
    """A gateway in front of ``fake``."""
    return start_gateway(f"127.0.0.1:{fake.port}")


def error_of(response: httpx.Response) -> dict[str, Any]:
    """Return the error of an answer, its shape checked."""
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"].startswith("ERROR_")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Transaction-Id"]
    return error
