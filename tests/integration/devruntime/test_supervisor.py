"""The supervisor with real child processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from inventory.devruntime.child import wait_until
from inventory.devruntime.child_spec import ChildSpec, ChildStartError
from inventory.devruntime.supervisor import Supervisor
from inventory.process.restarts import RestartPolicy

SLEEPER = "import time; print('hello', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('hello', flush=True)\ntime.sleep(600)\n"
)


def python(name: str, code: str, **options: object) -> ChildSpec:
    """A child that runs ``code`` and is healthy at once."""
    fields: dict[str, object] = {"healthy": lambda: True, **options}
    return ChildSpec(name=name, argv=[sys.executable, "-c", code], **fields)  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    assert wait_until(condition, timeout_seconds=seconds)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervisor(lines: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(emit=lines.append, restarts=RestartPolicy(limit=2, window_seconds=60))
    yield made
    made.stop()


def test_each_line_of_a_child_carries_its_name(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start(python("greeter", SLEEPER))

    eventually(lambda: any(line.startswith("greeter") and line.endswith("| hello") for line in lines))


def test_a_stage_starts_only_when_the_one_before_is_healthy(supervisor: Supervisor, tmp_path: Path) -> None:
    flag = tmp_path / "ready"
    code = f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(flag)!r}).touch(); time.sleep(600)"

    supervisor.start(python("first", code, healthy=flag.exists))

    assert flag.exists()


def test_a_child_that_ends_while_it_starts_is_told_with_its_last_lines(supervisor: Supervisor) -> None:
    code = "import sys; print('no such setting'); sys.exit(2)"

    with pytest.raises(ChildStartError, match=r"broken ended with exit code 2[\s\S]*no such setting"):
        supervisor.start(python("broken", code, healthy=lambda: False))


def test_a_child_that_never_gets_healthy_is_told(supervisor: Supervisor) -> None:
    with pytest.raises(ChildStartError, match="slow is not healthy after"):
        supervisor.start(python("slow", SLEEPER, healthy=lambda: False, start_timeout_seconds=0.3))


def test_a_child_that_died_is_brought_back(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start(python("worker", SLEEPER))
    eventually(lambda: any(line.endswith("| hello") for line in lines))
    first = supervisor.pids["worker"]

    def kill_and_await_return() -> None:
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: supervisor.pids["worker"] != first, timeout_seconds=50)
        wait_until(lambda: sum(line.endswith("| hello") for line in lines) >= 2, timeout_seconds=50)
        supervisor.request_stop()

    helper = threading.Thread(target=kill_and_await_return)
    helper.start()
    code = supervisor.watch()
    helper.join()

    assert code == 0
    assert supervisor.pids["worker"] != first
    assert alive(supervisor.pids["worker"])
    assert any("worker died with exit code -9; restart 1 of 2" in line for line in lines)


def test_a_child_that_keeps_dying_makes_it_give_up(supervisor: Supervisor, lines: list[str], tmp_path: Path) -> None:
    dies = tmp_path / "dies"
    code = f"import pathlib, time\nwhile not pathlib.Path({str(dies)!r}).exists(): time.sleep(0.05)"
    supervisor.start(python("steady", SLEEPER))
    supervisor.start(python("flaky", code))
    dies.touch()
    steady = supervisor.pids["steady"]

    assert supervisor.watch() == 1
    assert any("flaky died 3 times" in line and "giving up" in line for line in lines)

    supervisor.stop()
    assert not alive(steady)


def test_a_stage_that_has_begun_is_not_waited_for_until_asked(supervisor: Supervisor) -> None:
    ready = threading.Event()
    await_health = supervisor.begin(python("slow", SLEEPER, healthy=ready.is_set))
    supervisor.start(python("other", SLEEPER))
    assert set(supervisor.pids) == {"slow", "other"}

    ready.set()

    await_health()


def test_the_last_stage_stops_first_but_for_what_stops_before_all(supervisor: Supervisor, lines: list[str]) -> None:
    code = textwrap.dedent("""
        import signal, sys, time
        def leave(*_):
            print("bye", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print("hello", flush=True)
        time.sleep(600)
    """)
    supervisor.begin(python("gateway", code, stops_first=True))
    supervisor.start(python("database", code))
    supervisor.start(python("server", code))
    eventually(lambda: sum("hello" in line for line in lines) == 3)

    supervisor.stop()

    assert [line.split()[0] for line in lines if "bye" in line] == ["gateway", "server", "database"]


def test_what_outlasts_its_grace_is_killed(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start(python("stubborn", STUBBORN, grace_seconds=0.3))
    eventually(lambda: any("hello" in line for line in lines))
    pid = supervisor.pids["stubborn"]

    supervisor.stop()

    assert not alive(pid)
    assert any("stubborn does not stop: killed" in line for line in lines)


def test_a_dead_childs_own_children_do_not_survive_it(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    code = (
        "import pathlib, subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(p.pid))\n"
        "time.sleep(600)\n"
    )
    supervisor.start(python("parent", code, healthy=lambda: note.exists() and bool(note.read_text())))
    grandchild = int(note.read_text())

    supervisor.stop()

    # The signal was sent; the kernel carries it out a moment later.
    eventually(lambda: not alive(grandchild))


PARENT = """
import signal, sys, pathlib
# Whoever runs the tests under nohup hands an ignored hang-up down, and that would stay so.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from inventory.devruntime.child_spec import ChildSpec
from inventory.devruntime.plugin_processes import PluginProcesses
from inventory.devruntime.supervisor import Supervisor
code, note, grace = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3])
def say(line):
    # In one piece: threads say things at the same time.
    sys.stdout.write(line + chr(10))
    sys.stdout.flush()
