"""The stream for log lines: a bounded queue, and one thread that writes.

Logging never waits for the stream. A pipe that nobody reads, a full disk or a closed descriptor only costs lines; their
number is reported by a metric and a log line.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO, cast

STDOUT: Final = 1
STDERR: Final = 2
MAX_BYTES: Final = 4 * 1024 * 1024
"""How much may wait to be written, bytes; anything beyond is dropped."""
WRITE_BYTES: Final = 4096
"""How much is written at once, bytes: a pipe takes this much atomically (PIPE_BUF), so that processes that share one
do not break each other's lines."""
GATHER_SECONDS: Final = 0.05
"""How long lines are collected before they are written, s: waking a thread for each line would slow every call down."""
PATIENCE_SECONDS: Final = 1.0
"""How long the end of the process waits for a stream that accepts nothing, s."""

Dropped = Callable[[int], None]
"""Called with the number of dropped lines, in the thread that logs."""

_counters: Final[list[Dropped]] = []


def on_dropped(count: Dropped) -> None:
    """Register ``count`` to be called for all lines that are dropped from now on."""
    _counters.append(count)


class LineStream(io.TextIOBase):
    """A text stream for a file descriptor, written asynchronously and in order.

    Args:
        descriptor: where lines go; None: there is no stream, and all are dropped.
        max_bytes: how much may wait.
        encoding: the encoding of the output.
    """

    def __init__(self, descriptor: int | None, *, max_bytes: int = MAX_BYTES, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._written_bytes = 0
        self._unreported = 0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.notice: Callable[[int], str] | None = None
        """Creates the line that reports how many lines were dropped, once the stream accepts lines again."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the output."""
        return self._encoding

    def writable(self) -> bool:
        """See :mod:`io`."""
        return True

    def fileno(self) -> int:
        """See :mod:`io`."""
        if self._descriptor is None:
            raise io.UnsupportedOperation("there is no stream")
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._descriptor is not None and os.isatty(self._descriptor)

    def write(self, text: str) -> int:
        """Enqueue ``text``, or drop it; never blocks."""
        data = text.encode(self._encoding, "replace")
        with self._lock:
            taken = self._descriptor is not None and self._waiting_bytes + len(data) <= self._max_bytes
            if taken:
                self._waiting_bytes += len(data)
                self._lines.append(data)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="log-stream", daemon=True)
                    self._thread.start()
        if not taken:
            self._drop(data)
        elif not self._wake.is_set():
            self._wake.set()
        return len(text)

    def flush(self) -> None:
        """Do nothing: callers flush after each line, but must not wait; see ``drain``."""

    def drain(self, patience_seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until everything is written; give up if the stream accepts nothing that long. Return whether all was."""
        seen, since = -1, time.monotonic()
        while self._waiting_bytes:
            if self._written_bytes != seen:
                seen, since = self._written_bytes, time.monotonic()
            elif time.monotonic() - since > patience_seconds:
                return False
            time.sleep(0.002)
        return True

    def _drop(self, data: bytes) -> None:
        count = data.count(b"\n")
        if not count:
            return
        with self._lock:
            self._unreported += count
        for counter in _counters:
            counter(count)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(GATHER_SECONDS)
            self._wake.clear()
            while self._lines:
                batch = self._batch()
                if not self._write(batch):
                    self._drop(batch)
                elif self._unreported:
                    self._report_dropped()
                with self._lock:
                    self._waiting_bytes -= len(batch)
                    self._written_bytes += len(batch)

    def _batch(self) -> bytes:
        """Return the next lines: as many whole lines as are written at once, or one longer line."""
        batch = [self._lines.popleft()]
        size = len(batch[0])
        while self._lines and size + len(self._lines[0]) <= WRITE_BYTES:
            line = self._lines.popleft()
            size += len(line)
            batch.append(line)
        return b"".join(batch)

    def _report_dropped(self) -> None:
        with self._lock:
            count, self._unreported = self._unreported, 0
        if self.notice is not None:
            self._write(self.notice(count).encode())

    def _write(self, data: bytes) -> bool:
        descriptor = self._descriptor
        if descriptor is None:
            return False
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(descriptor, view) :]
            except BlockingIOError:
                # Another process that shares the stream has made it non-blocking.
                select.select([], [descriptor], [], PATIENCE_SECONDS)
            except (OSError, ValueError):
                return False
        return True


_stream: LineStream | None = None


def output() -> TextIO:
    """Return a non-blocking stream for standard output, for a process that prints what it does."""
    if sys.stdout is not None and sys.stdout is not sys.__stdout__:
        return sys.stdout
    made = LineStream(None) if sys.stdout is None else LineStream(STDOUT, encoding=sys.stdout.encoding)
    atexit.register(made.drain)
    return cast(TextIO, made)


def stream() -> TextIO:
    """Return the stream this process logs to, and redirect everything written to ``sys.stderr`` to it.

    If ``sys.stderr`` was replaced, as in tests, the replacement is returned.
    """
    global _stream
    if _stream is not None and sys.stderr is _stream:
        return cast(TextIO, _stream)
    if sys.stderr is not None and sys.stderr is not sys.__stderr__:
        return sys.stderr
    if _stream is None:
        _stream = LineStream(STDERR if sys.__stderr__ is not None else None)
        atexit.register(_stream.drain)
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
    made = cast(TextIO, _stream)
    sys.stderr = made
    return made


def drain() -> None:
    """Wait briefly until everything logged is written; to be called before exiting immediately."""
    if _stream is not None:
        _stream.drain()
