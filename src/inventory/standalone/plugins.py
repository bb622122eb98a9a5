"""Plugin entries of the platform file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from inventory.errors import SettingsError
from inventory.standalone.images import Image, parse_image
from inventory.standalone.yaml_edit import Entry

FIRST_PORT: Final = 50070
"""The ports of plugins that `inventory up` runs begin here."""
_LOCAL: Final = {"127.0.0.1", "localhost", "::1"}


def new_entry(
    plugin_id: str, endpoint: str, *, name: str = "", provider: str = "", version: str = "", access_token: str = ""
) -> Entry:
    """Return the entry of a plugin with one endpoint and one version."""
    entry: Entry = {"plugin_id": plugin_id}
    for key, value in (("name", name), ("provider", provider), ("endpoint", endpoint)):
        if value:
            entry[key] = value
    if version:
        entry |= {"versions": [version], "latest": version}
    if access_token:
        entry["access_token"] = access_token
    return entry


def port_for(entries: Iterable[Entry], wanted: int | None, is_taken: Callable[[int], bool]) -> int:
    """Return the port of a plugin that is to be run on this machine.

    Args:
        entries: the other plugins, whose ports are theirs even while they do not run.
        wanted: the port; None: the first free one.
        is_taken: whether a process listens on a port.

    Raises:
        SettingsError: another plugin or process has the wanted port, or none is free.
    """
    owners = {port: str(entry["plugin_id"]) for entry in entries for port in _local_ports(entry)}
    if wanted is None:
        for port in range(FIRST_PORT, 65536):
            if port not in owners and not is_taken(port):
                return port
        raise SettingsError(f"no port from {FIRST_PORT} on is free", field="port")
    if wanted in owners:
        raise SettingsError(f"port {wanted} is that of {owners[wanted]}; choose another with --port", field="port")
    if is_taken(wanted):
        raise SettingsError(f"port {wanted} is taken by another process; choose another with --port", field="port")
    return wanted


def _local_ports(entry: Entry) -> Iterable[int]:
    versions = entry.get("versions")
    for endpoint in (entry.get("endpoint"), *(versions.values() if isinstance(versions, dict) else ())):
        address = urlsplit(str(endpoint or ""))
        if address.hostname in _LOCAL and address.port:
            yield address.port


def upgraded(entry: Entry, version: str, endpoint: str = "") -> Entry:
    """Return the entry with ``version`` as the one that collectors with upgrade_mode AUTO use.

    Args:
        entry: as written.
        version: may be an existing one.
        endpoint: of the version; empty: that of the plugin, or of the existing version.

    Raises:
        SettingsError: the endpoint of the version is unknown, or `inventory up` runs the plugin by a command.
    """
    run = entry.get("run") or {}
    if run.get("command"):
        reason = f"it is run by a command; change that, or remove it and run it again with --version {version}"
        raise SettingsError(f"{entry['plugin_id']}: {reason}", field="version")
    if run.get("image"):
        # There is only one container, which collectors with older versions also use.
        image = Image(parse_image(str(run["image"])).name, version)
        entry = {**entry, "run": {**run, "image": image.reference}}
    versions = entry.get("versions") or []
    if isinstance(versions, dict):
        listens = endpoint or versions.get(version) or entry.get("endpoint")
        if not listens:
            raise SettingsError(
                f"{entry['plugin_id']}: each of its versions listens at an endpoint of its own; give that of {version}",
                field="endpoint",
            )
        return {**entry, "versions": {**versions, version: listens}, "latest": version}
    listed = [*versions, *([] if version in map(str, versions) else [version])]
    return {**entry, **({"endpoint": endpoint} if endpoint else {}), "versions": listed, "latest": version}
