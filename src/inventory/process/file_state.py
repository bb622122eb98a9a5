"""Detects whether a file has changed since it was read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class FileState(NamedTuple):
    """What changes together with a file: its modification time in ns, its size in bytes, its inode."""

    modified_ns: int
    size: int
    inode: int


def file_state(path: Path) -> FileState | None:
    """Return the state of ``path``; None if it is absent or not accessible."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_mtime_ns, found.st_size, found.st_ino)
