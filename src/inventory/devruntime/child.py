"""Starts and stops a child process that never outlives its parent."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from inventory.errors import SettingsError

POLL_SECONDS = 0.02
TAIL_BYTES = 64 * 1024


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, with stderr redirected to stdout.

    It has its own group so that Ctrl-C in a terminal reaches only the parent, which stops its children in order. On
    Linux the kernel sends the child SIGTERM when the *thread* that called this function ends, so call it from a thread
    that lives as long as the child should.

    Raises:
        SettingsError: the program cannot be started.
    """
    program = shutil.which(argv[0])
    if program is None:
        raise SettingsError(f"Cannot start {argv[0]}: no such program", field=str(argv[0]))
    try:
        return subprocess.Popen(
            [*_launcher(), program, *argv[1:]],
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            process_group=0,
        )
    except OSError as exc:
        raise SettingsError(f"Cannot start {argv[0]}: {exc.strerror}", field=str(argv[0])) from exc


def send(process: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    """Send a signal to the child's whole group; a group that no longer exists is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signum)


def stop(process: subprocess.Popen[bytes], *, grace_seconds: float) -> int:
    """End a child: SIGTERM to itself, SIGKILL to its group after ``grace_seconds``.

    Returns:
        The exit code, as in :class:`subprocess.Popen` (negative: died by that signal).
    """
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    # Grandchildren that the child left behind belong to its group.
    send(process, signal.SIGKILL)
    return process.wait()


def wait_until(
    condition: Callable[[], bool],
    *,
    timeout_seconds: float,
    process: subprocess.Popen[bytes] | None = None,
) -> bool:
    """Poll ``condition`` until it holds, the time is over, or ``process`` has ended; return whether it held."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        if condition():
            return True
        if time.monotonic() >= deadline or (process is not None and process.poll() is not None):
            return False
        time.sleep(POLL_SECONDS)


def tail(path: Path, lines: int = 8) -> list[str]:
    """Return the last ``lines`` of a log file, whole ones of its last 64 KiB; nothing if there is none."""
    try:
        with path.open("rb") as log:
            if (before := path.stat().st_size - TAIL_BYTES) > 0:
                log.seek(before)
                # The rest of a line: half of a secret in it would not be recognized as one.
                log.readline()
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-lines:]


def _launcher() -> list[str]:
    """Return the command prefix that makes a program end with this process, if the kernel supports that."""
    if not sys.platform.startswith("linux"):
        return []
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")), str(os.getpid())]
