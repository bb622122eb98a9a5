"""Plugins from the static file: their endpoints and information."""

from __future__ import annotations

from inventory.connector.ports import PluginEndpoint, PluginInformation
from inventory.connector.static.file import StaticFile
from inventory.connector.static.schema import PluginEntry
from inventory.domain.principal import Principal
from inventory.errors import NotFoundError


class StaticPluginDirectory:
    """See :class:`~inventory.connector.ports.PluginDirectory`."""

    def __init__(self, *, file: StaticFile) -> None:
        self._file = file

    def get_endpoint(self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal) -> PluginEndpoint:
        """See the port. AUTO goes to ``latest`` if the file names one."""
        entry = _find(self._file, plugin_id, principal)
        wanted = version
        if upgrade_mode == "AUTO":
            wanted = entry.latest or version or _newest(entry)
        address = _address(entry, wanted)
        return PluginEndpoint(address, entry.access_token, wanted if wanted != version else "")


class StaticRepository:
    """See :class:`~inventory.connector.ports.Repository`."""

    def __init__(self, *, file: StaticFile) -> None:
        self._file = file

    def get_plugin(self, plugin_id: str, principal: Principal) -> PluginInformation:
        """See the port."""
        entry = _find(self._file, plugin_id, principal)
        return PluginInformation(
            plugin_id=entry.plugin_id, name=entry.name, provider=entry.provider, capability=entry.capability
        )


def _find(file: StaticFile, plugin_id: str, principal: Principal) -> PluginEntry:
    entries = [e for e in file.content.plugins if e.plugin_id == plugin_id and e.serves(principal.domain_id)]
    if not entries:
        raise NotFoundError(key="plugin_id", value=plugin_id)
    return max(entries, key=lambda entry: entry.domain_id)


def _newest(entry: PluginEntry) -> str:
    """Return the version listed last; the file contains no other information about age."""
    return list(entry.versions)[-1] if entry.versions else ""


def _address(entry: PluginEntry, version: str) -> str:
    if isinstance(entry.versions, dict) and version in entry.versions:
        return entry.versions[version]
    if entry.endpoint is not None and (isinstance(entry.versions, dict) or not entry.versions):
        return entry.endpoint
    if entry.endpoint is not None and version in entry.versions:
        return entry.endpoint
    raise NotFoundError(key="version", value=version)
