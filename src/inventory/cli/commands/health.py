"""``inventory health``: whether a process on this machine is well, for the health check of a container.

Without options and without a settings file ``inventory.__main__`` answers it by itself, since importing the command
line takes longer than asking.
"""

from __future__ import annotations

import sys

import click

from inventory.cli.command_form import Command
from inventory.cli.terminal import echo
from inventory.process.health_check import EXIT_ILL, EXIT_WELL, PORTS, check


@click.command(cls=Command, example="inventory health worker")
@click.argument("kind", type=click.Choice(tuple(PORTS)), required=False)
def health(kind: str | None) -> None:
    """Exit with 0 if the process KIND that listens here is ready, with 1 if not; say what it lacks.

    Without KIND every process that listens at its port of the settings has to be ready, and one has to be there:
    one container runs one.
    """
    from inventory import settings

    loaded = settings.load()
    ports = {
        each: getattr(loaded, name.removeprefix(settings.PREFIX).lower()) if name else default
        for each, (name, default) in PORTS.items()
    }
    lines = check(kind, host=loaded.host, ports=ports)
    for line in lines:
        echo(line, err=True)
    sys.exit(EXIT_ILL if lines else EXIT_WELL)


COMMANDS = (health,)
