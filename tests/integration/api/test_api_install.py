"""Plugins that are not running yet: the plugin service answers once they are, and nobody else waits for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from inventory.api.app import Server
from inventory.api.server import assemble
from inventory.bootstrap import Container
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import FakePlugin
from tests.integration.api.conftest import Client, settings

PLUGIN = "plugin-slow"
CREATE = {"name": "one", "plugin_info": {"plugin_id": PLUGIN, "version": "1.0", "upgrade_mode": "MANUAL"}}
Serve = Callable[..., Server]


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    """A platform whose plugin is being installed."""
    with FakePlugin(metadata={}) as plugin, FakePlatform() as found:
        versions = {"1.0": f"grpc://127.0.0.1:{plugin.port}"}
        found.content["plugins"] = [{"plugin_id": PLUGIN, "provider": "aws", "versions": versions}]
        found.installed.clear()
        yield found


@pytest.fixture
def serve(database: Any, mongo_uri: str, redis_url: str, platform: FakePlatform) -> Iterator[Serve]:
    """Starts the server as production has it, with the platform."""
    names = ("plugin_endpoint", "repository_endpoint", "secret_endpoint", "identity_endpoint")
    running: list[tuple[Server, Container]] = []

    def start(**values: Any) -> Server:
        endpoints = dict.fromkeys(names, platform.endpoint)
        container = Container(
            settings(mongo_uri=mongo_uri, redis_url=redis_url, platform="grpc", **endpoints, **values)
        )
        container.__dict__["database"] = database
        server = assemble(container, port=0)
        server.start()
        running.append((server, container))
        return server

    yield start
    for server, container in running:
        server.health.drain()
        server.grpc_server.stop(0).wait(10)
        server.health.join(10)
        container.queue.close()
        container.platform.close()


def asked(platform: FakePlatform, count: int) -> None:
    """Return once the plugin service has been asked so often."""
    until = time.monotonic() + 60
    while len(platform.calls_of("Plugin.get_plugin_endpoint")) < count:
        assert time.monotonic() < until
        platform.installed.wait(0.01)


def test_six_creates_of_a_plugin_that_is_being_installed_leave_four_threads_to_others(
    serve: Serve, platform: FakePlatform
) -> None:
    client = Client(serve(platform_timeout_seconds=10))
    with ThreadPoolExecutor(6) as many:
        creates = [many.submit(client.call, "Collector.create", CREATE, timeout=100) for _ in range(6)]
        try:
            asked(platform, 6)
            seconds = []
            for _ in range(20):
                began = time.monotonic()
                client.call("Region.list", timeout=20)
                seconds.append(time.monotonic() - began)
            assert not any(each.done() for each in creates)
        finally:
            platform.installed.set()
        assert {each.result(60)["name"] for each in creates} == {"one"}
    assert min(seconds) < 0.5
    # Any other platform call may last 10 s, and gRPC rounds that up; install has a deadline of its own.
    assert min(call.seconds_left for call in platform.calls_of("Plugin.get_plugin_endpoint")) > 30


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_a_caller_that_goes_ends_the_call_to_the_plugin_service_and_nothing_stays_behind(
    serve: Serve, platform: FakePlatform, database: Any, how: str
) -> None:
    client = Client(serve())
    plugin = collector_pb2.PluginInfo(plugin_id=PLUGIN, version="1.0")
    request = collector_pb2.CreateCollectorRequest(name="one", plugin_info=plugin, domain_id="domain-one")

    method = client.channel.unary_unary("/spaceone.api.inventory.v1.Collector/create")
    timeout, until = (0.5 if how == "deadline" else 600), time.monotonic() + 60
    call = method.future(request.SerializeToString(), timeout=timeout)
    while not platform.calls_of("Plugin.get_plugin_endpoint"):
        assert time.monotonic() < until
        platform.installed.wait(0.01)
        if call.done():  # on a busy machine its time may run out before it gets there
            call = method.future(request.SerializeToString(), timeout=timeout)
    if how == "cancel":
        call.cancel()

    assert platform.given_up.acquire(timeout=60)
    assert database["collector"].count_documents({}) == 0


def test_what_takes_longer_than_the_deadline_of_installing_is_told(serve: Serve, platform: FakePlatform) -> None:
    client = Client(serve(plugin_install_timeout_seconds=0.2))

    with pytest.raises(grpc.RpcError) as raised:
        client.call("Collector.create", CREATE, timeout=60)

    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "the plugin service did not answer in time" in raised.value.details()


def test_more_creates_than_may_wait_are_refused_at_once(serve: Serve, platform: FakePlatform) -> None:
    server = serve(max_waiting_rpcs=2)
    first, second, third = Client(server), Client(server), Client(server)
    with ThreadPoolExecutor(2) as many:
        creates = [many.submit(each.call, "Collector.create", CREATE, timeout=100) for each in (first, second)]
        try:
            asked(platform, 2)
            with pytest.raises(grpc.RpcError) as raised:
                third.call("Collector.create", CREATE)
        finally:
            platform.installed.set()
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert [each.result(60)["name"] for each in creates] == ["one", "one"]
