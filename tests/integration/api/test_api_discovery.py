"""Reflection as SpaceONE's generic client walks it, and health."""

from __future__ import annotations

import importlib.metadata
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from pymongo.database import Database

from inventory.api.admission.pool import ASIDE_THREADS
from inventory.api.app import Server
from inventory.domain.principal import Principal
from inventory.errors import ConnectionFailureError
from tests.integration.api.conftest import PACKAGE, Client, FakeContainer, collector

Store = Database[dict[str, Any]]
Request = reflection_pb2.ServerReflectionRequest
STUBS_WITH = {
    "grpc.health.v1.Health": "grpc_health/v1/health.proto",
    "spaceone.api.core.v1.ServerInfo": "spaceone/api/core/v1/server_info.proto",
    f"{PACKAGE}.Collector": "spaceone/api/inventory/v1/collector.proto",
    f"{PACKAGE}.Job": "spaceone/api/inventory/v1/job.proto",
    f"{PACKAGE}.JobTask": "spaceone/api/inventory/v1/job_task.proto",
    f"{PACKAGE}.CloudService": "spaceone/api/inventory/v1/cloud_service.proto",
    f"{PACKAGE}.CloudServiceType": "spaceone/api/inventory/v1/cloud_service_type.proto",
    f"{PACKAGE}.Region": "spaceone/api/inventory/v1/region.proto",
    f"{PACKAGE}.ChangeHistory": "spaceone/api/inventory/v1/change_history.proto",
    f"{PACKAGE}.CollectorRule": "spaceone/api/inventory/v1/collector_rule.proto",
}
"""Every service that the published stubs know of those that may be listed, and the file that declares it."""


def reflect(client: Client, version: str, *requests: Request) -> list[Any]:
    call = client.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=Request.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return list(call(iter(requests), timeout=60))


def listed(client: Client, version: str = "v1alpha") -> list[str]:
    (answer,) = reflect(client, version, Request(list_services=""))
    return [service.name for service in answer.list_services_response.service]


def files_of(client: Client, symbol: str) -> list[FileDescriptorProto]:
    (answer,) = reflect(client, "v1alpha", Request(file_containing_symbol=symbol))
    return [FileDescriptorProto.FromString(data) for data in answer.file_descriptor_response.file_descriptor_proto]


def test_exactly_the_services_that_the_published_stubs_know_are_listed(whole_server: Server) -> None:
    client = Client(whole_server)

    assert sorted(listed(client)) == sorted(STUBS_WITH)
    assert sorted(listed(client, "v1")) == sorted(STUBS_WITH)


def test_the_walk_of_the_generic_client(whole_server: Server) -> None:
    client = Client(whole_server)
    for name in listed(client):
        first, *others = files_of(client, name)
        assert first.name == STUBS_WITH[name]
        assert f"{first.package}.{first.service[0].name}" == name
        declared = {f".{first.package}.{message.name}" for message in first.message_type}
        for method in first.service[0].method:
            assert method.input_type in declared | {".google.protobuf.Empty"}
        known = {file.name for file in (first, *others)}
        assert all(dependency in known for file in (first, *others) for dependency in file.dependency)


def test_every_listed_file_has_its_module_in_the_published_stubs(whole_server: Server) -> None:
    client = Client(whole_server)
    published = {str(file) for file in importlib.metadata.files("spaceone-api") or ()}

    for name in listed(client):
        first, *_ = files_of(client, name)
        if name.startswith("spaceone."):
            assert first.name.replace(".proto", "_pb2_grpc.py") in published
            assert first.name.rpartition("/")[0].replace("/", ".") == first.package


def test_health_shows_the_two_methods_that_old_stubs_know(client: Client) -> None:
    (file,) = files_of(client, "grpc.health.v1.Health")

    assert [method.name for method in file.service[0].method] == ["Check", "Watch"]
    assert [message.name for message in file.message_type] == ["HealthCheckRequest", "HealthCheckResponse"]


def test_http_options_survive_reflection(client: Client) -> None:
    first, *_ = files_of(client, f"{PACKAGE}.Job")

    paths = [method.options.Extensions[annotations_pb2.http].post for method in first.service[0].method]
    assert "/inventory/v1/job/list" in paths


def test_idle_reflection_streams_do_not_hold_the_api(client: Client, database: Store) -> None:
    done = threading.Event()

    def idle() -> Iterator[Request]:
        yield Request(list_services="")
        done.wait(120)

    call = client.channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=Request.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    streams = [call(idle(), timeout=120) for _ in range(6)]
    try:
        for stream in streams:
            next(stream)
        assert client.call("Collector.list", timeout=30) == {}
    finally:
        done.set()
        for stream in streams:
            stream.cancel()


def check(client: Client, service: str = "") -> int:
    stub = health_pb2_grpc.HealthStub(client.channel)
    return int(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30).status)


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_every_service_is_healthy_while_mongodb_answers_and_not_while_it_does_not(start: Callable[..., Server]) -> None:
    reachable = True

    def mongodb() -> None:
        if not reachable:
            raise ConnectionFailureError(service="mongodb")

    server = start(check=mongodb)
    client = Client(server)
    names = ["", *(name for name in listed(client) if name.startswith("spaceone"))]
    assert [check(client, name) for name in names] == [health_pb2.HealthCheckResponse.SERVING] * len(names)

    reachable = False
    server.health.update()
    assert {check(client, name) for name in names} == {health_pb2.HealthCheckResponse.NOT_SERVING}

    reachable = True
    assert eventually(lambda: check(client) == health_pb2.HealthCheckResponse.SERVING)


def test_clients_that_watch_the_health_leave_its_checks_their_threads(start: Callable[..., Server]) -> None:
    client = Client(start())
    stub = health_pb2_grpc.HealthStub(client.channel)
    watches = [stub.Watch(health_pb2.HealthCheckRequest(), timeout=60) for _ in range(ASIDE_THREADS + 1)]
    for watch in watches:
        next(watch)

    check(client)

    for watch in watches:
        watch.cancel()


def test_draining_says_so_ends_what_runs_and_refuses_what_is_new(
    start: Callable[..., Server], container: FakeContainer, database: Store
) -> None:
    database["collector"].insert_one(collector())
    entered, release = threading.Event(), threading.Event()

    def hold(principal: Principal) -> None:
        entered.set()
        release.wait(60)

    container.collector_service.before = hold
    server = start()
    client = Client(server)
    watch = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest(), timeout=90)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    answers: list[Any] = []
    running = threading.Thread(
        target=lambda: answers.append(client.call("Collector.get", {"collector_id": "collector-000000000000"}))
    )
    running.start()
    assert entered.wait(60)

    stopped = server.stop()

    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    with pytest.raises(grpc.RpcError) as caught:
        Client(server).call("Collector.list", timeout=2)
    assert caught.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
    release.set()
    running.join(60)
    watch.cancel()
    assert answers[0]["name"] == "Collector 000"
    assert stopped.wait(60)


def test_a_client_is_asked_to_connect_anew_and_loses_no_call(start: Callable[..., Server]) -> None:
    client, moved = Client(start(connection_age_seconds=0.3)), threading.Event()
    seen: list[grpc.ChannelConnectivity] = []

    def note(state: grpc.ChannelConnectivity) -> None:
        if seen and seen[-1] is grpc.ChannelConnectivity.READY and state is not seen[-1]:
            moved.set()
        seen.append(state)

    client.channel.subscribe(note, try_to_connect=True)
    deadline = time.monotonic() + 60
    while not moved.is_set() and time.monotonic() < deadline:
        client.call("Collector.list")

    client.call("Collector.list")
    assert moved.is_set()
