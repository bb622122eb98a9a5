"""What the ingest tests share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pymongo.database import Database

from inventory.connector.ports import ResourceMessage
from inventory.domain.clock import Clock
from inventory.ingest.pipeline import Ingest, IngestContext, IngestLimits, IngestResult
from inventory.ingest.stores import IngestStores

CONTEXT = IngestContext(
    domain_id="domain-1",
    collector_id="collector-1",
    secret_id="secret-1",
    service_account_id="sa-1",
    provider="aws",
    project_id="project-1",
    job_id="job-1",
    job_task_id="job_task-1",
    slice_id="slice-1",
    plugin_metadata={"supported_features": ["garbage_collection"]},
    secret_values={"aws_secret_access_key": "s3cr3t-value"},
    full_collect=True,
)


class FakeIdentity:
    """Identity with a few projects that counts what it is asked."""

    def __init__(self) -> None:
        self.projects = {"project-1", "project-2", "project-3"}
        self.by_field = {("tags.account", "123456789012"): "project-2"}
        self.by_account = {("data.account_id", "123456789012"): "project-3"}
        self.asked: list[tuple[str, ...]] = []

    def project_exists(self, project_id: str, principal: Any) -> bool:
        self.asked.append(("exists", project_id))
        return project_id in self.projects

    def find_project(self, field: str, value: str, principal: Any) -> str:
        self.asked.append(("project", field, value))
        return self.by_field.get((field, value), "")

    def find_service_account_project(self, field: str, value: str, principal: Any) -> str:
        self.asked.append(("account", field, value))
        return self.by_account.get((field, value), "")


def ingest(
    database: Database[dict[str, Any]],
    clock: Clock,
    stream: Iterable[ResourceMessage],
    *,
    identity: Any = None,
    limits: IngestLimits | None = None,
    context: IngestContext = CONTEXT,
    **changes: Any,
) -> IngestResult:
    """Run a stream through a fresh ingest and check that its counts add up."""
    pipeline = Ingest(
        stores=IngestStores.of(database, clock), identity=identity or FakeIdentity(), clock=clock, limits=limits
    )
    result = pipeline.run(
        stream, replace(context, **changes), should_stop=lambda: False, on_progress=lambda counts: None
    )
    counts = result.counts
    assert counts.total == counts.created + counts.updated + counts.failure + counts.uncounted
    assert result.error_count == counts.failure
    return result


def services(database: Database[dict[str, Any]], **query: Any) -> list[dict[str, Any]]:
    """Return the living CloudServices, ordered by resource_id."""
    found = database["cloud_service"].find({"state": "ACTIVE", **query})
    return sorted(found, key=lambda doc: str((doc.get("reference") or {}).get("resource_id")))
