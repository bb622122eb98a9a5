"""Plugins that run beside `inventory up`, as real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from inventory.bootstrap.static_file import PluginEntry, RunEntry
from inventory.devruntime import containers, plugin_processes
from inventory.devruntime.plugin_processes import PluginProcesses
from inventory.devruntime.probes import listening
from inventory.standalone.launch import container_of
from inventory.standalone.plugin_state import State, log_file, read_states
from tests.fakes import docker
from tests.ports import free_port

SECONDS = 60.0
SERVE = "import http.server, os; http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), None).serve_forever()"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def guarded() -> list[int]:
    """The process groups that would be ended if this process were killed."""
    return []


@pytest.fixture
def processes(tmp_path: Path, told: list[str], guarded: list[int]) -> Iterator[PluginProcesses]:
    made = PluginProcesses(
        tmp_path / "platform.yaml", tmp_path, emit=told.append, on_start=guarded.append, on_end=guarded.remove
    )
    yield made
    made.stop()
    assert guarded == []


def _write(folder: Path, **plugins: dict[str, Any]) -> None:
    """Write a platform file with these plugins: the port and how each is run."""
    entries = [
        {"plugin_id": name, "endpoint": f"grpc://127.0.0.1:{run.pop('port')}", "run": run}
        for name, run in plugins.items()
    ]
    new = folder / "new.yaml"
    new.write_text(yaml.safe_dump({"plugins": entries}))
    new.replace(folder / "platform.yaml")


def _container(folder: Path, port: int) -> str:
    """The name of the container of the plugin ``cloud``."""
    run = RunEntry(image="any")
    entry = PluginEntry(plugin_id="cloud", endpoint=f"grpc://127.0.0.1:{port}", run=run)
    return container_of(entry, folder / "platform.yaml")


def _until(processes: PluginProcesses, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        processes.tend()
        time.sleep(0.02)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_command_runs_on_its_port_is_restarted_and_ends_with_its_entry(
    processes: PluginProcesses, tmp_path: Path, guarded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVENTORY_MONGO_URI", "mongodb://user:very-secret@host")
    port = free_port()
    code = "import os; print('environment', sorted(os.environ), flush=True); " + SERVE
    _write(tmp_path, mine={"command": [sys.executable, "-c", code, "{port}"], "port": port})

    _until(processes, lambda: listening("127.0.0.1", port))
    first = read_states(tmp_path)["mine"]
    assert psutil.Process(first.pid).cmdline()[-1] == str(port)
    os.kill(first.pid, signal.SIGKILL)
    _until(processes, lambda: read_states(tmp_path)["mine"].pid != first.pid and listening("127.0.0.1", port))
    again = read_states(tmp_path)["mine"]
    assert guarded == [again.pid]
    assert (again.state, again.deaths, again.reason) == (State.RUNNING, 1, "ended with exit code -9")
    log = log_file(tmp_path, "mine")
    assert log.read_text().count("environment") == 2
    # What the service is told is not for plugins.
    assert "INVENTORY_" not in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600

    _write(tmp_path)
    _until(processes, lambda: not psutil.pid_exists(again.pid))
    assert read_states(tmp_path) == {}


def test_one_that_fails_is_given_up_and_the_others_run_on(
    processes: PluginProcesses, tmp_path: Path, told: list[str]
) -> None:
    port = free_port()
    _write(
        tmp_path,
        dies={"command": [sys.executable, "-c", "raise SystemExit('no such module')"], "port": free_port()},
        missing={"command": ["no-such-program"], "port": free_port()},
        good={"command": [sys.executable, "-c", SERVE], "port": port},
    )
    _until(
        processes,
        lambda: read_states(tmp_path).get("dies", None) is not None and read_states(tmp_path)["dies"].deaths > 1,
    )
    _until(processes, lambda: listening("127.0.0.1", port))

    states = read_states(tmp_path)
    assert (states["missing"].state, states["missing"].reason) == (
        State.FAILED,
        "Cannot start no-such-program: no such program",
    )
    assert states["dies"].reason == "ended with exit code 1"
    assert states["good"].state is State.RUNNING
    assert "no such module" in log_file(tmp_path, "dies").read_text()
    assert any("inventory plugin logs dies" in line for line in told)


def test_a_broken_file_leaves_all_plugins_as_they_are(
    processes: PluginProcesses, tmp_path: Path, told: list[str]
) -> None:
    port = free_port()
    _write(tmp_path, mine={"command": [sys.executable, "-c", SERVE], "port": port})
    _until(processes, lambda: listening("127.0.0.1", port))
    (tmp_path / "platform.yaml").write_text("plugins: [")
    _until(processes, lambda: any("left as they are" in line for line in told))
    assert listening("127.0.0.1", port)


@pytest.fixture
def stubborn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a Docker whose containers ignore SIGTERM; what a test leaves is killed."""
    folder = docker.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(plugin_processes, "GRACE_SECONDS", 0.2)
    yield folder
    for path in folder.glob("inventory-plugin-*"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.read_text()), signal.SIGKILL)


