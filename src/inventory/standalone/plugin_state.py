"""The state and logs of the plugins that `inventory up` runs, in its data folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from inventory.standalone.files import written_beside

FOLDER: Final = "plugins"
STATE_FILE: Final = "state.json"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


class State(StrEnum):
    """The state of a plugin's process."""

    RUNNING = "running"
    RESTARTING = "restarting"
    """It died and will be restarted."""
    FAILED = "failed"
    """It cannot be started, or died too often; it is not restarted until its entry changes."""


@dataclass(frozen=True, slots=True)
class PluginState:
    """One plugin's process.

    Attributes:
        pid: of the running or last process; 0: it could not be started.
        deaths: how often it has ended without being stopped since its entry was read.
        reason: why it last ended.
        container: its name; empty: it has none.
    """

    state: State
    pid: int
    deaths: int = 0
    reason: str = ""
    container: str = ""


def log_file(data_dir: Path, plugin_id: str) -> Path:
    """Return the path of a plugin's log."""
    return data_dir / FOLDER / f"{_UNSAFE.sub('_', plugin_id)}.log"


def write_states(data_dir: Path, states: Mapping[str, PluginState]) -> None:
    """Store the states of all plugins. Raises ``OSError``."""
    path = data_dir / FOLDER / STATE_FILE
    text = json.dumps({plugin_id: asdict(state) for plugin_id, state in states.items()})
    with written_beside(path, text) as new:
        new.replace(path)


def read_states(data_dir: Path) -> dict[str, PluginState]:
    """Return the stored states of all plugins; empty if there are none."""
    try:
        content = json.loads((data_dir / FOLDER / STATE_FILE).read_text(encoding="utf-8"))
        return {str(name): PluginState(**{**each, "state": State(each["state"])}) for name, each in content.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
