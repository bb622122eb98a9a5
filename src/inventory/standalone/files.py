"""Writes files and folders for commands: atomically, and private to their owner.

A replaced file keeps its owner. A new one belongs to the owner of its folder, so that the user can read files written
with ``sudo``.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700


@contextlib.contextmanager
def written_beside(path: Path, text: str, *, mode: int = PRIVATE) -> Iterator[Path]:
    """Yield a new file in the folder of ``path`` that durably contains ``text``; it is removed unless it was renamed.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            _own(file.fileno(), path if path.exists() else path.parent)
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)


def private_folder(path: Path) -> None:
    """Create the folder ``path`` if it is missing. Raises ``OSError``."""
    try:
        path.mkdir(mode=_PRIVATE_FOLDER)
    except FileExistsError:
        return
    # By descriptor, because the path may have been replaced meanwhile.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _own(descriptor, path.parent)
    finally:
        os.close(descriptor)


def private_log(path: Path) -> int:
    """Return a descriptor that appends to the file ``path``, which is created if it is missing. Raises ``OSError``."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, PRIVATE)
        _own(descriptor, path.parent)
        return descriptor
    return os.open(path, flags)


def _own(descriptor: int, model: Path) -> None:
    """Give the open file the owner and group of ``model``, if this process may."""
    wanted, made = model.stat(), os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (wanted.st_uid, wanted.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
