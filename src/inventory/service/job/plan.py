"""What a collect will do: endpoint, secrets and filters, determined before any of it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from inventory.connector.ports import PluginEndpoint, SecretInformation
from inventory.domain.clock import Clock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.collector.filter_format import CheckedFilter, checked_filter, filters_by_secret, with_cache
from inventory.domain.job.failed_task import FailedTask
from inventory.domain.plain import Document
from inventory.domain.principal import Principal
from inventory.errors import (
    BadRequestError,
    CollectInitializeError,
    ConnectionFailureError,
    InventoryError,
    LimitExceededError,
    NotFoundError,
    RequestTimeoutError,
)
from inventory.manager.collector.secrets import SecretManager
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.resource.lookup import ResourceLookup
from inventory.model.connection import translated_errors
from inventory.model.documents.collector import StoredCollector
from inventory.service.collector.plugin import CollectorPluginService

OUTAGES: Final = (ConnectionFailureError, RequestTimeoutError, LimitExceededError)
"""Temporary failures. Any other error is a refusal that would be the same at the next attempt (contract, section 6)."""


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """What a collect is asked to do.

    Attributes:
        filter: the client's filter; empty for none.
        secret_id: restricts the collect to one of the collector's secrets; empty for all.
        use_cache: whether the plugin's filter cache narrows the collect.
    """

    filter: Mapping[str, Any]
    mode: CollectMode = CollectMode.ALL
    secret_id: str = ""
    use_cache: bool = False


@dataclass(frozen=True, slots=True)
class CollectPlan:
    """The tasks of a job that is yet to be stored.

    Attributes:
        collector: the collector, upgraded if that was due.
        endpoint: where its plugin listens.
        tasks: one per secret with something to collect: secret_id, provider, service_account_id, project_id, filter,
            full_collect.
        slices: the task_options of each slice, by secret, of tasks whose slices are known already.
    """

    collector: StoredCollector
    endpoint: PluginEndpoint
    tasks: Sequence[Document]
    slices: Mapping[str, Sequence[Document]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many tasks and slices it stores."""
        return 2 * len(self.tasks) + sum(map(len, self.slices.values()))

    @property
    def projects(self) -> list[str]:
        """The projects of the secrets, without duplicates."""
        return sorted({task["project_id"] for task in self.tasks if task.get("project_id")})

    @property
    def planned_with(self) -> str:
        """A hash of the plugin, its version and options: what was collected with the same can be put together."""
        info = self.collector["plugin_info"]
        essence = [info.get("plugin_id"), info.get("version"), info.get("options") or {}]
        return hashlib.blake2b(json.dumps(essence, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


class CollectPlanner:
    """Makes plans. Its only write is an upgrade of the collector's plugin."""

    def __init__(
        self,
        *,
        secrets: SecretManager,
        collector_plugins: CollectorPluginService,
        lookups: ResourceLookup,
        caches: FilterCacheStore,
        clock: Clock,
    ) -> None:
        self._secrets = secrets
        self._refresher = collector_plugins
        self._lookups = lookups
        self._caches = caches
        self._clock = clock

    def plan(self, principal: Principal, collector: StoredCollector, options: CollectOptions) -> CollectPlan:
        """Return what the collect will do.

        Raises:
            InitPluginFailureError: the upgrade's ``init`` failed.
            UnsupportedFilterKeyError, InvalidParameterTypeError: the filter does not fit the plugin.
            InvalidParameterError: the secret service has no groups.
            NotFoundError: raised by the plugin service.
            ConnectionFailureError, RequestTimeoutError, LimitExceededError: raised by any service; may be temporary.
            CollectInitializeError: the secrets cannot be listed, the requested one is not among them, or the plugin's
                filter_format names a resource type that is not stored here.
        """
        collector, endpoint = self._refresher.upgraded(collector, principal)
        checked = checked_filter(options.filter, collector["plugin_info"].get("metadata") or {})
        secrets = self._secrets_of(principal, collector, options.secret_id)
        filters = self._filters(principal.domain_id, checked, [secret.secret_id for secret in secrets])
        if options.use_cache:
            filters = self._cached(principal.domain_id, collector["collector_id"], filters)
        provable = options.mode is CollectMode.ALL and not checked.given
        tasks = [
            _task(secret, filters[secret.secret_id], provable=provable)
            for secret in secrets
            if secret.secret_id in filters
        ]
        return CollectPlan(collector, endpoint, tasks)

    def plan_retry(
        self, principal: Principal, collector: StoredCollector, failed: Sequence[FailedTask], *, planned_with: str
    ) -> CollectPlan:
        """Return what a retry will do: collect the failed slices of each secret, or all of it if it had none.

        Failed tasks of secrets that the collector no longer has are left out.

        Args:
            failed: the job's failed tasks.
            planned_with: of the job. If the plugin has changed since, earlier slices and those of the retry are no
                complete view together, and prove nothing about what they did not see.

        Raises: as ``plan``, except for errors of the filter.
        """
        collector, endpoint = self._refresher.upgraded(collector, principal)
        by_secret = {one.secret_id: one for one in failed}
        secrets = [each for each in self._secrets_of(principal, collector, "") if each.secret_id in by_secret]
        slices = {name: one.slices for name, one in by_secret.items() if one.slices}
        plan = CollectPlan(collector, endpoint, (), slices)
        same = planned_with == plan.planned_with
        tasks = []
        for secret in secrets:
            one = by_secret[secret.secret_id]
            provable = one.full_collect and (same or not one.slices)
            tasks.append({**_task(secret, one.filter, provable=provable), **one.view})
        return replace(plan, tasks=tasks)

    def _secrets_of(self, principal: Principal, collector: StoredCollector, wanted: str) -> Sequence[SecretInformation]:
        try:
            secrets = self._secrets.list_of_plugin(collector["plugin_info"], principal)
        except NotFoundError as exc:
            raise CollectInitializeError(stage="secrets", reason="a secret does not exist") from exc
        except (BadRequestError, CollectInitializeError, *OUTAGES):
            raise
        except InventoryError as exc:
            raise CollectInitializeError(stage="secrets", reason=f"{exc.code}: {exc.message}") from exc
        if not wanted:
            return secrets
        found = [secret for secret in secrets if secret.secret_id == wanted]
        if not found:
            raise CollectInitializeError(stage="secrets", reason="the secret_id is not one of the collector's secrets")
        return found

    def _filters(self, domain_id: str, checked: CheckedFilter, secret_ids: Sequence[str]) -> dict[str, Document]:
        now = self._clock.now()
        found = [self._lookups.find(domain_id, lookup, secret_ids, now=now) for lookup in checked.lookups]
        return filters_by_secret(checked, found, secret_ids)

    def _cached(self, domain_id: str, collector_id: str, filters: Mapping[str, Document]) -> dict[str, Document]:
        with translated_errors(key="use_cache"):
            caches = self._caches.get_many(
                domain_id=domain_id, collector_id=collector_id, secret_ids=list(filters), now=self._clock.now()
            )
        return {secret_id: with_cache(filter, caches.get(secret_id, {})) for secret_id, filter in filters.items()}


def _task(secret: SecretInformation, filter: Document, *, provable: bool) -> Document:
    """Return a task's own fields; only a collect without any filter can prove that a resource no longer exists."""
    texts = {
        "provider": secret.provider,
        "service_account_id": secret.service_account_id,
        "project_id": secret.project_id,
    }
    named = {name: text for name, text in texts.items() if text}
    return {"secret_id": secret.secret_id, **named, "filter": filter, "full_collect": provable and not filter}
