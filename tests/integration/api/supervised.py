"""A program with two child processes: ``python -m tests.integration.api.supervised FOLDER MODE``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from inventory.process.children import ChildProcesses
from inventory.process.restarts import RestartPolicy


def child(folder: str, mode: str, *, number: int, on_ready: Callable[[], None]) -> int:
    """Leave a file with this process's id, then wait for SIGTERM (or end at once in mode ``dying``)."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    (Path(folder) / str(os.getpid())).touch()
    if mode != "dying":
        stop.wait()
    return 0


if __name__ == "__main__":
    children = ChildProcesses(
        child, sys.argv[1:3], kind="server", count=2, drain_seconds=2, restarts=RestartPolicy(limit=2)
    )
    children.handle_signals()
    code = children.run()
    children.stop()
    sys.exit(code)
