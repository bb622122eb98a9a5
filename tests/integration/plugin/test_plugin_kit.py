"""The kit for plugins in Python, called as the service and as operators' tools call it."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from inventory.devruntime.child import wait_until
from inventory.devruntime.probes import listening
from inventory.plugin import (
    CloudService,
    CloudServiceType,
    Error,
    Plugin,
    Refused,
    Region,
    Request,
    Resource,
    Tls,
    build_server,
    main,
)
from inventory.plugin.server import DRAIN_SECONDS
from inventory.protobuf.struct import to_dict, to_struct
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc, job_pb2, job_pb2_grpc
from tests.fakes.tls import CertificateAuthority
from tests.ports import free_port

SECRET = "very-secret-key-of-the-kit"
SECONDS = 20
SERVING = health_pb2.HealthCheckResponse.SERVING


HANGS = """
import sys, threading
from pathlib import Path
from inventory.plugin import Plugin, main

class Hangs(Plugin):
    def collect(self, request):
        print("collecting")
        Path(sys.argv[2]).touch()
        threading.Event().wait()
        yield

main(Hangs(), ["--port", sys.argv[1]])
"""


class Lamps(Plugin):
    """Collects lamps."""

    def init(self, request: Request) -> Mapping[str, Any]:
        if "house" not in request.options:
            raise Refused("the option house is missing")
        return {**self.metadata, "options_schema": {"properties": {"house": {"default": "mine"}}}}

    def verify(self, request: Request) -> None:
        if request.secret_data.get("key") != SECRET:
            raise Refused(f"the key {request.secret_data.get('key')} opens nothing")

    def collect(self, request: Request) -> Iterator[Resource]:
        yield Region(provider="home", region_code="cellar")
        yield CloudServiceType(provider="home", group="House", name="Lamp", is_primary=True)
        for name in request.filter.get("name", ["desk", "floor"]):
            data = {"bought": datetime(2026, 1, 2, tzinfo=UTC), "colours": {"red"}}
            yield CloudService(provider="home", group="House", type="Lamp", resource_id=name, name=name, data=data)
        yield CloudService(provider="home", group="House", type="Lamp", resource_id="odd", data={"x": object()})
        yield Error(message="the attic is locked", group="House")
        if request.options.get("breaks"):
            try:
                {}[request.secret_data["key"]]
            except KeyError as exc:
                raise ValueError(f"no light with {request.secret_data['key']}") from exc


class Sliced(Lamps):
    """The same in slices."""

    def tasks(self, request: Request) -> Iterator[Mapping[str, Any]]:
        yield from ({"room": room} for room in ("kitchen", "hall"))

    def collect(self, request: Request) -> Iterator[Resource]:
        room = "none" if request.task is None else request.task["room"]
        yield CloudService(provider="home", group="House", type="Lamp", resource_id=room)


@contextmanager
def _served(plugin: Plugin, tls: Tls | None = None, roots: bytes | None = None) -> Iterator[grpc.Channel]:
    built = build_server(plugin, tls=tls)
    built.server.start()
    address = f"localhost:{built.port}" if roots else f"127.0.0.1:{built.port}"
    channel = (
        grpc.secure_channel(address, grpc.ssl_channel_credentials(roots)) if roots else grpc.insecure_channel(address)
    )
    with channel:
        yield channel
    built.stop(None)


def _collect(channel: grpc.Channel, **request: Any) -> list[collector_pb2.ResourceInfo]:
    fields = {name: to_struct(value, name=name) for name, value in request.items()}
    stream = collector_pb2_grpc.CollectorStub(channel).collect(collector_pb2.CollectRequest(**fields), timeout=SECONDS)
    return list(stream)


def test_resources_are_sent_as_the_protocol_wants_them() -> None:
    with _served(Lamps()) as channel:
        region, kind, desk, _, odd, error = _collect(channel, filter={})

    assert to_dict(region.match_rules) == {"1": ["region_code", "provider"]}
    assert to_dict(kind.resource)["resource_type"] == "inventory.CloudService"
    content = to_dict(desk.resource)
    assert content["reference"] == {"resource_id": "desk"}
    assert content["data"] == {"bought": "2026-01-02T00:00:00+00:00", "colours": ["red"]}
    assert desk.state == collector_pb2.ResourceInfo.SUCCESS
    # One that cannot be sent is told as an error of its own, and the stream goes on.
    assert (odd.resource_type, odd.state) == ("inventory.ErrorResource", collector_pb2.ResourceInfo.FAILURE)
    assert to_dict(odd.resource)["resource_id"] == "odd"
    assert error.message == "the attic is locked"


def test_a_filter_reaches_the_plugin() -> None:
    with _served(Lamps()) as channel:
        sent = _collect(channel, filter={"name": ["hall"]})
    assert [to_dict(each.resource)["name"] for each in sent if each.state == 4][2:] == ["hall"]


def test_a_refusal_is_told_in_the_plugins_words_but_without_the_secret() -> None:
    with _served(Lamps()) as channel:
        stub = collector_pb2_grpc.CollectorStub(channel)
        with pytest.raises(grpc.RpcError) as wrong_options:
            stub.init(collector_pb2.InitRequest(), timeout=SECONDS)
        secret = to_struct({"key": f"{SECRET}-old"}, name="secret_data")
        with pytest.raises(grpc.RpcError) as wrong_key:
            stub.verify(collector_pb2.VerifyRequest(secret_data=secret), timeout=SECONDS)
        good = to_struct({"key": SECRET}, name="secret_data")
        stub.verify(collector_pb2.VerifyRequest(secret_data=good), timeout=SECONDS)

    assert wrong_options.value.code() is wrong_key.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert wrong_options.value.details() == "the option house is missing"
    assert wrong_key.value.details() == "the key *** opens nothing"


def test_what_breaks_off_keeps_what_was_sent_and_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    received = []
    with caplog.at_level(logging.INFO), _served(Lamps()) as channel:
        request = collector_pb2.CollectRequest(
            options=to_struct({"breaks": True}, name="options"), secret_data=to_struct({"key": SECRET}, name="secret")
        )
        stream = collector_pb2_grpc.CollectorStub(channel).collect(request, timeout=SECONDS)
        with pytest.raises(grpc.RpcError) as broken:
            received.extend(stream)

    assert len(received) == 6
    assert (broken.value.code(), broken.value.details()) == (
        grpc.StatusCode.UNKNOWN,
        "ValueError: no light with ***",
    )
    # The author finds the line; the cause, which a library may have worded, is blotted out as well.
    assert 'raise ValueError(f"no light with' in caplog.text
    assert "KeyError: '***'" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in repr(Request(options={}, secret_data={"key": SECRET}))


def test_only_a_plugin_with_tasks_is_sliced() -> None:
    with _served(Lamps()) as channel, pytest.raises(grpc.RpcError) as absent:
        job_pb2_grpc.JobStub(channel).get_tasks(job_pb2.GetTaskRequest(), timeout=SECONDS)
    assert absent.value.code() is grpc.StatusCode.UNIMPLEMENTED

    with _served(Sliced()) as channel:
        answer = job_pb2_grpc.JobStub(channel).get_tasks(job_pb2.GetTaskRequest(), timeout=SECONDS)
        slices = [to_dict(each.task_options) for each in answer.tasks]
        found = [_collect(channel, task_options=each)[0] for each in slices]
        (whole,) = _collect(channel)
    assert slices == [{"room": "kitchen"}, {"room": "hall"}]
    assert [to_dict(each.resource)["reference"]["resource_id"] for each in (*found, whole)] == [
        "kitchen",
        "hall",
        "none",
    ]


def test_it_has_health_and_reflection() -> None:
    built = build_server(Sliced())
    built.server.start()
    with grpc.insecure_channel(f"127.0.0.1:{built.port}") as channel:
        names = set(ProtoReflectionDescriptorDatabase(channel).get_services())
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", "spaceone.api.inventory.plugin.Collector", "spaceone.api.inventory.plugin.Job"):
            assert health.Check(health_pb2.HealthCheckRequest(service=name), timeout=SECONDS).status == SERVING
        built.health.drain()
        assert health.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS).status != SERVING
    built.stop(None)
    assert {"spaceone.api.inventory.plugin.Collector", "spaceone.api.inventory.plugin.Job"} <= names


@pytest.mark.parametrize("threads", ["plugin-call", "watch"])
def test_a_call_for_which_no_thread_can_be_started_keeps_no_other_from_its_answer(threads: str) -> None:
    begin = threading.Thread.start
    refused = threading.Event()

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith(threads):
            refused.set()
            raise RuntimeError("can't start new thread")
        begin(thread)

    built = build_server(Sliced())
    built.server.start()
    with grpc.insecure_channel(f"127.0.0.1:{built.port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        call = health.Check.future if threads == "plugin-call" else health.Watch
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            waiting = call(health_pb2.HealthCheckRequest(), timeout=SECONDS)
            assert refused.wait(SECONDS)

        assert health.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS).status == SERVING
        watching = health.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
        answer = waiting.result() if threads == "plugin-call" else next(waiting)
        assert answer.status == SERVING
        watching.cancel()
        waiting.cancel()
    assert built.stop(1)


def test_a_collect_that_hangs_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    program, collects, port = tmp_path / "plugin.py", tmp_path / "collects", free_port()
    program.write_text(HANGS)
    process = subprocess.Popen(
        [sys.executable, program, str(port), collects], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert wait_until(lambda: listening("127.0.0.1", port), timeout_seconds=SECONDS)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = collector_pb2_grpc.CollectorStub(channel).collect(collector_pb2.CollectRequest(), timeout=60)
            assert wait_until(collects.exists, timeout_seconds=SECONDS)
            process.send_signal(signal.SIGTERM)

            printed, logged = process.communicate(timeout=DRAIN_SECONDS + SECONDS)
            call.cancel()
    finally:
        process.kill()
        process.wait()

    assert (process.returncode, printed) == (0, "collecting\n")
    assert "threading.Event().wait()" in logged


def test_it_speaks_tls(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    pair = authority.issue("localhost")
    with _served(
        Lamps(), Tls(certificate=pair.certificate, key=pair.key), authority.certificate.read_bytes()
    ) as channel:
        assert len(_collect(channel)) == 6


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--tls-key", "x"], 2), (["--port", "no"], 2), (["--tls-key", "/no", "--tls-cert", "/no"], 1)],
)
def test_what_cannot_be_served_ends_with_one_line(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(Lamps(), arguments)
    assert ended.value.code == code
    assert "error: " in capsys.readouterr().err


class Careless(Lamps):
    """Its author mixed up what to return."""

    wrong: Any = None

    def init(self, request: Request) -> Mapping[str, Any]:
        return self.wrong  # type: ignore[no-any-return]

    def tasks(self, request: Request) -> Iterator[Mapping[str, Any]]:
        return self.wrong  # type: ignore[no-any-return]

    def collect(self, request: Request) -> Iterator[Resource]:
        return self.wrong  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("wrong", "reasons"),
    [
        (
            None,
            ("init returns must be a dict, and is None", "tasks must yield", "collect must yield, or return"),
        ),
        ([SECRET], ("is an object of list", "each of tasks must be a dict", "yielded an object of str")),
        ([Region], ("is an object of list", "is the class Region", "Region or Error, and yielded the class Region")),
    ],
)
def test_a_method_that_returns_something_else_is_named_with_what_it_must_return(
    wrong: Any, reasons: tuple[str, str, str]
) -> None:
    plugin = Careless()
    plugin.wrong = wrong
    with _served(plugin) as channel:
        stub, jobs = collector_pb2_grpc.CollectorStub(channel), job_pb2_grpc.JobStub(channel)
        calls = (
            lambda: stub.init(collector_pb2.InitRequest(), timeout=SECONDS),
            lambda: jobs.get_tasks(job_pb2.GetTaskRequest(), timeout=SECONDS),
            lambda: _collect(channel),
        )
        for call, reason in zip(calls, reasons, strict=True):
            with pytest.raises(grpc.RpcError) as failed:
                call()
            assert reason in failed.value.details()
            assert SECRET not in failed.value.details()


@pytest.mark.parametrize("port", ["70000", "-1", "x"])
def test_a_port_that_does_not_exist_is_refused(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", port)
    for arguments in ([], [f"--port={port}"]):
        with pytest.raises(SystemExit) as ended:
            main(Lamps(), arguments)
        assert (ended.value.code, f"{port!r}: must be 0 to 65535" in capsys.readouterr().err) == (2, True)


def test_a_server_on_a_port_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="port 70000: must be 0 to 65535"):
        build_server(Lamps(), port=70000)
