"""A stop flag is safe to set from a signal handler, wherever the main thread is."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from inventory.process.stop_flag import StopFlag

HANDLER_THAT_SETS = re.compile(r"signal\.signal\(.*\.set\b")

# A timer interrupts the loop thousands of times, also inside wait and set; with a plain event it fails.
LOOP = """
import signal, sys, threading
from inventory.process.stop_flag import StopFlag
flags = [StopFlag()]
def handle(*_):
    flags[0].set()
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
for _ in range(3000):
    while not flags[0].wait(0.00001):
        pass
    flags[0] = StopFlag()
signal.setitimer(signal.ITIMER_REAL, 0)
print("done")
"""

# The signal goes to another thread than the main one, which is not interrupted: its wait must let the handler run.
ELSEWHERE = """
import signal, sys, threading, time
from inventory.process.stop_flag import StopFlag
flag = StopFlag()
signal.signal(signal.SIGTERM, lambda *_: flag.set())
main = threading.get_ident()
def other():
    while sys._current_frames()[main].f_code is not StopFlag.wait.__code__:
        time.sleep(0.01)
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Thread(target=other).start()
print(flag.wait())
"""


def test_a_signal_that_another_thread_gets_ends_a_wait_without_a_limit() -> None:
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "True", done.stderr


def test_setting_it_in_a_signal_handler_never_hangs() -> None:
    done = subprocess.run([sys.executable, "-c", LOOP], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "done", done.stderr


def test_it_wakes_every_thread_that_waits() -> None:
    flag = StopFlag()
    woken: list[bool] = []
    threads = [threading.Thread(target=lambda: woken.append(flag.wait(60))) for _ in range(3)]
    for thread in threads:
        thread.start()

    flag.set()
    flag.set()

    for thread in threads:
        thread.join(60)
    assert woken == [True, True, True]
    assert flag.is_set()


def test_waiting_ends_with_its_time() -> None:
    flag = StopFlag()
    began = time.monotonic()
    assert not flag.wait(0.05)
    assert not flag.wait(-1)
    assert time.monotonic() - began >= 0.04


def test_no_signal_handler_sets_another_kind_of_event() -> None:
    root = Path(__file__).parents[3]
    modules = [path for folder in ("src", "tests") for path in (root / folder).rglob("*.py")]

    setting = {path.name for path in modules if HANDLER_THAT_SETS.search(path.read_text())}

    assert setting == {"stop_flag.py", Path(__file__).name}
