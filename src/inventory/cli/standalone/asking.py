"""Calls a plugin directly, as a worker does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from inventory import settings
from inventory.connector.ports import CollectorPlugin, PluginEndpoint
from inventory.domain.principal import system_principal
from inventory.errors import InvalidParameterError

if TYPE_CHECKING:
    from inventory.standalone.yaml_edit import Entry


@contextmanager
def connected_plugin(endpoint: str, access_token: str = "") -> Iterator[CollectorPlugin]:
    """Give a connection to the plugin at ``endpoint``, and close it afterwards.

    Args:
        endpoint: ``grpc://host:port``, ``grpc+ssl://host:port`` or ``host:port``.
        access_token: sent to the plugin.

    Raises:
        click.BadParameter: the endpoint is invalid.
    """
    # The parts of a worker: no other command should wait for their import.
    from inventory.bootstrap import Container

    with contextlib.closing(Container(settings.load())) as container:
        try:
            connection = container.plugin_connector.connect(
                PluginEndpoint(whole(endpoint), access_token),
                system_principal("domain-try", transaction_id="plugin-try"),
            )
        except InvalidParameterError:
            words = "must be grpc://host:port, grpc+ssl://host:port or host:port"
            raise click.BadParameter(words, param_hint="'ENDPOINT'") from None
        yield connection


def whole(endpoint: str) -> str:
    """Return the endpoint with its scheme."""
    return endpoint if "://" in endpoint else f"grpc://{endpoint}"


def endpoint_of(entry: Entry) -> str:
    """Return the endpoint of the version that collectors with upgrade_mode AUTO use."""
    versions: Any = entry.get("versions")
    latest = str(entry.get("latest") or "")
    if isinstance(versions, Mapping) and versions:
        named = {str(version): str(endpoint) for version, endpoint in versions.items()}
        return named.get(latest) or list(named.values())[-1]
    return str(entry.get("endpoint") or "")
