"""Nobody reads the log, the disk is full, standard error is closed: every process works on all the same."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pymongo.database import Database

from inventory.devruntime.child import wait_until
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.ports import free_port

START_SECONDS = 60.0
LIST = "/spaceone.api.inventory.v1.Collector/list"
CALLS = 400
"""A pipe holds the lines of 175 calls."""


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The end of a pipe that is full and that nobody reads."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"\n" * 4096)
    os.set_blocking(write, True)
    yield write
    os.close(read)
    os.close(write)


@pytest.fixture
def environment(database: Database[dict[str, Any]], mongo_uri: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a service of its own, with free ports."""
    names = ("PORT", "SERVER_HEALTH_PORT", "WORKER_HEALTH_PORT", "SCHEDULER_HEALTH_PORT", "GATEWAY_PORT")
    platform = tmp_path / "platform.yaml"
    platform.write_text("{}")
    platform.chmod(0o600)
    settings = {
        "STATIC_FILE": str(platform),
        "MONGO_URI": mongo_uri,
        "MONGO_DATABASE": database.name,
        "REDIS_URL": redis_url,
        "QUEUE_NAMESPACE": database.name,
        "SERVER_PROCESSES": "1",
        "WORKER_PROCESSES": "1",
        "DRAIN_SECONDS": "3",
        "LOG_LEVEL": "debug",
        **{name: str(free_port()) for name in names},
    }
    plain = {key: value for key, value in os.environ.items() if not key.startswith("INVENTORY_")}
    return plain | {f"INVENTORY_{key}": value for key, value in settings.items()}


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Starts a process of the service; what still runs is killed in the end."""
    running: list[subprocess.Popen[bytes]] = []

    def launch(kind: str, stderr: int | None, *, shell: str = "") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "inventory", kind]
        if shell:
            command = ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", *command]
        process = subprocess.Popen(command, env=environment, stderr=stderr, stdout=stderr)
        running.append(process)
        return process

    yield launch
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def page(environment: dict[str, str], kind: str, path: str) -> str:
    name = "GATEWAY_PORT" if kind == "gateway" else f"{kind.upper()}_HEALTH_PORT"
    with contextlib.suppress(OSError):
        address = f"http://127.0.0.1:{environment[f'INVENTORY_{name}']}{path}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return str(answer.read().decode())
    return ""


def dropped(environment: dict[str, str], kind: str) -> float:
    values = [line.split() for line in page(environment, kind, "/metrics").splitlines() if line[:1] != "#"]
    return next((float(value) for name, value in values if name == "inventory_log_lines_dropped_total"), -1.0)


def call_often(environment: dict[str, str], count: int) -> None:
    """Make calls, each of which logs a line."""
    with grpc.insecure_channel(f"127.0.0.1:{environment['INVENTORY_PORT']}") as channel:
        send = channel.unary_unary(LIST)
        request = collector_pb2.CollectorQuery(domain_id="d").SerializeToString()
        for _ in range(count):
            send(request, timeout=START_SECONDS, wait_for_ready=True)


def stops(process: subprocess.Popen[bytes]) -> bool:
    process.send_signal(signal.SIGTERM)
    return process.wait(60) == 0


def test_a_server_whose_log_nobody_reads_answers(start: Start, environment: dict[str, str], full_pipe: int) -> None:
    process = start("server", full_pipe)

    call_often(environment, CALLS)

    assert page(environment, "server", "/livez")
    assert dropped(environment, "server") == 0, "some megabytes wait for a reader first"
    assert stops(process)


@pytest.mark.parametrize("kind", ["worker", "scheduler", "gateway"])
def test_others_whose_log_nobody_reads_live(
    start: Start, environment: dict[str, str], full_pipe: int, kind: str
) -> None:
    process = start(kind, full_pipe)

    assert wait_until(lambda: bool(page(environment, kind, "/livez")), timeout_seconds=START_SECONDS, process=process)
    assert wait_until(lambda: dropped(environment, kind) >= 0, timeout_seconds=START_SECONDS, process=process)
    assert stops(process)


@pytest.mark.parametrize("shell", [">/dev/full 2>&1", ">&- 2>&-"], ids=["full", "closed"])
def test_a_server_without_room_for_a_log_starts_and_counts(
    start: Start, environment: dict[str, str], shell: str
) -> None:
    process = start("server", None, shell=shell)

    call_often(environment, 20)

    # Lines are gathered for a moment before they are written, and dropped only then.
    assert wait_until(lambda: dropped(environment, "server") >= 20, timeout_seconds=60, process=process)
    assert stops(process)


@pytest.mark.deep
def test_up_goes_on_while_nobody_reads_what_it_prints(
    environment: dict[str, str], full_pipe: int, tmp_path: Path
) -> None:
    ports = [f"--{name}-port={free_port()}" for name in ("mongo", "redis", "plugin")]
    command = [sys.executable, "-m", "inventory", "up", "--verbose", "--data-dir", str(tmp_path / "data"), *ports]
    own = {k: v for k, v in environment.items() if k not in {"INVENTORY_MONGO_URI", "INVENTORY_REDIS_URL"}}
    process = subprocess.Popen(command, env=own, stdout=full_pipe, stderr=full_pipe, start_new_session=True)
    try:
        assert wait_until(lambda: bool(page(environment, "gateway", "/readyz")), timeout_seconds=90, process=process)
        call_often(environment, CALLS)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code in (0, 130, 143)
