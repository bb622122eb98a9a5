"""Who gets a thread: quick calls and health always, heavy ones in turn, and who only waits needs none."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from inventory.api.app import Server
from inventory.api.interceptors.authentication import Caller
from inventory.api.interceptors.authorization import NoAuthorization
from inventory.api.method_handler import Gate
from inventory.devruntime.child import wait_until
from inventory.domain.clock import SystemClock
from inventory.domain.principal import Principal
from inventory.domain.rate_limit import RateLimit
from inventory.process.waiting import waiting
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.integration.api.conftest import DOMAIN, Client, FakeContainer, collector, open_gate

Params = Any
Store = Any

GET = {"collector_id": "collector-000000000000"}
STAT = {"query": {"aggregate": [{"count": {"name": "count"}}]}}
CREATE = {"name": "one", "plugin_info": {"plugin_id": "plugin-1"}}
HEALTH = ("grpc.health.v1.Health", "Check")
SOON = 20.0
"""How long what must not wait may take on a busy machine, s; what it must not wait for lasts a minute."""


class ByToken:
    """Takes the token for the user's name."""

    def authenticate(self, token: str) -> Caller:
        return Caller(DOMAIN, token, user_type="USER")


class Held:
    """A use case that lasts until it is released."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()
        self._answer = answer

    def __call__(self, _principal: Principal, _params: Params) -> dict[str, Any]:
        self.entered.release()
        self.release.wait(60)
        return dict(self._answer)


class HeldThenWaiting(Held):
    """The same, but it waits for another service in the end."""

    def __call__(self, principal: Principal, params: Params) -> dict[str, Any]:
        answer = super().__call__(principal, params)
        with waiting():
            return answer


class HeldThenBroken(Held):
    """The same, but it ends with what no handler of errors catches."""

    def __call__(self, principal: Principal, params: Params) -> dict[str, Any]:
        super().__call__(principal, params)
        raise SystemExit


class Installing:
    """A use case that waits for a plugin, until it is installed or nobody waits for the answer any more."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.installed = threading.Event()
        self.canceled = threading.Semaphore(0)

    def __call__(self, _principal: Principal, params: Params) -> dict[str, Any]:
        def cancel() -> None:
            self.canceled.release()
            self.installed.set()

        with waiting(bounded=True) as on_cancel:
            on_cancel(cancel)
            self.entered.release()
            self.installed.wait(120)
        return {**GET, **params}


@pytest.fixture
def stored(database: Store) -> None:
    database["collector"].insert_one(collector())


@pytest.fixture
def many() -> Iterator[ThreadPoolExecutor]:
    """Threads of callers."""
    with ThreadPoolExecutor(64) as pool:
        yield pool


def wait_for(semaphore: threading.Semaphore, count: int) -> None:
    for _ in range(count):
        assert semaphore.acquire(timeout=60)


def begin_until_entered(begin: Callable[[], Any], entered: threading.Semaphore) -> Any:
    """Return a call that got to its use case; on a busy machine its time may run out before, and it is begun anew."""
    call, until = begin(), time.monotonic() + 60
    while not entered.acquire(timeout=0.01):
        assert time.monotonic() < until
        call = begin() if call.done() else call
    return call


