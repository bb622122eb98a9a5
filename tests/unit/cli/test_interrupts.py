"""Ctrl-C while Python still imports: no traceback, in no process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from inventory.process.interrupts import deaf_to_interrupts


@pytest.fixture
def heard() -> Iterator[None]:
    """SIGINT is heard by what is started here, even if these tests run in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_the_command_ends_without_a_word(tmp_path: Path) -> None:
    # The import of the commands is made to last, and tells when it has begun.
    (tmp_path / "click.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-m", "inventory", "collector", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (-signal.SIGINT, "")


def _child(pipe: Connection) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
    pipe.send("deaf")


def test_a_process_that_another_looks_after_does_not_hear_it() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs,))
    with deaf_to_interrupts():
        process.start()
    theirs.close()
    try:
        assert ours.poll(30)
        assert ours.recv() == "deaf"
    finally:
        process.kill()
        process.join()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
