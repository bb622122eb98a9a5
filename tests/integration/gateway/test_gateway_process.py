"""`inventory gateway` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx
import pytest

from inventory.devruntime import probes
from inventory.devruntime.child import wait_until
from tests.integration.gateway.conftest import FakeServer
from tests.ports import free_port

# The signal comes before uvicorn has set its own handlers.
STOPPED_WHILE_IT_STARTS = """
import os, signal, sys
from contextlib import contextmanager
from inventory.gateway import process
from inventory.settings import load

registry = process.own_registry

@contextmanager
def interrupted(kind):
    os.kill(os.getpid(), signal.{signal})
    with registry(kind) as made:
        yield made

process.own_registry = interrupted
sys.exit(process.run(load()))
"""


@pytest.fixture
def launch() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command with settings; what still runs is stopped with the test."""
    running: list[subprocess.Popen[str]] = []
    plain = {key: value for key, value in os.environ.items() if not key.startswith("INVENTORY_")}

    def start(*arguments: str, **settings: object) -> subprocess.Popen[str]:
        environment = plain | {f"INVENTORY_{name.upper()}": str(value) for name, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, *(arguments or ("-m", "inventory", "gateway"))],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_it_lets_a_running_request_end_and_stops_with_0(fake: Any, launch: Callable[..., Any]) -> None:
    entered, release = threading.Event(), threading.Event()

    def behave(context: grpc.ServicerContext) -> None:
        entered.set()
        release.wait(60)

    fake.behave = behave
    port = free_port()
    process = launch(gateway_port=port, port=fake.port)
    assert wait_until(lambda: probes.http_ready(f"http://127.0.0.1:{port}/readyz"), timeout_seconds=90)
    statuses: list[int] = []

    def request() -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            statuses.append(client.post(f"http://127.0.0.1:{port}/inventory/v1/collector/list").status_code)

    running = threading.Thread(target=request)
    running.start()
    assert entered.wait(30)

    process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: not probes.listening("127.0.0.1", port), timeout_seconds=30)
    release.set()
    running.join(60)

    assert statuses == [200]
    assert process.wait(60) == 0


def test_a_wrong_setting_ends_it_with_one_line(fake: FakeServer, launch: Callable[..., Any]) -> None:
    process = launch(gateway_port=free_port(), gateway_upstream="nonsense")

    assert process.wait(60) == 2
    said = process.stderr.read()
    assert "INVENTORY_GATEWAY_UPSTREAM" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("signum", ["SIGTERM", "SIGINT"])
def test_a_signal_while_it_starts_ends_it(launch: Callable[..., Any], signum: str) -> None:
    process = launch("-c", STOPPED_WHILE_IT_STARTS.format(signal=signum), gateway_port=free_port())

    assert process.wait(30) == 0
