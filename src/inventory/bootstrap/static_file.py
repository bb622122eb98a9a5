"""The static platform file for commands: its validated text, and the data of its secrets."""

from __future__ import annotations

from pathlib import Path

from inventory.connector.static.file import StaticFile, parse_text, read_text
from inventory.connector.static.schema import PlatformContent, PluginEntry, ProjectEntry, RunEntry, SecretEntry
from inventory.connector.static.secrets import StaticSecretStore
from inventory.domain.plain import Json
from inventory.domain.principal import system_principal
from inventory.errors import CollectorSecretError

__all__ = [
    "PlatformContent",
    "PluginEntry",
    "ProjectEntry",
    "RunEntry",
    "SecretEntry",
    "known_values",
    "parse_text",
    "read_text",
    "secret_data",
]


def secret_data(path: Path, secret: SecretEntry) -> Json:
    """Return the data of a secret of the file ``path``; never print, log or store it.

    Raises:
        SettingsError: the file cannot be read, or is invalid.
        CollectorSecretError: the data cannot be read.
    """
    return StaticSecretStore(file=StaticFile(path)).get_data(secret.secret_id, system_principal(secret.domain_id))


def known_values(path: Path) -> tuple[list[tuple[str, Json]], list[str]]:
    """Return the data of all secrets and the access tokens of all plugins of the file, to be redacted in texts.

    Returns:
        Each with its provider, and the secret_id of each secret whose data cannot be read here.

    Raises:
        SettingsError: the file cannot be read, or is invalid.
    """
    file = StaticFile(path)
    store = StaticSecretStore(file=file)
    values: list[tuple[str, Json]] = [("", {"access_token": plugin.access_token}) for plugin in file.content.plugins]
    unknown = []
    for secret in file.content.secrets:
        try:
            values.append((secret.provider, store.get_data(secret.secret_id, system_principal(secret.domain_id))))
        except CollectorSecretError:
            unknown.append(secret.secret_id)
    return values, unknown
