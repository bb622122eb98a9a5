"""What MongoDB and Redis run under, so that their disk can be filled: a limit of the size of their files.

A limit stands for a full disk. It needs neither mounts nor rights: while the signal that comes with it is ignored,
every write beyond it fails as one to a full disk does (EFBIG in the place of ENOSPC), and lifting it makes room.
"""

from __future__ import annotations

import contextlib
import resource
import stat
from pathlib import Path

from inventory.devruntime.databases import binaries

FULL_BYTES = 1


def programs(folder: Path) -> tuple[Path, Path]:
    """Write scripts that start mongod and redis-server with SIGXFSZ ignored; return (mongod, redis-server)."""
    mongod = _script(folder / "mongod.sh", binaries.find_mongod())
    return mongod, _script(folder / "redis-server.sh", binaries.find_redis_server())


def fill_disk(pid: int) -> bool:
    """Let no file of a process grow from now on; return whether it runs."""
    return _limit(pid, FULL_BYTES)


def free_disk(pid: int) -> None:
    """Let its files grow again; that it is gone is fine."""
    _limit(pid, None)


def _limit(pid: int, size: int | None) -> bool:
    with contextlib.suppress(ProcessLookupError):
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))
        return True
    return False


def _script(path: Path, program: Path) -> Path:
    path.write_text(f"#!/bin/sh\ntrap '' XFSZ\nexec '{program}' \"$@\"\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
