"""What the deployment files are held against: the settings and the commands of the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import pytest

from inventory import settings
from inventory.cli import cli
from inventory.settings import Settings

ROOT = Path(__file__).parents[3]


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that a process with just this environment has; fails where a variable is none of ours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in settings.unknown_variables():
            patch.delenv(name)
        for name in {f"{settings.PREFIX}{each.upper()}" for each in Settings.model_fields}:
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            assert isinstance(value, str), f"{name} is no string"
            patch.setenv(name, value)
        assert settings.unknown_variables() == []
        return settings.load()


def check_command(arguments: Sequence[str]) -> str:
    """Return the command's name; fails where the code has no such command, option or value."""
    assert all(isinstance(each, str) for each in arguments), arguments
    name = arguments[0]
    command = cli.commands[name]
    command.make_context(name, list(arguments[1:]), parent=click.Context(cli))
    return name
