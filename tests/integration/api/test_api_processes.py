"""Server processes: below their parent, and as ``run`` starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, collector_pb2_grpc
from tests.ports import free_port

RUN = ("-m", "inventory", "server")

# As if the thread that ends calls had died.
NEVER_STOPS = """
import sys, threading
from inventory.api import app, server
from inventory.settings import load

app.Server.stop = lambda _server: threading.Event()
sys.exit(server.run(load()))
"""


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def listening(pid: int) -> set[int]:
    """Return the TCP ports on which a process or one of its children listens."""
    parent = psutil.Process(pid)
    found = [each for one in (parent, *parent.children()) for each in one.net_connections("tcp")]
    return {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs that are ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def start_program(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(program)
        return program

    yield start_program
    for program in running:
        if program.poll() is None:
            program.terminate()
        try:
            program.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            program.kill()
            program.communicate()


def pids(folder: Path) -> list[int]:
    return [int(file.name) for file in folder.iterdir()]


@pytest.mark.parametrize("way", ["spawned", "forked"])
def test_a_killed_process_is_replaced_and_all_end_with_sigterm(start: Start, tmp_path: Path, way: str) -> None:
    parent = start("-m", "tests.integration.api.supervised", str(tmp_path), "steady", way)
    assert eventually(lambda: len(pids(tmp_path)) == 2)

    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    assert eventually(lambda: len(pids(tmp_path)) == 3)

    parent.send_signal(signal.SIGTERM)
    assert parent.wait(60) == 0
    assert not any(alive(pid) for pid in pids(tmp_path))


@pytest.mark.parametrize("way", ["spawned", "forked"])
def test_a_killed_parent_leaves_no_process_behind(start: Start, tmp_path: Path, way: str) -> None:
    parent = start("-m", "tests.integration.api.supervised", str(tmp_path), "steady", way)
    assert eventually(lambda: len(pids(tmp_path)) == 2)

    parent.kill()

    assert eventually(lambda: not any(alive(pid) for pid in pids(tmp_path)))


def test_a_killed_parent_leaves_no_process_behind_though_another_one_has_inherited_its_pipes(
    start: Start, tmp_path: Path
) -> None:
    parent = start("-m", "tests.integration.api.supervised", str(tmp_path), "leaking", "forked")
    assert parent.stdout is not None
    other = int(parent.stdout.readline())
    assert eventually(lambda: len(pids(tmp_path)) == 2)

    parent.kill()

    try:
        assert eventually(lambda: not any(alive(pid) for pid in pids(tmp_path)), seconds=30)
        assert alive(other)
    finally:
        os.kill(other, signal.SIGKILL)


def test_processes_that_die_again_and_again_end_the_parent(start: Start, tmp_path: Path) -> None:
    parent = start("-m", "tests.integration.api.supervised", str(tmp_path), "dying", "forked")

    assert parent.wait(60) == 1


def test_forked_children_begin_only_when_they_are_run(start: Start, tmp_path: Path) -> None:
    parent = start("-m", "tests.integration.api.supervised", str(tmp_path), "never run", "forked")

    assert parent.wait(60) == 0
    assert pids(tmp_path) == []


def test_forked_children_end_with_a_parent_that_is_killed_before_it_runs_them(start: Start, tmp_path: Path) -> None:
    parent = start("-m", "tests.integration.api.supervised", str(tmp_path), "hesitating", "forked")
    assert parent.stdout is not None
    waiting = [int(pid) for pid in parent.stdout.readline().split()]

    parent.kill()

    assert len(waiting) == 2
    assert eventually(lambda: not any(alive(pid) for pid in waiting))


def test_a_process_with_threads_does_not_fork(start: Start, tmp_path: Path) -> None:
    parent = start("-m", "tests.integration.api.supervised", str(tmp_path), "threaded", "forked")

    assert parent.communicate(timeout=60)[0].split() == ["False"]


@pytest.fixture
def environment(mongo_uri: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a server on a free port."""
    static = tmp_path / "static.yaml"
    static.write_text("plugins: []\nsecrets: []\n")
    return {
        "INVENTORY_MONGO_URI": mongo_uri,
        "INVENTORY_MONGO_DATABASE": "test_server_process",
        "INVENTORY_REDIS_URL": redis_url,
        "INVENTORY_STATIC_FILE": str(static),
        "INVENTORY_PORT": str(free_port()),
        "INVENTORY_DRAIN_SECONDS": "3",
    }


def healthy(port: str) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.RpcError:
            return False
        return int(answer.status) == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_server_serves_refuses_a_second_on_its_port_and_drains(
    start: Start, environment: dict[str, str], processes: str
) -> None:
    environment |= {"INVENTORY_SERVER_PROCESSES": processes, "INVENTORY_SERVER_HEALTH_PORT": str(free_port())}
    server = start(*RUN, **environment)
    assert eventually(lambda: healthy(environment["INVENTORY_PORT"]))
    assert listening(server.pid) == {int(environment[f"INVENTORY_{name}PORT"]) for name in ("", "SERVER_HEALTH_")}

    second = start(*RUN, **environment)
    assert second.wait(60) != 0
    assert "cannot listen on" in second.stdout.read()  # type: ignore[union-attr]

    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0


def test_a_server_whose_calls_do_not_end_is_cut_off(start: Start, environment: dict[str, str]) -> None:
    environment |= {"INVENTORY_SERVER_PROCESSES": "1", "INVENTORY_DRAIN_SECONDS": "1"}
    server = start("-c", NEVER_STOPS, **environment)
    assert eventually(lambda: healthy(environment["INVENTORY_PORT"]))

    server.send_signal(signal.SIGTERM)

    assert server.wait(30) == 0
    assert "server_cut_off" in server.stdout.read()  # type: ignore[union-attr]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_wrong_setting_ends_the_start_with_its_name(
    start: Start, environment: dict[str, str], processes: str
) -> None:
    environment["INVENTORY_STATIC_FILE"] = "/nonexistent/static.yaml"

    server = start(*RUN, **environment, INVENTORY_SERVER_PROCESSES=processes)

    assert server.wait(60) != 0
    assert "/nonexistent/static.yaml" in server.stdout.read()  # type: ignore[union-attr]


def test_a_server_starts_without_mongodb_and_says_that_it_does_not_serve(
    start: Start, environment: dict[str, str]
) -> None:
    environment["INVENTORY_MONGO_URI"] = f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=500"
    environment["INVENTORY_MONGO_TIMEOUT_SECONDS"] = "0.5"
    port = environment["INVENTORY_PORT"]
    start(*RUN, **environment, INVENTORY_SERVER_PROCESSES="1")

    def status() -> int:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
            except grpc.RpcError:
                return -1
            return int(answer.status)

    assert eventually(lambda: status() == health_pb2.HealthCheckResponse.NOT_SERVING)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = collector_pb2.CollectorQuery(domain_id="domain-one")
        with pytest.raises(grpc.RpcError) as caught:
            collector_pb2_grpc.CollectorStub(channel).list(request, timeout=60)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert caught.value.details().startswith("ERROR_GRPC_CONNECTION: ")
