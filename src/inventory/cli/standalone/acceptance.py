"""Asks plugins whether they accept a secret; their answers are shown without its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import click

from inventory.cli.standalone.asking import connected_plugin, endpoint_of
from inventory.connector.ports import CollectorPlugin
from inventory.domain.collector.options_schema import with_defaults
from inventory.domain.plain import Json
from inventory.domain.redact import redact
from inventory.errors import InventoryError, PluginError, PluginUnavailableError
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.yaml_edit import Entry

_AT_ONCE: Final = 8
"""Maximum number of secrets that are checked concurrently."""
_SHOWN: Final = 10


def require_acceptance(file: PlatformFile, provider: str, secrets: Mapping[str, Json]) -> None:
    """Return if the plugins of the provider accept all ``secrets``, by their names.

    Raises:
        click.ClickException: they do not; names the secrets, the plugins and their reasons.
    """
    plugins = plugins_of(file, provider)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answered = zip(secrets, pool.map(lambda data: answers(plugins, data), secrets.values()), strict=True)
        refused = [
            f"{name}: {answer['plugin_id']}: {answer['error']}"
            for name, all_answers in answered
            for answer in all_answers
            if "error" in answer
        ]
    if refused:
        more = f"; and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
        raise click.ClickException(f"not added, since a plugin refuses: {'; '.join(refused[:_SHOWN])}{more}")


def plugins_of(file: PlatformFile, provider: str, plugin_id: str | None = None) -> list[Entry]:
    """Return the plugin with the id, or else all of the provider. Raises ``click.UsageError``: there is none."""
    if plugin_id:
        return [file.find("plugins", plugin_id)]
    found = [entry for entry in file.entries("plugins") if entry.get("provider") == provider]
    if not found:
        raise click.UsageError(f"no plugin of the provider {provider!r} can be asked: plugin add, plugin run")
    return found


def answers(plugins: Sequence[Entry], data: Json) -> list[dict[str, str]]:
    """Return what each plugin answers to ``verify``."""
    found = []
    for entry in plugins:
        answer = {"plugin_id": str(entry["plugin_id"])}
        token = str(entry.get("access_token") or "")
        try:
            with connected_plugin(endpoint_of(entry), token) as connection:
                connection.verify(_default_options(connection), data)
        except InventoryError as exc:
            answer["error"] = redact(exc.message, data, token)
        found.append(answer)
    return found


def _default_options(connection: CollectorPlugin) -> Json:
    """Return the defaults of a plugin's options; none if the plugin refuses ``init`` without required options."""
    try:
        return with_defaults({}, connection.init({}))
    except PluginUnavailableError:
        raise
    except PluginError:
        return {}
