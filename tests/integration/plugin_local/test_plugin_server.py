"""The local plugin, driven over gRPC as the worker does it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from inventory.devruntime.child import wait_until
from inventory.devruntime.probes import listening
from inventory.plugin import build_server
from inventory.plugin_local import LocalPlugin
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc
from tests.ports import free_port

DEADLINE_SECONDS = 30

# The signal comes at each step of the wait, so also while the main thread holds a lock of what it waits on.
STOPPED_IN_ITS_WAIT = """
import os, signal, sys
from inventory.plugin_local.server import serve

def trace(frame, event, _):
    if frame.f_code.co_name != "wait":
        return None
    if event == "line":
        os.kill(os.getpid(), signal.SIGTERM)
    return trace

sys.settrace(trace)
serve("127.0.0.1", 0)
"""


@pytest.fixture(scope="module")
def plugin() -> Iterator[collector_pb2_grpc.CollectorStub]:
    built = build_server(LocalPlugin())
    built.server.start()
    with grpc.insecure_channel(f"127.0.0.1:{built.port}") as channel:
        yield collector_pb2_grpc.CollectorStub(channel)
    built.stop(None)


def request(**wanted: list[str]) -> collector_pb2.CollectRequest:
    narrowed = Struct()
    narrowed.update(wanted)
    return collector_pb2.CollectRequest(options=Struct(), secret_data=Struct(), filter=narrowed)


def test_init_tells_what_it_supports(plugin: collector_pb2_grpc.CollectorStub) -> None:
    answer = MessageToDict(plugin.init(collector_pb2.InitRequest(options=Struct()), timeout=DEADLINE_SECONDS))

    metadata = answer["metadata"]
    assert metadata["supported_resource_type"] == [
        "inventory.CloudService",
        "inventory.CloudServiceType",
        "inventory.Region",
    ]
    assert metadata["supported_features"] == ["garbage_collection"]
    assert metadata["supported_schedules"] == ["hours", "minutes", "interval", "cron"]
    assert [entry["key"] for entry in metadata["filter_format"]] == [
        "cloud_service_group",
        "cloud_service_type",
        "cloud_service_id",
    ]


def test_verify_answers_empty(plugin: collector_pb2_grpc.CollectorStub) -> None:
    plugin.verify(collector_pb2.VerifyRequest(options=Struct(), secret_data=Struct()), timeout=DEADLINE_SECONDS)


def test_collect_streams_this_machine(plugin: collector_pb2_grpc.CollectorStub) -> None:
    sent = [MessageToDict(one, preserving_proto_field_name=True) for one in plugin.collect(request())]

    assert len(sent) > 50
    assert {one["state"] for one in sent} == {"SUCCESS"}
    assert {one["resource_type"] for one in sent} == {
        "inventory.CloudService",
        "inventory.CloudServiceType",
        "inventory.Region",
    }
    assert all(one["match_rules"]["1"] for one in sent)
    (host,) = [one["resource"] for one in sent if one["resource"].get("cloud_service_type") == "Host"]
    assert host["data"]["memory"]["total"] > 0
    assert host["metadata"]["view"]["sub_data"]["layouts"][0]["type"] == "item"


def test_collect_follows_the_filter(plugin: collector_pb2_grpc.CollectorStub) -> None:
    sent = plugin.collect(request(cloud_service_type=["Host"]), timeout=DEADLINE_SECONDS)

    assert [one.resource["cloud_service_type"] for one in sent if one.resource_type == "inventory.CloudService"] == [
        "Host"
    ]


def test_an_unknown_filter_is_refused(plugin: collector_pb2_grpc.CollectorStub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(plugin.collect(request(colour=["red"]), timeout=DEADLINE_SECONDS))

    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "unknown filter key colour"


def test_a_taken_port_is_refused() -> None:
    first = build_server(LocalPlugin())
    try:
        with pytest.raises(OSError, match=f"127.0.0.1:{first.port}"):
            build_server(LocalPlugin(), port=first.port)
    finally:
        first.stop(None)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_on_a_signal(signum: signal.Signals) -> None:
    port = free_port()
    code = f"from inventory.plugin_local.server import serve; serve('127.0.0.1', {port})"
    process = subprocess.Popen([sys.executable, "-c", code])
    assert wait_until(lambda: listening("127.0.0.1", port), timeout_seconds=60, process=process)

    process.send_signal(signum)

    assert process.wait(60) == 0


def test_a_signal_at_any_step_of_its_wait_ends_it() -> None:
    assert subprocess.run([sys.executable, "-c", STOPPED_IN_ITS_WAIT], timeout=60, check=False).returncode == 0
