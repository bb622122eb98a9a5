"""A stop flag is safe to set from a signal handler, wherever the main thread is."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from inventory.process.stop_flag import StopFlag

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


def test_setting_it_in_a_signal_handler_never_hangs() -> None:
    done = subprocess.run([sys.executable, "-c", LOOP], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "done", done.stderr


def test_it_wakes_every_thread_that_waits() -> None:
    flag = StopFlag()
    woken: list[bool] = []
    threads = [threading.Thread(target=lambda: woken.append(flag.wait(30))) for _ in range(3)]
    for thread in threads:
        thread.start()

    flag.set()
    flag.set()

    for thread in threads:
        thread.join(10)
    assert woken == [True, True, True]
    assert flag.is_set()


def test_waiting_ends_with_its_time() -> None:
    flag = StopFlag()
    began = time.monotonic()
    assert not flag.wait(0.05)
    assert not flag.wait(-1)
    assert time.monotonic() - began >= 0.04
