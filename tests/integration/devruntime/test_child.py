"""Children are started reliably, whatever else the parent's threads do, and end with it."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from inventory.devruntime import child
from inventory.errors import SettingsError

BESIDE_GRPC = """
import threading
import grpc
from inventory.devruntime import child

def call():
    method = grpc.insecure_channel("127.0.0.1:1").unary_unary("/a/b")
    while True:
        try:
            method(b"", timeout=0.2)
        except grpc.RpcError:
            pass

for _ in range(4):
    threading.Thread(target=call, daemon=True).start()
print([child.spawn(["true"]).wait(30) for _ in range(30)])
"""

PARENT = """
import sys
from inventory.devruntime import child

print(child.spawn(["sleep", "60"]).pid, flush=True)
sys.stdin.read()
"""


def test_children_start_beside_the_threads_of_grpc() -> None:
    done = subprocess.run([sys.executable, "-c", BESIDE_GRPC], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split("\n")[0] == str([0] * 30)
    assert "fork" not in done.stderr


def test_a_child_ends_with_its_parent_however_that_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        started = psutil.Process(int(parent.stdout.readline()))
        assert child.wait_until(lambda: started.name() == "sleep", timeout_seconds=30)
        parent.kill()

    psutil.wait_procs([started], timeout=30)
    assert not started.is_running()


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(SettingsError, match="no-such-program"):
        child.spawn(["no-such-program"])
