"""`inventory up --demo` as a newcomer runs it: one command, and this machine is in the inventory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from inventory.devruntime.ports import free_port

START_SECONDS = 90.0
STOP_SECONDS = 40.0
READY = "Ctrl-C stops everything; what was collected stays."


@dataclass
class Up:
    """A running `inventory up`."""

    process: subprocess.Popen[str]
    endpoint: str
    lines: list[str]

    def wait_for(self, text: str, seconds: float) -> None:
        """Return once a line with ``text`` was printed."""
        deadline = time.monotonic() + seconds
        while not any(text in line for line in self.lines):
            assert self.process.poll() is None, "".join(self.lines)
            assert time.monotonic() < deadline, "".join(self.lines)
            time.sleep(0.05)

    def cli(self, *arguments: str, code: int = 0) -> Any:
        """Run a client command and return what it printed, decoded where it is JSON."""
        command = [sys.executable, "-m", "inventory", "--endpoint", self.endpoint, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr

    def stop(self) -> int:
        """Stop it as Ctrl-C does and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


def start(folder: Path, settings: dict[str, str]) -> Up:
    """Start it with ``settings`` beside the environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "inventory", "up", "--demo", "--data-dir", "data", *store_ports()],
        cwd=folder,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    up = Up(process, f"127.0.0.1:{settings['INVENTORY_PORT']}", [])
    threading.Thread(target=lambda: up.lines.extend(iter(process.stdout.readline, "")), daemon=True).start()  # type: ignore[union-attr]
    return up


def ports() -> dict[str, str]:
    """Return settings with free ports."""
    names = ("PORT", "WORKER_HEALTH_PORT", "SCHEDULER_HEALTH_PORT", "GATEWAY_PORT")
    return {f"INVENTORY_{name}": str(free_port()) for name in names}


def store_ports() -> list[str]:
    """Return options with free ports for what has no setting of its own."""
    return [f"--{name}-port={free_port()}" for name in ("mongo", "redis", "plugin")]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, mongo_uri: str, redis_url: str) -> Iterator[Up]:
    """One that has shown its demonstration."""
    settings = ports() | {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_REDIS_URL": redis_url}
    settings |= {"INVENTORY_MONGO_DATABASE": "up", "INVENTORY_WORKER_PROCESSES": "1", "INVENTORY_SERVER_PROCESSES": "1"}
    running = start(tmp_path_factory.mktemp("up"), settings)
    try:
        running.wait_for(READY, START_SECONDS)
        yield running
    finally:
        running.process.kill()
        running.process.wait(10)


def test_the_demonstration_collects_this_machine(up: Up) -> None:
    found = up.cli("resource", "list", "--json")
    assert found["total_count"] > 50
    assert {each["provider"] for each in found["results"]} == {"local"}
    assert up.cli("resource", "list", "--kind", "region", "--json")["total_count"] == 1
    assert up.cli("resource", "list", "--kind", "cloud-service-type", "--json")["total_count"] > 4
    (collector,) = up.cli("collector", "list", "--json")["results"]
    (schedule,) = up.cli("schedule", "list", collector["collector_id"], "--json")["results"]
    assert schedule["schedule"]["hours"] == list(range(24))


def test_collecting_again_creates_nothing_new(up: Up) -> None:
    before = {each["cloud_service_id"] for each in up.cli("resource", "list", "--limit", "5000", "--json")["results"]}
    job = up.cli("collect", "this machine", "--watch", "--json")
    assert job["status"] == "SUCCESS"
    (task,) = job["tasks"]
    found = up.cli("resource", "list", "--limit", "5000", "--json")["results"]
    new = [each for each in found if each["cloud_service_id"] not in before]
    # What listens on this machine changes while tests run; nothing else may be new.
    assert {each["cloud_service_type"] for each in new} <= {"ListeningPort"}
    assert task["updated_count"] >= len(before) - 20


def test_a_disabled_collector_rests_until_it_is_enabled(up: Up) -> None:
    up.cli("collector", "disable", "this machine")
    assert "ERROR_COLLECTOR_STATE" in up.cli("collect", "this machine", code=1)
    up.cli("collector", "enable", "this machine")
    assert "IN_PROGRESS" in up.cli("collect", "this machine")


def test_wrong_use_ends_with_one_clear_line_and_a_code(up: Up) -> None:
    create = ("collector", "create", "--name", "x", "--plugin", "plugin-none")
    assert "ERROR_NOT_FOUND: Value not found. (plugin_id = plugin-none)" in up.cli(*create, code=3)
    assert up.cli("collector", "get", "collector-000000000000", code=3).startswith("error: ERROR_NOT_FOUND")
    assert "names no collector" in up.cli("collect", "nobody", code=3)
    assert "no method" in up.cli("call", "Collector.nothing", code=2)
    nowhere = Up(up.process, f"127.0.0.1:{free_port()}", [])
    assert "cannot be reached" in nowhere.cli("collector", "list", code=4)


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    running = start(tmp_path, ports() | {"INVENTORY_WORKER_PROCESSES": "1", "INVENTORY_SERVER_PROCESSES": "1"})
    try:
        running.wait_for(READY, START_SECONDS)
        children = psutil.Process(running.process.pid).children(recursive=True)
        names = " ".join(" ".join(child.cmdline()) for child in children)
        assert all(
            name in names for name in ("mongod", "redis-server", "server", "worker", "scheduler", "plugin-local")
        )
        assert running.stop() == 0
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []
    finally:
        running.process.kill()
        running.process.wait(10)
