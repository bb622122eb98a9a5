"""Finds the platform file of a command."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from inventory import settings
from inventory.cli.endpoint import find_endpoint
from inventory.cli.options import ClientOptions
from inventory.devruntime.platform_file import FILE_NAME
from inventory.devruntime.running import DATA_DIR, running_settings, running_up
from inventory.errors import SettingsError
from inventory.standalone.platform_file import PlatformFile

Function = Callable[..., Any]

_DATA_DIR = "inventory.data_dir"

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=DATA_DIR,
    show_default=True,
    help="data folder of an `inventory up` on this machine",
)


def platform_options(function: Function) -> Function:
    """Add ``--platform-file`` and ``--data-dir``; the command is called with ``file``, the :class:`PlatformFile`."""

    @click.option(
        "--platform-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="the platform file; absent: INVENTORY_STATIC_FILE, or that of `inventory up` in --data-dir",
    )
    @data_dir_option
    @wraps(function)
    def command(*args: Any, platform_file: Path | None, data_dir: Path, **kwargs: Any) -> Any:
        click.get_current_context().meta[_DATA_DIR] = data_dir
        return function(*args, file=located(platform_file, data_dir), **kwargs)

    return command


def data_dir() -> Path:
    """Return the ``--data-dir`` of the running command."""
    found: Path = click.get_current_context().meta[_DATA_DIR]
    return found


def located(platform_file: Path | None, folder: Path) -> PlatformFile:
    """Return the platform file of the command. Raises ``SettingsError``: there is none."""
    path = platform_file or settings.load().static_file
    if path is None:
        running = running_settings(folder).get("static_file")
        path = Path(running) if running else folder / FILE_NAME
    if not path.is_file():
        raise SettingsError(
            f"there is no platform file {path}: start `inventory up`, which writes one, or use --platform-file",
            field="static_file",
        )
    return PlatformFile(path)


def is_up(file: PlatformFile) -> bool:
    """Return whether an `inventory up` with this platform file is running."""
    found = running_settings(data_dir()).get("static_file")
    return found is not None and Path(found).resolve() == file.path


def endpoint_of_up(context: click.Context) -> str:
    """Let the command call the server of the `inventory up` in ``--data-dir``, unless ``--endpoint`` says another.

    Returns:
        The endpoint, if without ``--data-dir`` a command would call another one; else the empty string.
    """
    options = context.find_object(ClientOptions)
    if options is None or context.find_root().get_parameter_source("endpoint") is not ParameterSource.DEFAULT:
        return ""
    if running_up(data_dir()) is None:
        return ""
    found = find_endpoint(data_dir())
    if found.address == options.endpoint:
        return ""
    context.obj = dataclasses.replace(options, endpoint=found.address, endpoint_origin=found.origin)
    return found.address
