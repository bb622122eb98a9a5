"""Use cases of dry runs: start one, read its report, list its changes, cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from inventory.connector.queue_port import Queue
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.collector.values import optional_text, required_text, struct
from inventory.domain.plain import Document, Params
from inventory.domain.principal import Principal
from inventory.errors import CollectorStateError, ConnectionFailureError, InvalidParameterError
from inventory.manager.collector.manager import ENABLED, CollectorManager
from inventory.manager.collector.secrets import SecretManager
from inventory.manager.dry_run.findings import ACTIONS
from inventory.manager.dry_run.runs import OPEN, DryRunManager
from inventory.model.documents.dry_run import StoredDryRun, StoredDryRunChange
from inventory.observe.logs import get_logger
from inventory.process.addresses import bare, parse_endpoint
from inventory.process.loopback import is_loopback

MAX_PAGE: Final = 1000
"""Maximum number of changes in one answer."""
_PAGE: Final = 100

_log = get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class DryRunService:
    """Dry runs of the caller's domain.

    Args:
        endpoints: patterns of ``host:port`` that are allowed as endpoints in requests.
        loopback: whether all endpoints on loopback are allowed.
    """

    runs: DryRunManager
    collectors: CollectorManager
    secrets: SecretManager
    queue: Queue
    endpoints: Sequence[str]
    loopback: bool

    def start(self, principal: Principal, params: Params) -> StoredDryRun:
        """Enqueue a dry run for the workers and return its report, PENDING.

        Args:
            params: collector_id; secret_id, filter and collect_mode as in ``Collector.collect``; plugin_version, or the
                endpoint, of the plugin to use instead of the collector's own; options to use instead of its options.

        Raises:
            NotFoundError: no such collector.
            CollectorStateError: it is disabled.
            InvalidParameterError: a dry run of the collector has not ended; the secret is not one of the collector's;
                the endpoint is invalid or not allowed.
            ConnectionFailureError: the secret service is unreachable.
        """
        collector_id = required_text(params, "collector_id")
        collector = self.collectors.get(principal.domain_id, collector_id)
        if collector["state"] != ENABLED:
            raise CollectorStateError(collector_id=collector_id, state=collector["state"])
        if params.get("endpoint"):
            self._check_endpoint(params)
        if secret_id := optional_text(params, "secret_id"):
            secrets = self.secrets.list_of_plugin(collector["plugin_info"], principal)
            if all(secret.secret_id != secret_id for secret in secrets):
                raise InvalidParameterError(key="secret_id", reason="is not one of the collector's secrets")
        values: Document = {
            "domain_id": principal.domain_id,
            "collector_id": collector_id,
            "filter": struct(params.get("filter") or {}, "filter"),
            "collect_mode": CollectMode.parse(params.get("collect_mode") or "").value,
            "priority": collector["priority"],
        }
        if params.get("options") is not None:
            values["options"] = struct(params["options"], "options")
        named = {name: optional_text(params, name) for name in ("secret_id", "plugin_version", "endpoint")}
        made = self.runs.insert(values | {name: text for name, text in named.items() if text})
        _log.info("dry_run_requested", dry_run_id=made["dry_run_id"], collector_id=collector_id)
        self._enqueue(made)
        return made

    def _check_endpoint(self, params: Params) -> None:
        if params.get("plugin_version"):
            raise InvalidParameterError(key="endpoint", reason="plugin_version and endpoint exclude each other")
        endpoint = required_text(params, "endpoint")
        address = parse_endpoint(endpoint)
        if address is None:
            raise InvalidParameterError(key="endpoint", reason="must be grpc://host:port or grpc+ssl://host:port")
        host = address.target.rpartition(":")[0]
        if self.loopback and is_loopback(bare(host)):
            return
        if not any(fnmatchcase(address.target, pattern) for pattern in self.endpoints):
            # The plugin receives the collector's secrets: whoever may start a dry run must not choose who reads them.
            reason = "is not allowed by the setting dry_run_endpoints (INVENTORY_DRY_RUN_ENDPOINTS)"
            raise InvalidParameterError(key="endpoint", reason=reason)

    def _enqueue(self, made: StoredDryRun) -> None:
        try:
            self.queue.dry_run(made["dry_run_id"], domain_id=made["domain_id"], priority=made["priority"])
        except ConnectionFailureError as exc:
            # Clients that wait for the report enqueue it again.
            _log.warning("queue_unreachable", dry_run_id=made["dry_run_id"], reason=exc.message)

    def get(self, principal: Principal, dry_run_id: str) -> StoredDryRun:
        """Return the report. If it waits without a message, or its worker died, this enqueues it again.

        Raises:
            NotFoundError: it does not exist, or no longer.
        """
        found = self.runs.get(principal.domain_id, dry_run_id)
        if found["status"] in OPEN and self.runs.claim_enqueuing(principal.domain_id, dry_run_id):
            self._enqueue(found)
        return found

    def list_changes(self, principal: Principal, params: Params) -> tuple[list[StoredDryRunChange], int]:
        """Return a page of the changes it would make, and their total number.

        Args:
            params: dry_run_id; action, to list only those; page with start, from 1, and limit, at most ``MAX_PAGE``.

        Raises:
            NotFoundError: there is no such dry run.
            InvalidParameterError: an unknown action.
        """
        dry_run_id, page = required_text(params, "dry_run_id"), params.get("page") or {}
        action, start, limit = params.get("action") or "", page.get("start") or 1, page.get("limit") or _PAGE
        if action and action not in ACTIONS:
            raise InvalidParameterError(key="action", reason=f"must be one of {', '.join(ACTIONS)}")
        self.runs.get(principal.domain_id, dry_run_id)
        return self.runs.changes(
            principal.domain_id, dry_run_id, action=action, start=start, limit=min(limit, MAX_PAGE)
        )

    def cancel(self, principal: Principal, dry_run_id: str) -> StoredDryRun:
        """Cancel it; a worker that runs it stops. One that has ended is unchanged. Raises ``NotFoundError``."""
        return self.runs.cancel(principal.domain_id, dry_run_id)
