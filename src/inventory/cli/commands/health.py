"""``inventory health``: whether a process on this machine is well, for the health check of a container."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from inventory import settings
from inventory.cli.command_form import Command
from inventory.cli.terminal import echo
from inventory.process.addresses import host_port, reachable

if TYPE_CHECKING:
    from inventory.settings import Settings

KINDS = ("server", "worker", "scheduler", "gateway", "plugin-local")
EXIT_ILL = 1
Probe = Callable[[], bool]


@click.command(cls=Command, example="inventory health worker")
@click.argument("kind", type=click.Choice(KINDS), required=False)
def health(kind: str | None) -> None:
    """Exit with 0 if the process KIND that listens here is ready, with 1 if not.

    Without KIND every process that listens at its port of the settings has to be ready, and one has to be there:
    one container runs one.
    """
    from inventory.devruntime.probes import listening

    loaded = settings.load()
    host = reachable(loaded.host)
    found = [each for each in ([kind] if kind else KINDS) if listening(host, _port(each, loaded))]
    ill = [each for each in found if not _ready(each, loaded, host)]
    for each in ill:
        echo(f"{each} is not ready", err=True)
    if not found:
        echo(f"{kind or 'any process'} was to listen here, and does not", err=True)
    sys.exit(EXIT_ILL if ill or not found else 0)


def _port(kind: str, loaded: Settings) -> int:
    from inventory.devruntime.platform_file import DEFAULT_PLUGIN_PORT

    return {
        "server": loaded.port,
        "worker": loaded.worker_health_port,
        "scheduler": loaded.scheduler_health_port,
        "gateway": loaded.gateway_port,
        "plugin-local": DEFAULT_PLUGIN_PORT,
    }[kind]


def _ready(kind: str, loaded: Settings, host: str) -> bool:
    from inventory.devruntime.probes import grpc_serving, http_ready

    if kind == "plugin-local":
        return True  # that it listens is all it tells
    if kind == "server" and loaded.tls_certificate_file is None:
        return grpc_serving(host_port(host, loaded.port))
    # With TLS, certificates of the server's clients are not ours to use: its page tells the same.
    port = loaded.server_health_port if kind == "server" else _port(kind, loaded)
    return http_ready(f"http://{host_port(host, port)}/readyz")


COMMANDS = (health,)
