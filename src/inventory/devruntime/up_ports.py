"""The ports of what `inventory up` starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inventory.devruntime import ports
from inventory.devruntime.platform_file import ensure_platform_file
from inventory.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports on which the processes listen. All were free, except those of health pages, which a process can wait
    for."""

    server: int
    server_health: int
    worker: int
    scheduler: int
    gateway: int
    plugin: int


def choose_ports(settings: Settings, static_file: Path, *, plugin_port: int | None) -> Ports:
    """Choose where each process listens; the platform file is written if it is missing.

    Args:
        settings: the settings in force; port 0 means any free one.
        static_file: the platform file, which names the local plugin's port.
        plugin_port: another port for the local plugin; 0: any free one.

    Raises:
        SettingsError: a required port is taken.
    """
    plugin_port = ports.free_port() if plugin_port == 0 else plugin_port
    chosen = Ports(
        server=settings.port or ports.free_port(),
        server_health=ports.usual_or_free(
            settings.server_health_port, chosen="server_health_port" in settings.model_fields_set
        ),
        worker=settings.worker_health_port or ports.free_port(),
        scheduler=settings.scheduler_health_port or ports.free_port(),
        gateway=settings.gateway_port or ports.free_port(),
        plugin=ensure_platform_file(static_file, plugin_port=plugin_port),
    )
    ports.require_free(chosen.server, purpose="the gRPC server", setting="INVENTORY_PORT")
    ports.require_free(chosen.gateway, purpose="the HTTP gateway", setting="INVENTORY_GATEWAY_PORT")
    ports.require_free(chosen.plugin, purpose="the local collector plugin", setting="--plugin-port")
    return chosen
