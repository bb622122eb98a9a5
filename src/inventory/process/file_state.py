"""Whether a file is still the one that was read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class FileState(NamedTuple):
    """What changes with a file: its modification time in ns, its size in bytes, its inode."""

    modified_ns: int
    size: int
    inode: int


def file_state(path: Path) -> FileState | None:
    """Return the state of ``path``; None where it is absent or cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_mtime_ns, found.st_size, found.st_ino)
