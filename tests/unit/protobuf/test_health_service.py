"""The health service: what it answers, and that no client which watches it stops the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inventory.protobuf.health_service import HealthService

SECONDS = 60
GRACE_SECONDS = 0.5
WATCHES = 8
ROUNDS = 10

UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Served:
    """A server with two threads, as many as the API's server has for health."""

    def __init__(self) -> None:
        self.health = HealthService("a.Service")
        self.health.set(serving=True)
        self.server = grpc.server(ThreadPoolExecutor(2))
        self.health.add_to(self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub = health_pb2_grpc.HealthStub(self.channel)

    def check(self, service: str = "") -> int:
        return int(self.stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS).status)

    def watch(self, service: str = "") -> grpc.CallIterator[health_pb2.HealthCheckResponse]:
        call: grpc.CallIterator[health_pb2.HealthCheckResponse] = self.stub.Watch(
            health_pb2.HealthCheckRequest(service=service), timeout=SECONDS
        )
        return call

    def stop(self) -> bool:
        """Drain and stop as the servers do; return whether that ended."""
        stopped: list[bool] = []

        def stop() -> None:
            self.health.drain()
            stopped.append(self.server.stop(GRACE_SECONDS).wait(SECONDS))

        thread = threading.Thread(target=stop, daemon=True)
        thread.start()
        thread.join(SECONDS)
        self.channel.close()
        return stopped == [True]


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.stop()


def test_it_answers_with_what_was_set(served: Served) -> None:
    assert (served.check(), served.check("a.Service")) == (SERVING, SERVING)
    with pytest.raises(grpc.RpcError) as caught:
        served.check("another.Service")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    listed = served.stub.List(health_pb2.HealthListRequest(), timeout=SECONDS).statuses
    assert {name: status.status for name, status in listed.items()} == {"": SERVING, "a.Service": SERVING}

    served.health.set(serving=False)

    assert (served.check(), served.check("a.Service")) == (NOT_SERVING, NOT_SERVING)


def test_a_client_that_watches_is_told_each_change_and_the_end(served: Served) -> None:
    watch, unknown = served.watch("a.Service"), served.watch("another.Service")
    assert (next(watch).status, next(unknown).status) == (SERVING, UNKNOWN)

    for serving, status in ((False, NOT_SERVING), (True, SERVING)):
        served.health.set(serving=serving)
        assert next(watch).status == status
    served.health.drain()

    assert [answer.status for answer in watch] == [NOT_SERVING]
    assert list(unknown) == []
    served.health.set(serving=True)
    assert served.check() == NOT_SERVING


def test_more_clients_may_watch_than_the_server_has_threads(served: Served) -> None:
    watches = [served.watch() for _ in range(WATCHES)]

    assert [next(watch).status for watch in watches] == [SERVING] * WATCHES
    assert served.check() == SERVING


def test_a_server_stops_though_clients_leave_as_soon_as_they_are_told() -> None:
    for _ in range(ROUNDS):
        served = Served()
        watches = [served.watch() for _ in range(WATCHES)]
        assert {next(watch).status for watch in watches} == {SERVING}

        def leave(watch: grpc.CallIterator[health_pb2.HealthCheckResponse]) -> None:
            with suppress(grpc.RpcError, StopIteration):  # on a busy machine the server may be quicker
                next(watch)
            watch.cancel()

        leaving = [threading.Thread(target=leave, args=(watch,)) for watch in watches]
        for thread in leaving:
            thread.start()

        assert served.stop()

        for thread in leaving:
            thread.join(SECONDS)


def test_a_client_that_reads_nothing_delays_nobody(served: Served) -> None:
    before = served.watch()
    assert next(before).status == SERVING
    with socket.create_connection(("127.0.0.1", served.port), timeout=SECONDS) as silent:
        silent.sendall(_watch_without_window(served.port))
        _read_until_headers(silent)

        before.cancel()

        assert served.check() == SERVING
        watch = served.watch()
        assert next(watch).status == SERVING
        served.health.set(serving=False)
        assert next(watch).status == NOT_SERVING
        assert served.stop()


def _watch_without_window(port: int) -> bytes:
    """Return a connection's first bytes that call Watch and allow the server to send no byte of an answer."""
    headers = b"\x83\x86"  # :method POST, :scheme http
    for name, value in ((b"\x04", b"/grpc.health.v1.Health/Watch"), (b"\x01", f"127.0.0.1:{port}".encode())):
        headers += name + bytes([len(value)]) + value  # :path, :authority
    headers += b"\x0f\x10\x10application/grpc\x00\x02te\x08trailers"
    window = _frame(4, 0, 0, b"\x00\x04" + bytes(4))
    message = bytes(5)
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + window + _frame(1, 4, 1, headers) + _frame(0, 1, 1, message)


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + content


def _read_until_headers(connection: socket.socket) -> None:
    """Read frames up to the headers of the answer, which do not count for the window: then the method is running."""
    stream = connection.makefile("rb")
    kind = None
    while kind != 1:
        head = stream.read(9)
        kind = head[3]
        stream.read(int.from_bytes(head[:3]))
