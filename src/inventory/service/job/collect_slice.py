"""One attempt at a claimed slice: secret, plugin, stream, ingest. It writes resources, but no job state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from inventory.connector.ports import CollectorPlugin
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.collector.options_schema import with_defaults
from inventory.domain.job.outcome import Counts, Outcome
from inventory.domain.job.stored_error import error_document
from inventory.domain.job.transaction import transaction_of
from inventory.domain.plain import Json
from inventory.domain.principal import Principal, system_principal
from inventory.domain.redact import redact, secret_options
from inventory.errors import (
    AuthenticateFailureError,
    CollectorCollectingError,
    CollectorSecretError,
    ConnectionFailureError,
    InventoryError,
    PermissionDeniedError,
    PluginError,
    PluginLateError,
    PluginUnavailableError,
    RequestTimeoutError,
    SecretServiceError,
    TaskError,
)
from inventory.ingest.context import IngestContext
from inventory.ingest.pipeline import Ingest
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.collector.secrets import SecretManager
from inventory.manager.resource.store import encodable
from inventory.model.connection import translated_errors
from inventory.model.documents.collector import StoredCollector, StoredPluginInfo
from inventory.model.documents.job import StoredJob
from inventory.model.documents.job_task import StoredJobTask, StoredSlice
from inventory.service.job.running import RunningSlice, StopReason

_PASSING = (PluginUnavailableError, PluginLateError, ConnectionFailureError, RequestTimeoutError)
"""Errors that may be temporary: worth another attempt."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A claimed slice with its task, job and collector, as they are stored."""

    slice: StoredSlice
    task: StoredJobTask
    job: StoredJob
    collector: StoredCollector

    @property
    def plugin_info(self) -> StoredPluginInfo:
        """The collector's plugin_info."""
        return self.collector["plugin_info"]

    @property
    def metadata(self) -> Json:
        """The plugin's metadata."""
        return self.plugin_info.get("metadata") or {}


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended.

    Attributes:
        outcome: what was stored; ``failure`` is not among its errors yet.
        failure: what broke the attempt; None if it ended well or was stopped.
        passing: whether the failure may be gone at the next attempt.
        complete: whether everything the plugin had to send was processed.
        slices: the task_options into which the plugin splits the task, if it just returned them.
    """

    outcome: Outcome = field(default_factory=Outcome)
    failure: InventoryError | None = None
    passing: bool = False
    complete: bool = False
    slices: Sequence[Json] | None = None


class _AttemptError(Exception):
    """An attempt that ends before its stream begins."""

    def __init__(self, failure: InventoryError, *, passing: bool) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.passing = passing


@dataclass(kw_only=True, eq=False)
class SliceCollector:
    """Collects slices.

    Args:
        plugins, secrets: provide the endpoint and the secret's data, once per attempt.
        system_token: the token for calls to the platform.
        idle_seconds: how long a stream may stay silent, s.
    """

    plugins: PluginManager
    secrets: SecretManager
    ingest: Ingest
    system_token: str
    idle_seconds: float

    def attempt(self, assignment: Assignment, running: RunningSlice) -> Attempt:
        """Collect the slice until its stream ends or ``running`` is stopped.

        Raises:
            ConnectionFailureError, RequestTimeoutError: MongoDB or identity failed; ``running.progress`` says what was
                stored.
        """
        task = assignment.task
        principal = system_principal(
            task["domain_id"], token=self.system_token, transaction_id=transaction_of(assignment.job)
        )
        options = with_defaults(assignment.plugin_info.get("options") or {}, assignment.metadata)
        secret_data: Json = {}
        try:
            secret_data = self._secret_data(task["secret_id"], principal)
            plugin = self._connect(assignment, principal)
            if assignment.slice["number"] == 0:
                slices = self._slices(plugin, running, options, secret_data)
                if slices is not None:
                    return Attempt(complete=True, slices=slices)
            return self._stream(assignment, running, plugin, options, secret_data, principal)
        except _AttemptError as exc:
            return Attempt(failure=_clean(exc.failure, secret_data, options), passing=exc.passing)

    def _secret_data(self, secret_id: str, principal: Principal) -> Json:
        try:
            return self.secrets.get_data(secret_id, principal)
        except CollectorSecretError as exc:
            # Our own message, which says what to fix and never contains the secret's data.
            raise _AttemptError(exc, passing=False) from exc
        except SecretServiceError as exc:
            error = CollectorSecretError(secret_id=secret_id, reason=exc.reason)
            raise _AttemptError(error, passing=exc.passing) from exc
        except InventoryError as exc:
            error = CollectorSecretError(secret_id=secret_id, reason=_why(exc))
            raise _AttemptError(error, passing=isinstance(exc, _PASSING)) from exc

    def _connect(self, assignment: Assignment, principal: Principal) -> CollectorPlugin:
        try:
            return self.plugins.open(assignment.collector, principal)
        except (AuthenticateFailureError, PermissionDeniedError) as exc:
            raise _AttemptError(CollectorCollectingError(reason=_why(exc)), passing=False) from exc
        except InventoryError as exc:
            raise _AttemptError(exc, passing=isinstance(exc, _PASSING)) from exc

    def _slices(
        self, plugin: CollectorPlugin, running: RunningSlice, options: Json, secret_data: Json
    ) -> Sequence[Json] | None:
        try:
            slices = plugin.get_tasks(options, secret_data, on_call=running.attach)
        except InventoryError as exc:
            raise _AttemptError(exc, passing=isinstance(exc, _PASSING)) from exc
        if not all(encodable(task_options) for task_options in slices or ()):
            error = CollectorCollectingError(reason="get_tasks answered what cannot be stored")
            raise _AttemptError(error, passing=False)
        return slices

    def _stream(
        self,
        assignment: Assignment,
        running: RunningSlice,
        plugin: CollectorPlugin,
        options: Json,
        secret_data: Json,
        principal: Principal,
    ) -> Attempt:
        earlier = assignment.slice.get("created_count", 0)

        def progressed(counts: Counts) -> None:
            running.progress = Outcome.of(counts, earlier)

        try:
            stream = plugin.collect(
                options,
                secret_data,
                assignment.task.get("filter") or {},
                assignment.slice.get("task_options"),
                idle_seconds=self.idle_seconds,
            )
        except InventoryError as exc:
            raise _AttemptError(exc, passing=isinstance(exc, _PASSING)) from exc
        running.attach(stream)
        with translated_errors():
            result = self.ingest.run(
                stream,
                _context(assignment, secret_data, principal),
                should_stop=running.should_stop,
                on_progress=progressed,
                session=running.session,
            )
        if result.claim_lost:
            running.stop(StopReason.NOT_OURS)
        failure = result.failure
        outcome = Outcome.of(
            result.counts,
            earlier,
            resources_seen=result.resources_seen,
            errors=result.errors,
            error_count=result.error_count,
        )
        return Attempt(
            outcome=outcome,
            failure=failure and _clean(failure, secret_data, options),
            passing=isinstance(failure, _PASSING),
            complete=result.complete,
        )


def failed(attempt: Attempt) -> Outcome:
    """Return what to store for a slice that ends with this attempt, including its failure as an error."""
    if attempt.failure is None:
        return attempt.outcome
    return attempt.outcome.with_error(error_document(attempt.failure))


def _why(error: InventoryError) -> str:
    """Return why a platform call failed, by code; a refused token is reported as such, never quoted."""
    if isinstance(error, AuthenticateFailureError):
        return f"{error.code}: INVENTORY_SYSTEM_TOKEN is refused"
    if isinstance(error, PermissionDeniedError):
        return f"{error.code}: the role of INVENTORY_SYSTEM_TOKEN does not allow it"
    return error.code


def _context(assignment: Assignment, secret_data: Json, principal: Principal) -> IngestContext:
    task, job = assignment.task, assignment.job
    return IngestContext(
        domain_id=task["domain_id"],
        collector_id=task["collector_id"],
        secret_id=task["secret_id"],
        service_account_id=task.get("service_account_id") or "",
        provider=task.get("provider") or "",
        project_id=task.get("project_id") or "",
        job_id=task["job_id"],
        job_task_id=task["job_task_id"],
        slice_id=assignment.slice["slice_id"],
        owner=assignment.slice["owner"],
        parallel=assignment.slice["number"] > 0,
        collect_mode=CollectMode.parse(job["collect_mode"]),
        plugin_metadata=assignment.metadata,
        secret_values=secret_data,
        full_collect=task["full_collect"],
        use_cache=bool(job.get("use_cache")),
        resumed=assignment.slice["attempts"] > 1 or assignment.slice.get("created_count", 0) > 0,
        principal=principal,
    )


def _clean(failure: InventoryError, secret_data: Json, options: Json) -> InventoryError:
    """Return the failure as an error of the task, with known secret values and secret options redacted."""
    if isinstance(failure, TaskError) and not isinstance(failure, CollectorCollectingError):
        return failure
    reason = failure.reason if isinstance(failure, PluginError | CollectorCollectingError) else failure.message
    return CollectorCollectingError(reason=redact(reason, secret_data, secret_options(options)))
