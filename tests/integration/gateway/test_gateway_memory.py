"""The gateway holds no more than it may: it reads neither bodies nor answers before there is memory for them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from inventory.devruntime.child import wait_until
from inventory.gateway import paced
from inventory.process.memory_budget import SIZE_METADATA, MemoryBudget
from inventory.stubs.spaceone.api.inventory.v1 import region_pb2
from tests.integration.gateway.conftest import FakeServer, Gateway, Start, error_of

MIB = 1024 * 1024
ANSWER = region_pb2.RegionsInfo(
    results=[region_pb2.RegionInfo(name="x" * 1000) for _ in range(8_000)]
).SerializeToString()
REQUEST = b"POST /inventory/v1/region/list HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
REFUSED = "memory for answers in work: try again, or ask for smaller pages"


class NotedBudget(MemoryBudget):
    """A budget that remembers the most that was held."""

    peak_bytes = 0

    def try_take(self, size: int) -> bool:
        taken = super().try_take(size)
        self.peak_bytes = max(self.peak_bytes, self.held_bytes)
        return taken

    def take(self, size: int) -> None:
        super().take(size)
        self.peak_bytes = max(self.peak_bytes, self.held_bytes)


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[NotedBudget]:
    """The budgets of the gateways that are started; others are waited for briefly."""
    made: list[NotedBudget] = []

    def make(limit_bytes: int) -> MemoryBudget:
        made.append(NotedBudget(limit_bytes))
        return made[-1]

    monkeypatch.setattr("inventory.gateway.app.MemoryBudget", make)
    return made


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A server with a large answer whose size it tells."""
    server = FakeServer(answer=ANSWER, behave=_tell_size)
    server.port = server.start()  # type: ignore[attr-defined]
    yield server
    server.stop()


def _tell_size(context: grpc.ServicerContext) -> None:
    context.send_initial_metadata(((SIZE_METADATA, str(len(ANSWER))),))


def _gateway(start: Start, fake: FakeServer, **options: object) -> Gateway:
    return start(f"127.0.0.1:{fake.port}", **options)  # type: ignore[attr-defined]


def test_memory_is_reserved_before_the_answer_is_read(
    fake: FakeServer, start_gateway: Start, budgets: list[NotedBudget]
) -> None:
    go = threading.Event()

    def behave(context: grpc.ServicerContext) -> None:
        _tell_size(context)
        assert go.wait(60)

    fake.behave = behave
    client = _gateway(start_gateway, fake)
    asking = threading.Thread(target=lambda: client.send_json("region/list"))
    asking.start()

    reserved = wait_until(lambda: budgets[0].held_bytes == 4 * len(ANSWER), timeout_seconds=60)
    go.set()
    asking.join(60)

    assert reserved, "nothing of the answer has come yet"
    assert wait_until(lambda: budgets[0].held_bytes == 0, timeout_seconds=60)


def test_an_answer_without_memory_for_it_is_refused_unread(
    fake: FakeServer, start_gateway: Start, budgets: list[NotedBudget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced, "WAIT_SECONDS", 0.1)
    canceled = threading.Event()

    def behave(context: grpc.ServicerContext) -> None:
        context.add_callback(canceled.set)
        _tell_size(context)
        assert canceled.wait(60), "the gateway ends the call without its message"

    fake.behave = behave
    client = _gateway(start_gateway, fake, memory_budget_bytes=64 * MIB)
    budgets[0].take(48 * MIB)

    response = client.send_json("region/list")

    assert response.status_code == 429
    assert REFUSED in error_of(response)["message"]
    assert canceled.is_set() or canceled.wait(60)
    assert budgets[0].held_bytes == 48 * MIB


def test_the_answer_of_a_client_that_does_not_read_is_held_until_it_does(
    fake: FakeServer, start_gateway: Start, budgets: list[NotedBudget]
) -> None:
    client = _gateway(start_gateway, fake)
    (budget,) = budgets
    with _slow_client(client) as slow:
        assert wait_until(lambda: 0 < budget.held_bytes < 3 * len(ANSWER), timeout_seconds=60), "on its way"
        held = budget.held_bytes
        fake.answer, fake.behave = b"", lambda _context: None
        assert client.send_json("region/list").status_code == 200, "others are served meanwhile"
        assert budget.held_bytes == held >= 2 * len(ANSWER)

        received = b"".join(iter(lambda: slow.recv(MIB), b""))

    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(json.loads(body)["results"]) == 8_000
    assert wait_until(lambda: budget.held_bytes == 0, timeout_seconds=60)


def test_a_client_that_reads_nothing_is_cut_off(
    fake: FakeServer, start_gateway: Start, budgets: list[NotedBudget]
) -> None:
    client = _gateway(start_gateway, fake, stalled_seconds=0.2)
    (budget,) = budgets
    with _slow_client(client) as slow:
        assert wait_until(lambda: budget.peak_bytes > 0 and budget.held_bytes == 0, timeout_seconds=60)

        received = 0
        with contextlib.suppress(ConnectionResetError):
            while part := slow.recv(MIB):
                received += len(part)
    assert received < len(ANSWER), "closed without its end"


def test_a_body_is_counted_as_it_comes(fake: FakeServer, start_gateway: Start, budgets: list[NotedBudget]) -> None:
    client = _gateway(start_gateway, fake)
    with _connect(client) as sender:
        sender.sendall(REQUEST + b"Content-Length: 3000000\r\n\r\n" + b" " * 2_000_000)
        assert wait_until(lambda: budgets[0].held_bytes == 4 * 2_000_000, timeout_seconds=60)
        assert fake.calls == []

    assert wait_until(lambda: budgets[0].held_bytes == 0, timeout_seconds=60)


def test_a_body_without_memory_for_it_is_refused(
    fake: FakeServer, start_gateway: Start, budgets: list[NotedBudget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced, "WAIT_SECONDS", 0.1)
    client = _gateway(start_gateway, fake, memory_budget_bytes=8 * MIB)
    budgets[0].take(6 * MIB)

    response = client.post(
        "/inventory/v1/region/list", content=b" " * MIB, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 429
    assert REFUSED in error_of(response)["message"]
    assert fake.calls == []
    assert budgets[0].held_bytes == 6 * MIB


@contextmanager
def _connect(client: Gateway) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", client.base_url.port))
        yield connection


@contextmanager
def _slow_client(client: Gateway) -> Iterator[socket.socket]:
    """Ask for all regions, and read nothing."""
    with _connect(client) as slow:
        slow.sendall(REQUEST + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        yield slow
