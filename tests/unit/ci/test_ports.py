"""Tests take ports for servers of their own where neither the system nor another run takes them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

from inventory.devruntime.ports import LOOPBACK, is_taken
from tests import ports

ROOT = Path(__file__).parents[3]
OWN = {"tests/integration/devruntime/test_lock_and_ports.py", "tests/unit/ci/test_ports.py"}
"""What tests the function itself."""


def test_a_port_is_free_below_those_of_the_system_and_not_given_again_soon() -> None:
    given = [ports.free_port() for _ in range(ports.SLICE // 2)]

    assert len(set(given)) == len(given)
    assert all(ports.FIRST < port < ports._system_begin() for port in given)
    assert not any(map(is_taken, given))


def test_a_taken_port_is_passed_over() -> None:
    begun = ports.free_port()
    with socket.create_server((LOOPBACK, begun + 1)):
        assert ports.free_port() != begun + 1


def test_other_processes_have_other_ports() -> None:
    code = "from tests.ports import free_port; print(free_port(), flush=True); input()"
    others = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=-1, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    slices = {(ports.free_port() - ports.FIRST) // ports.SLICE}
    for process in others:
        assert process.stdout is not None
        slices.add((int(process.stdout.readline()) - ports.FIRST) // ports.SLICE)
    for process in others:
        process.communicate("\n")

    assert len(slices) == 4


def test_no_test_takes_a_port_that_the_system_hands_out() -> None:
    # Benchmarks run alone.
    files = [path for path in (ROOT / "tests").rglob("*.py") if "bench" not in path.parts]
    taking = re.compile(r"devruntime(\.ports)? import .*\bfree_port\b")

    found = {str(path.relative_to(ROOT)) for path in files if taking.search(path.read_text())}

    assert found <= OWN, "use tests.ports"
