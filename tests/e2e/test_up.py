"""`inventory up --demo` as a newcomer runs it: one command, and this machine is in the inventory."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.running import DATA, READY, START_SECONDS, Up, ports, start
from tests.ports import free_port

WELL_SECONDS = 60.0
"""How long it may take until the doctor finds all well: on a busy machine, a page may not answer in time."""
pytestmark = pytest.mark.timeout(400)


def test_the_demonstration_collects_this_machine(up: Up) -> None:
    # What the guide's own plugin collected may lie beside.
    local = ("--provider", "local", "--json")
    assert up.cli("resource", "list", *local)["total_count"] > 50
    assert up.cli("resource", "list", "--kind", "region", *local)["total_count"] == 1
    assert up.cli("resource", "list", "--kind", "cloud-service-type", *local)["total_count"] > 4
    (collector,) = up.cli("collector", "list", "--json")["results"]
    (schedule,) = up.cli("schedule", "list", collector["collector_id"], "--json")["results"]
    assert schedule["schedule"]["hours"] == list(range(24))


def test_collecting_again_creates_nothing_new(up: Up) -> None:
    local = ("resource", "list", "--provider", "local", "--limit", "5000", "--json")
    before = {each["cloud_service_id"]: each["cloud_service_type"] for each in up.cli(*local)["results"]}
    job = up.cli("collect", "this machine", "--watch", "--json")
    assert job["status"] == "SUCCESS"
    (task,) = job["tasks"]
    new = [each for each in up.cli(*local)["results"] if each["cloud_service_id"] not in before]
    # What listens on this machine changes while tests run; nothing else may be new.
    assert {each["cloud_service_type"] for each in new} <= {"ListeningPort"}
    assert task["updated_count"] >= sum(kind != "ListeningPort" for kind in before.values())


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


def test_the_doctor_finds_everything_well_and_the_plugin_keeps_the_protocol(up: Up, up_folder: Path) -> None:
    checks = _checks_once_well(up, "--data-dir", str(up_folder / DATA))
    assert [each for each in checks if each["level"] != "ok"] == []
    (told,) = [each["message"] for each in checks if each["check"] == "plugin plugin-local"]
    endpoint = told.split(" at ")[1].partition(": ")[0]
    tried = up.cli("plugin", "try", endpoint, "--json")
    assert (tried["violations"], tried["remarks"], tried["cut"]) == ([], [], False)
    assert sum(each["count"] for each in tried["messages"]) > 50


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    running = start(tmp_path, ports() | {"INVENTORY_WORKER_PROCESSES": "1", "INVENTORY_SERVER_PROCESSES": "1"})
    try:
        running.wait_for(READY, START_SECONDS)
        children = psutil.Process(running.process.pid).children(recursive=True)
        names = " ".join(map(_command_line, children))
        assert all(
            name in names for name in ("mongod", "redis-server", "server", "worker", "scheduler", "plugin-local")
        )
        assert running.stop() == 0
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == []
    finally:
        running.process.kill()
        running.process.wait(60)


def _checks_once_well(up: Up, *options: str) -> list[dict[str, str]]:
    """Return what the doctor finds once all is well, or in the end."""
    deadline = time.monotonic() + WELL_SECONDS
    while True:
        checks: list[dict[str, str]] = up.cli("doctor", "--json", *options, code=None)["checks"]
        if all(each["level"] == "ok" for each in checks) or time.monotonic() >= deadline:
            return checks


def _command_line(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
