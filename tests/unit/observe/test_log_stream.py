"""Whoever logs never waits for the stream, and in ordinary use no line is lost."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator

import pytest

from inventory.observe import log_stream
from inventory.observe.log_stream import LineStream

LINE = "x" * 99 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe: where to read, where to write."""
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        with contextlib.suppress(OSError):
            os.close(descriptor)


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is told of lines that were dropped."""
    told: list[int] = []
    monkeypatch.setattr(log_stream, "_counters", [told.append])
    return told


def test_lines_arrive_whole_and_in_order(pipe: tuple[int, int], dropped: list[int]) -> None:
    stream, lines = LineStream(pipe[1]), [f"{number} {'é' * (number % 300)}\n" for number in range(2_000)]
    read = bytearray()
    reader = threading.Thread(target=_read_all, args=(pipe[0], read))
    reader.start()

    for line in lines:
        stream.write(line)
    assert stream.drain(patience_seconds=30)
    os.close(pipe[1])
    reader.join(30)

    assert read.decode() == "".join(lines)
    assert not dropped


def test_an_unread_pipe_costs_lines_that_are_counted_and_no_time(pipe: tuple[int, int], dropped: list[int]) -> None:
    fill(pipe[1])
    stream = LineStream(pipe[1], max_bytes=10_000)

    for _ in range(5_000):
        stream.write(LINE)  # hangs without the queue: a pipe holds 64 KB

    assert not stream.drain(patience_seconds=0.05)
    assert sum(dropped) >= 4_000
    os.close(pipe[0])
    assert stream.drain(patience_seconds=30)


def test_what_was_dropped_is_told_once_the_stream_takes_lines_again(pipe: tuple[int, int], dropped: list[int]) -> None:
    stream = LineStream(pipe[1], max_bytes=100_000)
    stream.notice = lambda count: f"dropped {count}\n"
    for _ in range(5_000):
        stream.write(LINE)
    read = bytearray()
    reader = threading.Thread(target=_read_all, args=(pipe[0], read))
    reader.start()

    assert stream.drain(patience_seconds=30)
    stream.write("and on\n")
    assert stream.drain(patience_seconds=30)
    os.close(pipe[1])
    reader.join(30)

    lines = read.decode().splitlines()
    told = [int(line.split()[1]) for line in lines if line.startswith("dropped")]
    assert sum(told) == sum(dropped) > 0
    assert lines.count(LINE.strip()) == 5_000 - sum(dropped)
    assert "and on" in lines


def test_a_full_disk_and_a_closed_stream_cost_nothing_but_lines(dropped: list[int]) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        stream = LineStream(full.fileno())
        stream.write(LINE)
        assert stream.drain(patience_seconds=30)
    absent = LineStream(None)
    absent.write(LINE)

    assert sum(dropped) == 2


def fill(descriptor: int) -> None:
    """Fill a pipe, so that the next write waits for a reader."""
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(descriptor, b"\n" * 4096)
    os.set_blocking(descriptor, True)


def _read_all(descriptor: int, read: bytearray) -> None:
    while data := os.read(descriptor, 65_536):
        read += data


SETUP = """
from inventory.observe import logs
logs.setup(level="info", form="json", process="p")
log = logs.get_logger("n")
"""
ENDS: dict[str, tuple[str, int]] = {
    "the end of the script": ("", 0),
    "sys.exit": ("import sys; sys.exit(3)", 3),
    "an error": ("raise RuntimeError('boom')", 1),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_lost_however_the_process_ends(
    end: str, run: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    code, status = ENDS[end]

    done = run(SETUP + f"for number in range(3000): log.info('line', number=number)\n{code}")

    lines = done.stderr.splitlines()
    assert done.returncode == status
    assert [line for line in lines[:3000] if '"event": "line"' not in line] == []
    assert len(lines) == 3000 + ("error" in end), lines[3000:]
    assert "error" not in end or "boom" in lines[-1]


def test_what_others_print_keeps_its_order(run: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    done = run(SETUP + "import sys\nlog.info('first'); print('second', file=sys.stderr); log.info('third')")

    assert [("first" in a, "second" in b, "third" in c) for a, b, c in [done.stderr.splitlines()]] == [(True,) * 3]


def test_an_error_of_a_thread_is_one_line(run: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    done = run(
        SETUP + "import threading; from pymongo.errors import OperationFailure\n"
        "def fail(): raise OperationFailure('private')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()"
    )

    assert len(done.stderr.splitlines()) == 1
    assert "thread_failed" in done.stderr
    assert "private" not in done.stderr.replace("raise OperationFailure('private')", "")


@pytest.fixture
def run() -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs a script in a process of its own."""

    def start(script: str) -> subprocess.CompletedProcess[str]:
        # Not a pipe: a process that ends waits only a moment for a reader that is slow.
        with tempfile.TemporaryFile("w+") as told:
            done = subprocess.run(
                [sys.executable, "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
                timeout=60,
                check=False,
            )
            told.seek(0)
            done.stderr = told.read()
        return done

    return start