@contextlib.contextmanager
def no_thread_starts(name: str) -> Iterator[None]:
    """Let the system refuse to start threads whose names begin with ``name``."""
    begin = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith(name):
            raise RuntimeError("can't start new thread")
        begin(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        yield


@contextlib.contextmanager
def one_queued_behind(
    held: Held, server: Server, client: Client, many: ThreadPoolExecutor
) -> Iterator[tuple[list[Future[Any]], Future[Any]]]:
    """Hold all turns by creates, and let a get wait for one; yields the creates and the get."""
    creates = [many.submit(client.call, "Collector.create", CREATE) for _ in range(4)]
    try:
        wait_for(held.entered, 4)
        queued = many.submit(client.call, "Collector.get", GET)
        assert wait_until(lambda: server.pool.lanes.quick.queued == 1, timeout_seconds=5)
        yield creates, queued
    finally:
        held.release.set()


def check_it_goes_on(server: Server, client: Client) -> None:
    """Check that the server answers, and can be stopped."""
    assert client.call("Collector.get", GET, timeout=SOON)["collector_id"] == GET["collector_id"]
    assert client.raw(*HEALTH)(b"", timeout=SOON) == b"\x08\x01"
    assert server.stop().wait(30)


def test_large_requests_keep_no_quick_call_waiting(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor, stored: None
) -> None:
    held = Held(dict(GET))
    container.collector_service.create = held  # type: ignore[method-assign]
    client = Client(start(server_heavy_threads=4))
    large = CREATE | {"tags": {"a": "x" * 100_000}}
    creates = [many.submit(client.call, "Collector.create", large) for _ in range(6)]
    try:
        wait_for(held.entered, 2)

        assert client.call("Collector.get", GET, timeout=SOON)["collector_id"] == GET["collector_id"]
    finally:
        held.release.set()
    assert [create.result(60)["collector_id"] for create in creates] == [GET["collector_id"]] * 6


def test_calls_of_unknown_cost_keep_neither_health_nor_quick_calls_waiting(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor, stored: None
) -> None:
    held = Held({"results": []})
    container.collector_service.stat = held  # type: ignore[method-assign]
    client = Client(start(server_heavy_threads=4))
    stats = [many.submit(client.call, "Collector.stat", STAT) for _ in range(12)]
    try:
        wait_for(held.entered, 2)

        assert client.call("Collector.get", GET, timeout=SOON)["collector_id"] == GET["collector_id"]
        assert client.call("Collector.list", {"query": {"page": {"limit": 5}}}, timeout=SOON)["total_count"] == 1
        assert client.raw(*HEALTH)(b"", timeout=SOON) == b"\x08\x01"
    finally:
        held.release.set()
    assert [each.result(60) for each in stats] == [{"results": []}] * 12


def test_one_caller_holds_no_more_than_its_share_of_heavy_turns(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor
) -> None:
    held = Held({"results": []})
    container.collector_service.stat = held  # type: ignore[method-assign]
    client = Client(start(gate=Gate(ByToken(), NoAuthorization(), RateLimit(0, SystemClock()))))

    def stat(user: str) -> Any:
        return client.call("Collector.stat", STAT, metadata=(("token", user),))

    greedy = [many.submit(stat, "greedy") for _ in range(8)]
    try:
        wait_for(held.entered, 2)
        modest = many.submit(stat, "modest")
        wait_for(held.entered, 1)
        assert not held.entered.acquire(timeout=0.1)
    finally:
        held.release.set()
    assert modest.result(60) == {"results": []}
    assert [each.result(60) for each in greedy] == [{"results": []}] * 8


def test_who_waits_too_long_for_a_turn_is_told_so_with_a_hint(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor
) -> None:
    held = Held({"results": []})
    container.collector_service.stat = held  # type: ignore[method-assign]
    client = Client(start(server_heavy_threads=1, rpc_queue_seconds=0.2))
    first = begin_until_entered(lambda: many.submit(client.call, "Collector.stat", STAT), held.entered)
    try:
        with pytest.raises(grpc.RpcError) as raised:
            client.call("Collector.stat", STAT)
    finally:
        held.release.set()
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "limit = heavy calls, hint = ask for fewer at a time" in raised.value.details()
    assert first.result(60) == {"results": []}


def test_calls_that_wait_for_a_plugin_keep_no_thread_from_others(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor, stored: None
) -> None:
    installing = Installing()
    container.collector_service.create = installing  # type: ignore[method-assign]
    client = Client(start())
    creates = [many.submit(client.call, "Collector.create", CREATE) for _ in range(6)]
    try:
        wait_for(installing.entered, 6)
        assert client.call("Collector.list", timeout=SOON)["total_count"] == 1
    finally:
        installing.installed.set()
    assert {each.result(60)["name"] for each in creates} == {"one"}


def test_more_waiting_calls_than_the_process_bears_are_refused_at_once(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor
) -> None:
    installing = Installing()
    container.collector_service.create = installing  # type: ignore[method-assign]
    server = start(gate=Gate(ByToken(), NoAuthorization(), RateLimit(0, SystemClock())), max_waiting_rpcs=4)
    client = Client(server)

    def create(user: str) -> Any:
        return client.call("Collector.create", CREATE, metadata=(("token", user),))

    creates = [many.submit(create, user) for user in ("one", "one", "two", "two")]
    try:
        wait_for(installing.entered, 4)
        with pytest.raises(grpc.RpcError) as raised:
            create("three")
    finally:
        installing.installed.set()
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "calls that wait for a plugin" in raised.value.details()
    assert [each.result(60)["name"] for each in creates] == ["one"] * 4


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_a_caller_that_goes_ends_the_wait(start: Callable[..., Server], container: FakeContainer, how: str) -> None:
    installing = Installing()
    container.collector_service.create = installing  # type: ignore[method-assign]
    client = Client(start())
    method = client.channel.unary_unary("/spaceone.api.inventory.v1.Collector/create")

    def begin() -> grpc.Future:
        return method.future(_create_request(), timeout=0.5 if how == "deadline" else 600)

    call = begin_until_entered(begin, installing.entered)
    if how == "cancel":
        call.cancel()

    wait_for(installing.canceled, 1)


def _create_request() -> bytes:
    plugin = collector_pb2.PluginInfo(plugin_id="plugin-1")
    data: bytes = collector_pb2.CreateCollectorRequest(
        name="one", plugin_info=plugin, domain_id=DOMAIN
    ).SerializeToString()
    return data


@pytest.mark.parametrize("method", ["spaceone.api.inventory.v1.Collector/get", "grpc.health.v1.Health/Check"])
def test_five_hundred_calls_without_a_request_delay_nobody(
    start: Callable[..., Server], stored: None, method: str
) -> None:
    server = start()
    client = Client(server)
    client.call("Collector.get", GET)
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(60)
        yield from ()

    kept = []  # a call that nobody keeps is canceled
    options = [("grpc.use_local_subchannel_pool", 1)]
    with contextlib.ExitStack() as channels:
        for _ in range(10):
            channel = channels.enter_context(grpc.insecure_channel(server.address, options))
            for _ in range(50):
                kept.append(channel.stream_unary(f"/{method}").future(nothing()))
        try:
            until = time.monotonic() + 25  # the server waits 30 s for a request
            while len(server.pool.reception) < 250 and time.monotonic() < until:
                over.wait(0.01)
            assert 250 <= len(server.pool.reception) <= 256
            for _ in range(20):
                assert client.raw(*HEALTH)(b"", timeout=SOON) == b"\x08\x01"
                client.call("Collector.get", GET, timeout=SOON)
        finally:
            over.set()


@pytest.mark.parametrize("method", ["get", "create"])
def test_calls_for_which_no_thread_can_be_started_are_refused_and_others_answered(
    start: Callable[..., Server], stored: None, method: str
) -> None:
    request = GET if method == "get" else CREATE | {"tags": {"a": "x" * 400_000}}
    gate = open_gate()
    server = start(gate=gate, max_concurrent_rpcs=3)
    client = Client(server)

    with no_thread_starts("rpc"):
        for _ in range(6):  # more than there are turns, or may be in work
            with pytest.raises(grpc.RpcError) as raised:
                client.call(f"Collector.{method}", request, timeout=SOON)
            assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    assert gate.memory.held_bytes == 0
    check_it_goes_on(server, client)


def test_a_health_check_for_which_no_thread_can_be_started_is_refused_and_others_answered(
    start: Callable[..., Server], stored: None
) -> None:
    server = start()
    client = Client(server)

    with no_thread_starts("aside"), pytest.raises(grpc.RpcError) as raised:
        client.raw(*HEALTH)(b"", timeout=SOON)

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    check_it_goes_on(server, client)


def test_a_call_is_refused_also_where_that_has_no_thread(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor, stored: None
) -> None:
    held = Held(dict(GET))
    container.collector_service.create = held  # type: ignore[method-assign]
    server = start(max_concurrent_rpcs=1)
    client = Client(server)
    create = many.submit(client.call, "Collector.create", CREATE)
    try:
        wait_for(held.entered, 1)
        with no_thread_starts("refuse"), pytest.raises(grpc.RpcError) as raised:
            client.call("Collector.get", GET, timeout=SOON)
    finally:
        held.release.set()

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    create.result(10)
    assert wait_until(lambda: server.pool._pending == 0, timeout_seconds=5)
    check_it_goes_on(server, client)


def test_a_queued_call_for_which_no_thread_can_be_started_is_refused_and_whoever_gave_it_its_turn_goes_on(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor, stored: None
) -> None:
    held = HeldThenWaiting(dict(GET))
    container.collector_service.create = held  # type: ignore[method-assign]
    server = start()
    client = Client(server)
    with one_queued_behind(held, server, client, many) as (creates, queued), no_thread_starts("rpc"):
        held.release.set()

        with pytest.raises(grpc.RpcError) as raised:
            queued.result(10)
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert [create.result(10)["collector_id"] for create in creates] == [GET["collector_id"]] * 4
    check_it_goes_on(server, client)


def test_calls_that_break_off_leave_their_turns_to_others(
    start: Callable[..., Server], container: FakeContainer, many: ThreadPoolExecutor, stored: None
) -> None:
    held = HeldThenBroken(dict(GET))
    container.collector_service.create = held  # type: ignore[method-assign]
    server = start()
    client = Client(server)
    with one_queued_behind(held, server, client, many) as (creates, queued):
        held.release.set()

    assert queued.result(10)["collector_id"] == GET["collector_id"]
    for create in creates:
        with pytest.raises(grpc.RpcError) as raised:
            create.result(10)
        assert raised.value.code() is grpc.StatusCode.INTERNAL
    check_it_goes_on(server, client)