def test_a_container_is_bound_to_loopback_limited_and_replaced_with_its_image(
    processes: PluginProcesses, tmp_path: Path, stubborn: Path
) -> None:
    port = free_port()
    _write(tmp_path, cloud={"image": "spaceone/stubborn:1", "memory": "512m", "port": port})
    _until(processes, lambda: listening("127.0.0.1", port))
    name = _container(tmp_path, port)
    assert docker.calls(stubborn) == [
        ["rm", "--force", name],
        *[
            [
                "run",
                "--rm",
                "--init",
                "--name",
                name,
                "--publish",
                f"127.0.0.1:{port}:50051",
                "--memory",
                "512m",
                "spaceone/stubborn:1",
            ]
        ],
    ]
    state = read_states(tmp_path)["cloud"]
    pid = state.pid
    assert state.container == name

    _write(tmp_path, cloud={"image": "spaceone/stubborn:2", "port": port})
    _until(processes, lambda: docker.calls(stubborn)[-1][-1] == "spaceone/stubborn:2")
    assert not psutil.pid_exists(pid)


def test_a_container_that_ignores_signals_does_not_outlive_its_plugin(
    processes: PluginProcesses, tmp_path: Path, stubborn: Path
) -> None:
    port = free_port()

    def started(image: str) -> psutil.Process:
        _write(tmp_path, cloud={"image": image, "port": port})
        _until(processes, lambda: image in str(docker.calls(stubborn)[-1:]) and listening("127.0.0.1", port))
        return psutil.Process(int((stubborn / _container(tmp_path, port)).read_text()))

    first = started("spaceone/stubborn:1")
    psutil.Process(read_states(tmp_path)["cloud"].pid).kill()
    second = started("spaceone/stubborn:2")
    assert _has_ended(first)

    # An `up` is killed, and the entry removed before the next one starts.
    psutil.Process(read_states(tmp_path)["cloud"].pid).kill()
    _write(tmp_path)
    later = PluginProcesses(tmp_path / "platform.yaml", tmp_path, emit=print)
    _until(later, lambda: _has_ended(second))
    later.stop()

    third = started("spaceone/stubborn:3")
    processes.stop()
    assert _has_ended(third)


def test_two_plugins_or_two_platform_files_never_share_a_container(tmp_path: Path) -> None:
    run, endpoint = RunEntry(image="any"), "grpc://127.0.0.1:50070"
    one, other = (PluginEntry(plugin_id=name, endpoint=endpoint, run=run) for name in ("one", "other"))
    here, there = tmp_path / "platform.yaml", tmp_path / "there.yaml"
    assert len({container_of(one, here), container_of(other, here), container_of(one, there)}) == 3


def test_a_plugin_whose_port_another_process_has_is_not_started(
    processes: PluginProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_processes, "PORT_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        _write(tmp_path, mine={"command": [sys.executable, "-c", "import time; time.sleep(60)"], "port": port})
        _until(processes, lambda: bool(read_states(tmp_path).get("mine")) and read_states(tmp_path)["mine"].deaths > 0)
    state = read_states(tmp_path)["mine"]
    assert (state.pid, state.reason) == (0, f"port {port} on 127.0.0.1 is taken by another process")


def test_a_docker_that_hangs_delays_the_start_only_for_a_while(
    processes: PluginProcesses, tmp_path: Path, stubborn: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "REMOVAL_SECONDS", 0.3)
    (stubborn / docker.STUCK).touch()
    port = free_port()
    _write(tmp_path, cloud={"image": "spaceone/cloud:1", "port": port})
    _until(processes, lambda: listening("127.0.0.1", port))
    assert told == [f"cloud        | its container may still exist: docker rm --force {_container(tmp_path, port)}"]
