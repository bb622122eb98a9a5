"""Becomes a program that the kernel ends together with its parent: ``launch.py PARENT_PID PROGRAM ARGUMENT …``.

A function run between fork and exec could do the same, but makes the parent fork with all its threads' locks held:
beside gRPC's threads the child then hangs or dies now and then, and with it the parent that waits for it. A plain
script that imports nothing of the package, so that it starts at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Option number of prctl(2), from linux/prctl.h."""


def main() -> None:
    """Ask for the signal, then become the program."""
    parent, *argv = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != int(parent):
        os._exit(1)
    os.execv(argv[0], argv)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
