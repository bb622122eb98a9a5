"""A small file in the data folder by which other commands find a running `inventory up`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from inventory.devruntime.lock import is_locked

FILE_NAME: Final = "running.json"
DATA_DIR: Final = Path(".inventory")
"""The data folder of `inventory up`, unless another is chosen."""
DEFAULT_ENDPOINT: Final = "127.0.0.1:50051"
"""Where clients look for a server if none is named and no `inventory up` runs here."""


@dataclass(frozen=True, slots=True)
class RunningUp:
    """An `inventory up` that is running.

    Attributes:
        endpoint: of its gRPC server, as ``--endpoint`` takes it.
        settings: the effective settings with which other commands find its parts, by name.
    """

    endpoint: str
    settings: Mapping[str, str]


class RunningFile:
    """The file of one `up`, which holds the lock of its data folder; leaving the context removes the file.

    It contains addresses on this machine and no password, and only its owner may read it.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    def write(self, settings: Mapping[str, str], *, endpoint: str) -> None:
        """Write the file; the arguments are those of :class:`RunningUp`."""
        # Every client command reads; only `up` writes, and needs what this imports.
        from inventory.standalone.files import written_beside

        content = {"pid": os.getpid(), "endpoint": endpoint, "settings": dict(settings)}
        with written_beside(self._path, json.dumps(content)) as new:
            new.replace(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


def running_up(data_dir: Path) -> RunningUp | None:
    """Return the `up` that runs on ``data_dir``; None if none is running.

    The file of one that was killed stays behind: only the lock, which the kernel releases, tells that it has ended. The
    file of another user is ignored, because a token may be sent to the endpoint that it names.
    """
    try:
        with (data_dir / FILE_NAME).open(encoding="utf-8") as file:
            if os.geteuid() not in (0, owner := os.fstat(file.fileno()).st_uid) and owner != 0:
                return None
            content = json.load(file)
        settings = {str(name): str(value) for name, value in content["settings"].items()}
        found = RunningUp(endpoint=str(content["endpoint"]), settings=settings)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        # Missing, or incomplete because its writer was killed.
        return None
    return found if is_locked(data_dir) else None


def running_settings(data_dir: Path) -> Mapping[str, str]:
    """Return the settings of the `up` that runs on ``data_dir``; none if none is running."""
    found = running_up(data_dir)
    return {} if found is None else found.settings
