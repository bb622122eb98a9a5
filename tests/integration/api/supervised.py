"""A program below the supervisor: ``python -m tests.integration.api.supervised FOLDER MODE``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from inventory.process.family import supervise


def child(folder: str, mode: str) -> int:
    """Leave a file with this process's id, then wait for SIGTERM (or end at once in mode ``dying``)."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    (Path(folder) / str(os.getpid())).touch()
    if mode != "dying":
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(supervise(child, sys.argv[1:3], count=2, drain_seconds=2, max_deaths=3))
