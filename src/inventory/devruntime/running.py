"""Where a running `inventory up` can be found: a small file in its data folder, for `inventory doctor`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import psutil

FILE_NAME: Final = "running.json"


class RunningFile:
    """The file of one `up`; leaving the context removes it.

    It holds addresses on this machine and no password, and only its owner may read it.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    def write(self, settings: Mapping[str, str]) -> None:
        """Write which settings are in force, by name."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump({"pid": os.getpid(), "settings": dict(settings)}, file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


def running_settings(data_dir: Path) -> dict[str, str]:
    """Return the settings of the `up` that runs on ``data_dir``; none where none runs."""
    try:
        content = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        found = {str(name): str(value) for name, value in content["settings"].items()}
        return found if psutil.pid_exists(int(content["pid"])) else {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        # Absent, or left half written by one that was killed: nothing to be found by.
        return {}
