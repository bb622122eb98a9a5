"""Finds faults of a static platform file and its secrets before a collect does."""

from __future__ import annotations

from pathlib import Path

from inventory.connector.static.file import StaticFile, is_readable_by_others
from inventory.connector.static.secrets import StaticSecretStore
from inventory.doctor.surroundings import StaticFaults
from inventory.domain.principal import system_principal
from inventory.errors import InventoryError


def static_file_faults(path: Path) -> StaticFaults:
    """Read the file and every secret's data, and return the faults.

    Raises:
        SettingsError: the file cannot be read, or is invalid.
    """
    file = StaticFile(path)
    store = StaticSecretStore(file=file)
    unreadable: dict[str, str] = {}
    for secret in file.content.secrets:
        try:
            store.get_data(secret.secret_id, system_principal(secret.domain_id))
        except InventoryError as exc:
            unreadable[secret.secret_id] = exc.message
    return StaticFaults(
        plugins=len(file.content.plugins),
        secrets=len(file.content.secrets),
        exposed=any(secret.data for secret in file.content.secrets) and is_readable_by_others(path),
        unreadable=unreadable,
    )
