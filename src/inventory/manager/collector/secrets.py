"""Secrets: which ones a collector uses, and their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inventory.connector.ports import SecretInformation, SecretSelector, SecretStore
from inventory.domain.plain import Json
from inventory.domain.principal import Principal


def selector_of(plugin_info: Mapping[str, Any]) -> SecretSelector | None:
    """Return the selector for the secrets of a ``plugin_info``, or None if it names none."""
    secret_id = plugin_info.get("secret_id") or ""
    group_id = plugin_info.get("secret_group_id") or ""
    if secret_id or group_id:
        return SecretSelector(secret_id=secret_id, secret_group_id=group_id)
    provider = plugin_info.get("provider") or ""
    return SecretSelector(provider=provider) if provider else None


class SecretManager:
    """The secrets of collectors, accessed through the port. Data is passed on, never kept."""

    def __init__(self, *, store: SecretStore) -> None:
        self._store = store

    def list_of_plugin(self, plugin_info: Mapping[str, Any], principal: Principal) -> Sequence[SecretInformation]:
        """Return the secrets of ``plugin_info``: the union of its secret and the secrets of its group, else all of its
        provider, else none; without duplicates, ordered by id.

        Raises:
            InventoryError: raised by the port.
        """
        selector = selector_of(plugin_info)
        if selector is None:
            return []
        found = {secret.secret_id: secret for secret in self._store.list_secrets(selector, principal)}
        return [found[secret_id] for secret_id in sorted(found)]

    def check_group(self, secret_group_id: str, principal: Principal) -> None:
        """Refuse a group if the secret service does not support groups.

        Raises:
            InvalidParameterError: the service has no groups.
        """
        self._store.list_secrets(SecretSelector(secret_group_id=secret_group_id), principal)

    def get_data(self, secret_id: str, principal: Principal) -> Json:
        """Return the secret's data. Never log, store or queue it."""
        return self._store.get_data(secret_id, principal)
