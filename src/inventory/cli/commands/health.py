"""``inventory health``: whether a process on this machine is healthy, for a container's health check.

Without options and without a settings file, ``inventory.__main__`` handles it directly, since importing the command
line takes longer than the check.
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
    """Exit with 0 if the process KIND that listens here is ready, else with 1 and the reason.

    Without KIND, every process that listens on its configured port must be ready, and at least one must be listening: a
    container runs one process.
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
