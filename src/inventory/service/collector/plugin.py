"""Updates a collector's plugin: endpoint, version, metadata and MANAGED rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.connector.ports import PluginEndpoint
from inventory.domain.clock import Clock
from inventory.domain.collector.rule import Rule, managed_rules
from inventory.domain.principal import Principal
from inventory.errors import InitPluginFailureError, NotFoundError, PluginError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.plugins import AUTO, PluginManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.model.documents.collector import StoredCollector
from inventory.model.time_limit import finish
from inventory.observe.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The result of ``init`` for a plugin_info; nothing of it is stored yet."""

    plugin_info: Mapping[str, Any]
    rules: Sequence[Rule]


class CollectorPluginService:
    """Calls plugins and stores their answers. Any failure happens before anything is stored."""

    def __init__(
        self, *, collectors: CollectorManager, rules: CollectorRuleManager, plugins: PluginManager, clock: Clock
    ) -> None:
        self._collectors = collectors
        self._rules = rules
        self._plugins = plugins
        self._clock = clock

    def refresh(
        self, plugin_info: Mapping[str, Any], principal: Principal, *, endpoint: PluginEndpoint | None = None
    ) -> Refreshed:
        """Ask the plugin for its metadata.

        Args:
            plugin_info: in stored form, with the version and options to use.
            endpoint: where the plugin listens, if known; otherwise the plugin service is asked.

        Raises:
            PluginError: the plugin is unreachable or refuses, or one of its collector rules is invalid.
            NotFoundError, ConnectionFailureError: raised by the plugin service.
        """
        found = endpoint or self._plugins.endpoint(plugin_info, principal)
        info = self._plugins.initialized(plugin_info, found, principal)
        rules, faults = managed_rules(info["metadata"])
        if faults:
            raise PluginError(reason=faults[0])
        return Refreshed(info, rules)

    def store(
        self, collector: StoredCollector, refreshed: Refreshed, fields: Mapping[str, Any] | None = None
    ) -> StoredCollector:
        """Store a refreshed plugin, with further ``fields`` of the collector, and return the collector.

        Only what a refresh may change is written, so that concurrent changes do not undo each other. The rules come
        first: after a crash in between, the old version remains, and the next collect upgrades again.

        Raises:
            NotFoundError: the collector was deleted meanwhile.
        """
        domain_id, collector_id = collector["domain_id"], collector["collector_id"]
        names = ("version", "options", "upgrade_mode", "metadata")
        changes = {
            f"plugin_info.{name}": refreshed.plugin_info[name] for name in names if name in refreshed.plugin_info
        }
        self._rules.replace_managed(domain_id, collector_id, refreshed.rules, now=self._clock.now())
        try:
            return self._collectors.update_fields(domain_id, collector_id, {**changes, **(fields or {})})
        except NotFoundError:
            # Deleted meanwhile: its rules must not come back.
            finish(lambda: self._rules.delete_of_collector(domain_id, collector_id))
            raise

    def upgraded(self, collector: StoredCollector, principal: Principal) -> tuple[StoredCollector, PluginEndpoint]:
        """Resolve the endpoint, and take an upgrade that the plugin service reports; return both as they are now.

        Raises:
            InitPluginFailureError: the new version's ``init`` failed; the collector is unchanged.
            NotFoundError, ConnectionFailureError: raised by the plugin service.
        """
        info = collector["plugin_info"]
        endpoint = self._plugins.endpoint(info, principal)
        version = endpoint.updated_version
        if not version or version == info.get("version") or (info.get("upgrade_mode") or AUTO) != AUTO:
            return collector, endpoint
        try:
            refreshed = self.refresh(info, principal, endpoint=endpoint)
        except PluginError as exc:
            raise InitPluginFailureError(reason=exc.reason) from exc
        log.info("plugin_upgraded", collector_id=collector["collector_id"], version=version)
        return self.store(collector, refreshed), endpoint
