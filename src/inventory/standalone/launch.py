"""Determines how a plugin that `inventory up` runs is started. Pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inventory.bootstrap.static_file import PluginEntry

_OWN: Final = "INVENTORY_"
"""The prefix of the service's variables, which contain passwords of its stores and are not passed to plugins."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A process to be started.

    Attributes:
        argv: the command line.
        folder: its working directory; None: any.
        environment: its whole environment.
    """

    argv: tuple[str, ...]
    folder: Path | None
    environment: Mapping[str, str]


def launch_of(entry: PluginEntry, platform_file: Path) -> Launch:
    """Return the process of a plugin.

    Args:
        entry: its entry, with ``run``.
        platform_file: the file of the entry; relative folders are relative to its own.
    """
    assert entry.run is not None
    port = port_of(entry)
    environment = plugin_environment()
    if entry.run.command is not None:
        argv = tuple(part.replace("{port}", str(port)) for part in entry.run.command)
        folder = platform_file.parent / (entry.run.folder or ".")
        if "/" in argv[0]:
            argv = (str(folder / argv[0]), *argv[1:])
        return Launch(argv, folder, {**environment, "PORT": str(port)})
    name = container_of(entry, platform_file)
    publish = f"127.0.0.1:{port}:{entry.run.container_port}"
    # With --init, SIGTERM ends any program that does not ignore it.
    argv = ("docker", "run", "--rm", "--init", "--name", name, "--publish", publish, "--memory", entry.run.memory)
    return Launch((*argv, str(entry.run.image)), None, environment)


def plugin_environment() -> dict[str, str]:
    """Return the environment of plugins, and of the commands that manage them."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}


def port_of(entry: PluginEntry) -> int:
    """Return the port of the plugin."""
    return int(str(entry.endpoint).rpartition(":")[2])


def container_of(entry: PluginEntry, platform_file: Path) -> str:
    """Return the name of the plugin's container; empty: it has none.

    It differs between plugins and between platform files, because a container of this name is removed before each
    start.
    """
    if entry.run is None or not entry.run.image:
        return ""
    owner = hashlib.sha256(f"{platform_file.resolve()}\n{entry.plugin_id}".encode()).hexdigest()
    return f"inventory-plugin-{port_of(entry)}-{owner[:8]}"