s = Supervisor(emit=say, guard_grace_seconds=grace)
plugins = PluginProcesses(
    note.with_name("platform.yaml"), note.parent, emit=say, on_start=s.guard_group, on_end=s.release_group
)
with s.handling_signals():
    s.start(ChildSpec(name="a", argv=[sys.executable, "-c", code], healthy=lambda: True, grace_seconds=60))
    s.start(ChildSpec(name="b", argv=[sys.executable, "-c", code], healthy=lambda: True, grace_seconds=60))
    say(" ".join(["ready", *map(str, s.pids.values())]))
    result = s.watch(plugins.tend)
    say("stopping")
    plugins.stop()
    s.stop()
sys.exit(result)
"""


def run_parent(code: str, tmp_path: Path, grace: float) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a supervisor in a process of its own; return it with its children's ids once both have said hello."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, code, str(tmp_path / "note"), str(grace)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    pids: list[int] = []
    greetings = 0
    for line in process.stdout:
        if line.startswith("ready"):
            pids = [int(word) for word in line.split()[1:]]
        greetings += line.rstrip().endswith("| hello")
        if pids and greetings == 2:
            break
    return process, pids


@pytest.mark.parametrize("code", [SLEEPER, STUBBORN], ids=["willing", "stubborn"])
def test_no_child_outlives_a_killed_supervisor(code: str, tmp_path: Path) -> None:
    # A plugin whose command starts another program, which no signal of the kernel's reaches.
    run = {"command": ["sh", "-c", "sleep 1000 & wait"]}
    plugin = {"plugin_id": "mine", "endpoint": "grpc://127.0.0.1:1", "run": run}
    (tmp_path / "platform.yaml").write_text(json.dumps({"plugins": [plugin]}))
    process, pids = run_parent(code, tmp_path, grace=0.5)
    parent = psutil.Process(process.pid)
    eventually(lambda: any(p.name() == "sleep" for p in parent.children(recursive=True)))
    family = parent.children(recursive=True)
    assert {p.pid for p in family} > set(pids)

    process.kill()
    process.wait(60)

    eventually(lambda: not any(alive(p.pid) for p in family))
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_cleanly(signum: signal.Signals, tmp_path: Path) -> None:
    process, _ = run_parent(SLEEPER, tmp_path, grace=5)
    family = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signum)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert not any(alive(p.pid) for p in family)


def test_a_second_signal_does_not_wait_for_the_grace_time(tmp_path: Path) -> None:
    process, _ = run_parent(STUBBORN, tmp_path, grace=5)
    begun = time.monotonic()

    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert "stopping\n" in process.stdout  # two signals at once would be seen as one
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=50)

    assert time.monotonic() - begun < 45


def test_children_have_process_groups_of_their_own(supervisor: Supervisor) -> None:
    supervisor.start(python("one", SLEEPER), python("two", SLEEPER))

    groups = {os.getpgid(pid) for pid in supervisor.pids.values()}

    assert len(groups) == 2
    assert os.getpgrp() not in groups
