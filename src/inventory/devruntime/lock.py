"""The lock on a data folder: one `inventory up` at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from inventory.errors import SettingsError

LOCK_FILE = "up.lock"

_TRIES: Final = 5
_RETRY_SECONDS: Final = 0.02
"""A command that asks whether the folder is locked holds the lock for a moment itself."""


class DataDirLock:
    """Locks ``data_dir`` for this process; the kernel releases the lock when the process ends, however it ends.

    Use it as a context manager. The folder is created if missing; the lock file contains the process id.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = Path(data_dir)
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            SettingsError: another process has locked it (the error contains its id), or the folder cannot be written.
        """
        path = self.data_dir / LOCK_FILE
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise SettingsError(
                f"Cannot use the data folder: {exc.strerror}: {exc.filename}", field="data_dir"
            ) from exc
        try:
            _lock(descriptor)
        except BlockingIOError as exc:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise SettingsError(
                f"`inventory up` already runs on the data in {self.data_dir} (process {holder}). "
                "Stop it first, or choose another folder with --data-dir.",
                field="data_dir",
            ) from exc
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock; does nothing if it is not held."""
        if self._descriptor is not None:
            # The file is not removed: otherwise two later processes could lock two different files.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def is_locked(data_dir: Path) -> bool:
    """Return whether an `inventory up` runs on ``data_dir``."""
    try:
        descriptor = os.open(data_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int) -> None:
    """Lock the file. Raises ``BlockingIOError``: another process has it locked."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(_RETRY_SECONDS)
    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
