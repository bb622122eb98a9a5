"""Collectors: create, change, verify, delete and read them (contract, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inventory.domain import ids
from inventory.domain.collector.values import (
    DEFAULT_PRIORITY,
    changed_plugin_info,
    checked_priority,
    new_plugin_info,
    optional_text,
    required_text,
    struct,
)
from inventory.domain.deletion_guard import check_tags
from inventory.domain.plain import Document, Json, Params
from inventory.domain.principal import Principal
from inventory.errors import (
    InitPluginFailureError,
    InvalidParameterTypeError,
    PluginError,
    RequiredParameterError,
    VerifyPluginFailureError,
)
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.collector.secrets import SecretManager
from inventory.manager.schedule.manager import ScheduleManager
from inventory.model.documents.collector import Collector, StoredCollector
from inventory.model.new_document import new_document
from inventory.model.time_limit import finish
from inventory.observe.logs import get_logger
from inventory.service.collector.delete import CollectorRemover
from inventory.service.collector.plugin import CollectorPluginService, Refreshed
from inventory.service.collector.verify_plugin import PluginVerifier
from inventory.service.reading import ResourceReads

log = get_logger(__name__)


_ID: Final = "collector_id"


@dataclass(kw_only=True, eq=False)
class CollectorService(ResourceReads):
    """The use cases of collectors, except ``collect`` and schedules."""

    collectors: CollectorManager
    rules: CollectorRuleManager
    plugins: PluginManager
    secrets: SecretManager
    collector_plugins: CollectorPluginService
    verifier: PluginVerifier
    remover: CollectorRemover
    schedules: ScheduleManager

    def create(self, principal: Principal, params: Params) -> StoredCollector:
        """Create a collector; if that fails, nothing is stored.

        Args:
            params: name, plugin_info, priority, tags, is_public (None: true), project_id.

        Raises:
            RequiredParameterError, InvalidParameterError: ``params`` is invalid.
            NotFoundError: no such plugin.
            ConnectionFailureError: the repository or the plugin service is unreachable.
            VerifyPluginFailureError: the plugin is unreachable, or refuses.
        """
        values = _new_values(params)
        plugin_info = new_plugin_info(struct(params["plugin_info"], "plugin_info"))
        if plugin_info.get("secret_group_id"):
            self.secrets.check_group(plugin_info["secret_group_id"], principal)
        information = self.plugins.information(plugin_info["plugin_id"], principal)
        try:
            refreshed = self.collector_plugins.refresh(plugin_info, principal)
        except PluginError as exc:
            raise VerifyPluginFailureError(reason=exc.reason) from exc
        if information.provider:
            values["provider"] = information.provider
        collector: StoredCollector = new_document(
            Collector,
            **values,
            collector_id=ids.new_id(ids.COLLECTOR),
            domain_id=principal.domain_id,
            capability=dict(information.capability),
            plugin_info=refreshed.plugin_info,
            created_at=self.clock.now(),
        )
        return self._insert(collector, refreshed)

    def _insert(self, collector: StoredCollector, refreshed: Refreshed) -> StoredCollector:
        """Store the rules before the collector, so that a visible collector is complete."""
        domain_id, collector_id = collector["domain_id"], collector[_ID]
        try:
            if refreshed.rules:
                self.rules.replace_managed(domain_id, collector_id, refreshed.rules, now=collector["created_at"])
            self.collectors.insert(collector)
        except Exception:
            finish(lambda: self.rules.delete_of_collector(domain_id, collector_id))
            raise
        log.info("collector_created", collector_id=collector_id, plugin_id=collector["plugin_info"]["plugin_id"])
        return collector

    def update(self, principal: Principal, params: Params) -> StoredCollector:
        """Change name, priority, tags and, as ``update_plugin`` does, the plugin; all or nothing.

        Raises:
            NotFoundError: no such collector.
            InvalidParameterError: an invalid value.
            InitPluginFailureError: the plugin's ``init`` failed.
        """
        collector = self.collectors.get(principal.domain_id, required_text(params, _ID))
        fields = _changed_values(params)
        if params.get("plugin_info") is None:
            updated = self.collectors.update_fields(principal.domain_id, collector[_ID], fields)
        else:
            sent = struct(params["plugin_info"], "plugin_info")
            plugin_info = changed_plugin_info(collector["plugin_info"], sent, prefix="plugin_info.")
            updated = self._replace_plugin(principal, collector, plugin_info, fields)
        if "priority" in fields:
            # Due schedules are ordered by a copy of it. If this is interrupted, they are updated when they fire next.
            self.schedules.set_priority(principal.domain_id, collector[_ID], fields["priority"])
        return updated

    def update_plugin(self, principal: Principal, params: Params) -> StoredCollector:
        """Change version, options or upgrade_mode, call ``init`` again, and replace metadata and MANAGED rules.

        Raises: like ``update``.
        """
        collector = self.collectors.get(principal.domain_id, required_text(params, _ID))
        return self._replace_plugin(principal, collector, changed_plugin_info(collector["plugin_info"], params), {})

    def _replace_plugin(
        self, principal: Principal, collector: StoredCollector, plugin_info: Json, fields: Params
    ) -> StoredCollector:
        try:
            refreshed = self.collector_plugins.refresh(plugin_info, principal)
        except PluginError as exc:
            raise InitPluginFailureError(reason=exc.reason) from exc
        log.info("plugin_updated", collector_id=collector[_ID], version=refreshed.plugin_info["version"])
        return self.collector_plugins.store(collector, refreshed, fields)

    def verify_plugin(self, principal: Principal, collector_id: str, secret_id: str = "") -> None:
        """Return if the plugin accepts one of the collector's secrets, or the one given.

        Raises:
            NotFoundError: no such collector, or the secret does not belong to it.
            VerifyPluginFailureError: no secret passed.
            ConnectionFailureError: a platform service is unreachable.
        """
        self.verifier.verify(principal, self._get(principal, collector_id), secret_id)

    def delete(self, principal: Principal, collector_id: str) -> None:
        """Remove the collector with everything that belongs to it; cancel its jobs. Raises ``NotFoundError``."""
        self.remover.delete(principal.domain_id, self._get(principal, collector_id)[_ID])

    def _get(self, principal: Principal, collector_id: str) -> StoredCollector:
        if not collector_id:
            raise RequiredParameterError(key=_ID)
        return self.collectors.get(principal.domain_id, collector_id)

    def enable(self, principal: Principal, collector_id: str) -> StoredCollector:
        """Enable the collector. Raises ``NotFoundError``."""
        if not collector_id:
            raise RequiredParameterError(key=_ID)
        return self.collectors.enable(principal.domain_id, collector_id, self.clock.now())

    def disable(self, principal: Principal, collector_id: str) -> StoredCollector:
        """Disable the collector: ``collect`` is refused, and schedules do not fire. Raises ``NotFoundError``."""
        if not collector_id:
            raise RequiredParameterError(key=_ID)
        return self.collectors.disable(principal.domain_id, collector_id, self.clock.now())


def _new_values(params: Params) -> Document:
    """Return name, priority, tags, is_public and project_id of a new collector, validated."""
    values: Document = {"name": required_text(params, "name")}
    if params.get("plugin_info") is None:
        raise RequiredParameterError(key="plugin_info")
    priority = params.get("priority")
    values["priority"] = DEFAULT_PRIORITY if priority is None else checked_priority(priority)
    values["tags"] = _tags(params.get("tags") or {})
    is_public = params.get("is_public")
    if not isinstance(is_public, bool | None):
        raise InvalidParameterTypeError(key="is_public", expected="bool")
    values["is_public"] = is_public is not False
    project_id = optional_text(params, "project_id")
    if project_id:
        values["project_id"] = project_id
    elif not values["is_public"]:
        raise RequiredParameterError(key="project_id")
    return values


def _changed_values(params: Params) -> Document:
    """Return those of name, priority and tags that were sent, validated."""
    fields: Document = {}
    name = optional_text(params, "name")
    if name:
        fields["name"] = name
    if params.get("priority") is not None:
        fields["priority"] = checked_priority(params["priority"])
    if params.get("tags") is not None:
        fields["tags"] = _tags(params["tags"])
    return fields


def _tags(value: object) -> Document:
    tags = struct(value, "tags")
    check_tags(tags)
    return tags
