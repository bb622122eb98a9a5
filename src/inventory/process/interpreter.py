"""How the threads of a process share the interpreter, what its garbage collector looks at, and how it ends."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Iterator
from typing import Final, NoReturn

from inventory.observe import log_stream

FLUSH_SECONDS: Final = 1.0
"""How long the end of a process waits for its standard output and error, s."""

SWITCH_SECONDS: Final = 0.001
"""How long a thread may hold the interpreter while others wait for it, s.

A call releases it about ten times, for each reply of MongoDB and each gRPC message, and then waits this long for every
computing thread. With Python's default of 5 ms that adds up to 0.3 s beside two requests that are expensive to decode.
"""


def switch_often() -> None:
    """Switch threads often, so that short calls wait less for computing ones."""
    sys.setswitchinterval(SWITCH_SECONDS)


def exclude_from_collection() -> None:
    """Let the garbage collector ignore all objects that exist now: a full collection then takes a few milliseconds.

    Call it once a process is complete: classes, descriptors, and tables that live as long as it does.
    """
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Disable the garbage collector during the imports in the block, which takes a sixth less time, and let it ignore
    all objects that exist afterwards: they live as long as the process.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def exit_at_once() -> NoReturn:
    """End the process with exit code 0 although threads hang in calls: a usual exit may wait for them forever.

    What was logged and printed is written first; ``finally`` blocks and exit handlers do not run.
    """
    log_stream.drain()
    # On a thread, since one that hangs may hold the lock of a stream, or nobody reads it.
    flushing = threading.Thread(target=_flush, name="flush", daemon=True)
    with contextlib.suppress(RuntimeError):  # no thread can be started
        flushing.start()
        flushing.join(FLUSH_SECONDS)
    os._exit(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
