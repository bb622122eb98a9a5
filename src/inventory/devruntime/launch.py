"""Replaces itself by a program that the kernel ends together with its parent: ``launch.py PARENT_PID PROGRAM ARGUMENT
…``.

A function called between fork and exec could do the same, but would run with locks that other threads of the parent
held at the fork: with gRPC's threads, the child sometimes hangs or dies, and the parent waits for it. This script
imports nothing from the package, so that it starts quickly.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Option number of prctl(2), from linux/prctl.h."""


def main() -> None:
    """Request the parent-death signal, then execute the program."""
    parent, *argv = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != int(parent):
        os._exit(1)
    os.execv(argv[0], argv)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
