"""A small file in the data folder by which `inventory doctor` finds a running `inventory up`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import psutil

from inventory.standalone.files import written_beside

FILE_NAME: Final = "running.json"


class RunningFile:
    """The file of one `up`; leaving the context removes it.

    It contains addresses on this machine and no password, and only its owner may read it.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    def write(self, settings: Mapping[str, str]) -> None:
        """Write the effective settings, by name."""
        with written_beside(self._path, json.dumps({"pid": os.getpid(), "settings": dict(settings)})) as new:
            new.replace(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


def running_settings(data_dir: Path) -> dict[str, str]:
    """Return the settings of the `up` that runs on ``data_dir``; none if none is running."""
    try:
        content = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        found = {str(name): str(value) for name, value in content["settings"].items()}
        return found if psutil.pid_exists(int(content["pid"])) else {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        # Missing, or incomplete because its writer was killed.
        return {}
