"""Plugin entries of the platform file."""

from __future__ import annotations

from inventory.errors import SettingsError
from inventory.standalone.platform_file import Entry


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
        image = str(run["image"]).rpartition(":")[0]
        entry = {**entry, "run": {**run, "image": f"{image}:{version}"}}
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
