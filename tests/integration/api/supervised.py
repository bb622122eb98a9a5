"""A program with two child processes: ``python -m tests.integration.api.supervised FOLDER MODE spawned|forked``."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from inventory.process.children import ChildProcesses
from inventory.process.restarts import RestartPolicy
from inventory.process.stop_flag import StopFlag


def child(folder: str, mode: str, *, number: int, on_ready: Callable[[], None]) -> int:
    """Leave a file with this process's id, then wait for SIGTERM (or end at once in mode ``dying``)."""
    stop = StopFlag()
    stop.set_by_signals()
    (Path(folder) / str(os.getpid())).touch()
    if mode != "dying":
        stop.wait()
    return 0


def main(folder: str, mode: str, way: str) -> int:
    """Run the children, unless the mode is one in which they never begin."""
    if mode == "threaded":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    children = ChildProcesses(
        child, (folder, mode), kind="server", count=2, drain_seconds=2, restarts=RestartPolicy(limit=2)
    )
    forked = way == "forked" and children.fork()
    if mode == "threaded":
        print(forked)
        return 0
    if mode == "hesitating":
        print(*(each.pid for each in psutil.Process().children()), flush=True)
        time.sleep(60)
    if mode == "leaking":
        # Another process keeps what it has inherited.
        other = os.fork()
        if not other:
            time.sleep(60)
            os._exit(0)
        print(other, flush=True)
    code = 0
    if mode != "never run":
        children.handle_signals()
        code = children.run()
    children.stop()
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
