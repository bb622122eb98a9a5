"""Input and result of an ingest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.deletion_guard import NO_GUARD, DeletionGuard
from inventory.domain.job.outcome import Counts
from inventory.domain.plain import Json
from inventory.domain.principal import Principal, system_principal
from inventory.errors import InventoryError


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """The limits of a batch.

    Attributes:
        batch_count: maximum number of resources written together.
        batch_bytes: their maximum size on the wire, bytes; a single larger resource is written alone.
        batch_seconds: maximum time from a batch's first message until it is written, s.
        cache_hours: how long a FilterCache is kept, h.
        max_errors: maximum number of errors kept per stream; the rest are only counted.
    """

    batch_count: int = 500
    batch_bytes: int = 8 * 1024 * 1024
    batch_seconds: float = 2.0
    cache_hours: float = 24.0
    max_errors: int = 100


@dataclass(frozen=True, slots=True)
class IngestContext:
    """The collector, secret and job that a stream belongs to, and the settings of its ingest.

    Attributes:
        project_id: the secret's project; empty for none.
        provider: the secret's provider; empty for none.
        secret_values: the secret's data, redacted in every stored text.
        full_collect: whether the empty filter was sent in mode ALL (see garbage collection).
        use_cache: whether the collect asked for the FilterCache.
        owner: the claim of the slice: nothing is written once it is lost; empty for none.
        parallel: whether other slices of the task may see the same resources at the same time.
        resumed: whether an earlier attempt at the slice may have created resources already.
        principal: the caller for identity; None for the system.
        deletion_guard: limits how much garbage collection deletes at once without confirmation.
        rehearsed: whether it is a dry run: nobody can answer its holds.
    """

    domain_id: str
    collector_id: str
    secret_id: str = ""
    service_account_id: str = ""
    provider: str = ""
    project_id: str = ""
    job_id: str = ""
    job_task_id: str = ""
    slice_id: str = ""
    owner: str = ""
    parallel: bool = False
    collect_mode: CollectMode = CollectMode.ALL
    plugin_metadata: Json = field(default_factory=dict)
    secret_values: Json = field(default_factory=dict, repr=False)
    full_collect: bool = False
    use_cache: bool = False
    resumed: bool = False
    principal: Principal | None = None
    deletion_guard: DeletionGuard = NO_GUARD
    rehearsed: bool = False

    def caller(self) -> Principal:
        """Return the principal for calls to the platform."""
        return self.principal or system_principal(self.domain_id)


@dataclass(frozen=True, slots=True)
class IngestResult:
    """The result of ingesting one stream.

    Attributes:
        counts: what was done; also if the stream broke off.
        errors: ``{error_code, message, additional}``, the first hundred.
        error_count: the number of all errors.
        resources_seen: the CloudServices that were sent and are stored now.
        complete: whether the stream ended normally and was not stopped.
        claim_lost: whether it was stopped because another process has the slice now, or the slice has ended.
        failure: what broke the stream; None if it was stopped or ended normally.
    """

    counts: Counts
    errors: list[Mapping[str, Any]]
    error_count: int
    resources_seen: int
    complete: bool
    failure: InventoryError | None = None
    claim_lost: bool = False
