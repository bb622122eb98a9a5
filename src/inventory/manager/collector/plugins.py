"""Plugins: their entry in the repository, their endpoint, and their metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inventory.connector.ports import (
    CollectorPlugin,
    PluginConnector,
    PluginDirectory,
    PluginEndpoint,
    PluginInformation,
    Repository,
)
from inventory.domain.collector.options_schema import with_defaults
from inventory.domain.plain import Json
from inventory.domain.principal import Principal
from inventory.domain.redact import redact, secret_options
from inventory.errors import (
    ConnectionFailureError,
    InvalidParameterError,
    PluginError,
    RequestTimeoutError,
    RequiredParameterError,
)
from inventory.manager.resource.store import encodable

AUTO: Final = "AUTO"
MANUAL: Final = "MANUAL"

PluginInfo = Mapping[str, Any]
"""A collector's stored ``plugin_info``."""


class PluginManager:
    """Plugins, accessed through the ports."""

    def __init__(self, *, directory: PluginDirectory, repository: Repository, connector: PluginConnector) -> None:
        self._directory = directory
        self._repository = repository
        self._connector = connector

    def information(self, plugin_id: str, principal: Principal) -> PluginInformation:
        """Return the repository's entry. Raises ``NotFoundError`` for an unknown plugin."""
        return self._repository.get_plugin(plugin_id, principal)

    def endpoint(self, plugin_info: PluginInfo, principal: Principal) -> PluginEndpoint:
        """Return the plugin's endpoint; with upgrade_mode AUTO it may name a version that is now in force."""
        return self._directory.get_endpoint(
            plugin_info["plugin_id"],
            plugin_info.get("version") or "",
            upgrade_mode=plugin_info.get("upgrade_mode") or AUTO,
            principal=principal,
        )

    def initialized(self, plugin_info: PluginInfo, endpoint: PluginEndpoint, principal: Principal) -> dict[str, Any]:
        """Return ``plugin_info`` with the version in force and the metadata returned by the plugin's ``init``.

        Raises:
            RequiredParameterError: no version was given, and the plugin service names none.
            InvalidParameterError: the options cannot be stored.
            PluginError: the plugin is unreachable or refuses; its reason contains no option values.
        """
        version = endpoint.updated_version or plugin_info.get("version")
        if not version:
            raise RequiredParameterError(key="plugin_info.version")
        options = plugin_info.get("options") or {}
        if not encodable({"options": options}):
            raise InvalidParameterError(
                key="plugin_info.options", reason="cannot be stored: too large or not encodable"
            )
        try:
            metadata = self.connect(endpoint, principal).init(options)
        except PluginError as exc:
            raise PluginError(reason=redact(exc.reason, secret_options(options))) from exc
        except (ConnectionFailureError, RequestTimeoutError, InvalidParameterError) as exc:
            raise PluginError(reason=redact(exc.message, secret_options(options))) from exc
        initialized = {**plugin_info, "version": version, "options": options, "metadata": dict(metadata)}
        if not encodable(initialized):
            raise PluginError(reason="its metadata cannot be stored: too large or not encodable")
        return initialized

    def connect(self, endpoint: PluginEndpoint, principal: Principal) -> CollectorPlugin:
        """Return a connection. Raises ``InvalidParameterError`` for an invalid endpoint."""
        return self._connector.connect(endpoint, principal)

    def open(self, collector: Mapping[str, Any], principal: Principal) -> CollectorPlugin:
        """Return a connection to the collector's plugin, at its current endpoint; nothing is upgraded."""
        return self.connect(self.endpoint(collector["plugin_info"], principal), principal)

    def verify(self, plugin: CollectorPlugin, plugin_info: PluginInfo, secret_data: Json) -> None:
        """Return if the plugin accepts the secret.

        Raises:
            PluginError: it does not, or ``PluginUnavailableError`` if it is unreachable; neither contains values of the
                options or the secret.
        """
        options = with_defaults(plugin_info.get("options") or {}, plugin_info.get("metadata") or {})
        try:
            plugin.verify(options, secret_data)
        except PluginError as exc:
            raise type(exc)(reason=redact(exc.reason, secret_data, secret_options(options))) from exc
