"""The static platform file for commands: its validated text, and the data of its secrets."""

from __future__ import annotations

from pathlib import Path

from inventory.connector.static.file import StaticFile, parse_text, read_text
from inventory.connector.static.schema import PlatformContent, PluginEntry, ProjectEntry, RunEntry, SecretEntry
from inventory.connector.static.secrets import StaticSecretStore
from inventory.domain.plain import Json
from inventory.domain.principal import system_principal

__all__ = [
    "PlatformContent",
    "PluginEntry",
    "ProjectEntry",
    "RunEntry",
    "SecretEntry",
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
