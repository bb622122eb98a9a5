"""verify_plugin: whether a collector's plugin accepts its secrets (contract, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inventory.connector.ports import CollectorPlugin, SecretInformation
from inventory.domain.principal import Principal
from inventory.errors import (
    ConnectionFailureError,
    InvalidParameterError,
    InventoryError,
    NotFoundError,
    PluginError,
    PluginUnavailableError,
    RequestTimeoutError,
    SecretServiceError,
    VerifyPluginFailureError,
)
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.collector.secrets import SecretManager
from inventory.observe.logs import get_logger

log = get_logger(__name__)


class PluginVerifier:
    """Tests the secrets of a collector, one after the other, until one is accepted."""

    def __init__(self, *, plugins: PluginManager, secrets: SecretManager) -> None:
        self._plugins = plugins
        self._secrets = secrets

    def verify(self, principal: Principal, collector: Mapping[str, Any], secret_id: str = "") -> None:
        """Return if the plugin accepts one of the collector's secrets, or the one given.

        Args:
            collector: the raw document.
            secret_id: the only one to test; must be one of the collector's.

        Raises:
            NotFoundError: ``secret_id`` is not one of the collector's secrets, or the plugin is unknown.
            ConnectionFailureError: the plugin service or the secret service is unreachable.
            VerifyPluginFailureError: none was accepted; the reason is that of the last one tested, without any secret.
            RequestTimeoutError: the caller's time ran out before one was accepted.
        """
        plugin_info = collector["plugin_info"]
        secrets = self._candidates(principal, plugin_info, secret_id)
        plugin = self._connect(principal, plugin_info)
        reason = "the collector has no secret, or what it names does not exist"
        for secret in secrets:
            if principal.remaining_seconds() <= 0:
                raise RequestTimeoutError
            try:
                self._verify_one(principal, plugin, plugin_info, secret)
            except PluginUnavailableError as exc:
                raise VerifyPluginFailureError(reason=exc.reason) from exc
            except PluginError as exc:
                reason = exc.reason
                log.info("secret_refused", collector_id=collector["collector_id"], secret_id=secret.secret_id)
            else:
                return
        raise VerifyPluginFailureError(reason=reason)

    def _candidates(
        self, principal: Principal, plugin_info: Mapping[str, Any], secret_id: str
    ) -> Sequence[SecretInformation]:
        try:
            secrets = self._secrets.list_of_plugin(plugin_info, principal)
        except SecretServiceError as exc:
            raise VerifyPluginFailureError(reason=exc.reason) from exc
        if not secret_id:
            return secrets
        found = [secret for secret in secrets if secret.secret_id == secret_id]
        if not found:
            raise NotFoundError(key="secret_id", value=secret_id)
        return found

    def _connect(self, principal: Principal, plugin_info: Mapping[str, Any]) -> CollectorPlugin:
        endpoint = self._plugins.endpoint(plugin_info, principal)
        try:
            return self._plugins.connect(endpoint, principal)
        except InvalidParameterError as exc:
            raise VerifyPluginFailureError(reason="the plugin's endpoint is no address") from exc

    def _verify_one(
        self,
        principal: Principal,
        plugin: CollectorPlugin,
        plugin_info: Mapping[str, Any],
        secret: SecretInformation,
    ) -> None:
        try:
            data = self._secrets.get_data(secret.secret_id, principal)
        except ConnectionFailureError:
            raise
        except SecretServiceError as exc:
            raise PluginError(reason=exc.reason) from exc
        except InventoryError as exc:
            # Its text may name a file or a variable of this service: only the code is passed on.
            raise PluginError(reason=f"the secret's data cannot be read: {exc.code}") from exc
        self._plugins.verify(plugin, plugin_info, data)
