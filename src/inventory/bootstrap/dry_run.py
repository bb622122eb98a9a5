"""Builds dry runs: each has its own container, over scratch collections."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from pymongo.errors import PyMongoError

from inventory.bootstrap.container import Container
from inventory.connector.ports import PluginEndpoint
from inventory.connector.queue_port import JobToPlan
from inventory.domain.principal import Principal
from inventory.ingest.reading.kinds import ResourceKind
from inventory.manager.dry_run.scratch import Scratch, ScratchStore
from inventory.manager.resource.store import ResourceStore
from inventory.model.documents.dry_run import StoredDryRun
from inventory.model.documents.job_task import StoredJobTask
from inventory.service.dry_run.rehearse import DryRunner


@dataclass(frozen=True, slots=True)
class FixedEndpoint:
    """A plugin directory with a single endpoint."""

    endpoint: str

    def get_endpoint(self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal) -> PluginEndpoint:  # noqa: ARG002
        """See :class:`~inventory.connector.ports.PluginDirectory`."""
        return PluginEndpoint(self.endpoint)


@dataclass(slots=True)
class SliceList:
    """A queue whose slices are run by the caller that enqueues them, one after the other."""

    waiting: deque[str] = field(default_factory=deque)

    def next(self) -> str:
        """Return the next slice, once; empty for none."""
        return self.waiting.popleft() if self.waiting else ""

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:  # noqa: ARG002
        """See :class:`~inventory.connector.ports.Queue`."""
        self.waiting.extend(slice_ids)

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        """See the port; a dry run plans its only job itself."""

    def plan_jobs(self, jobs: Sequence[JobToPlan]) -> None:
        """See the port; like ``plan_job``."""

    def dry_run(self, dry_run_id: str, *, domain_id: str, priority: int) -> None:
        """See the port; a dry run starts no other."""

    def ping(self) -> None:
        """See the port."""


class ScratchContainer(Container):
    """All objects of one dry run: the container of its process, over scratch collections."""

    rehearsed = True

    def __init__(self, container: Container, claimed: StoredDryRun) -> None:
        # Every failure is reported at once.
        super().__init__(container.settings.model_copy(update={"max_attempts": 1}), clock=container.clock)
        self.scratch = Scratch(container.database, claimed["dry_run_id"])
        self.slice_list = SliceList()
        platform = container.patient_platform
        if claimed.get("endpoint"):
            platform = replace(platform, plugins=FixedEndpoint(claimed["endpoint"]))
        vars(self).update(
            database=self.scratch.database,
            queue=self.slice_list,
            platform=platform,
            plugin_connector=container.plugin_connector,
            lookups=container.lookups,
        )

    def store_of(self, kind: ResourceKind) -> ResourceStore:
        """See the base class."""
        return ScratchStore(self.scratch, collection=kind.collection, id_field=kind.id_field, stateful=kind.stateful)

    def before_garbage(self, task: StoredJobTask) -> None:
        """See the base class."""
        self.scratch.copy_for_garbage(task)

    def next_slice(self) -> str:
        """Return the id of the slice enqueued next, once; empty for none."""
        return self.slice_list.next()


@contextmanager
def rehearsal(container: Container, claimed: StoredDryRun) -> Iterator[ScratchContainer]:
    """Create what a dry run needs, and remove it at the end; housekeeping removes leftovers of killed processes."""
    made = ScratchContainer(container, claimed)
    collector = {"domain_id": claimed["domain_id"], "collector_id": claimed["collector_id"]}
    try:
        made.scratch.create()
        for name in ("collector", "collector_rule", "filter_cache"):
            made.scratch.copy(name, collector)
        yield made
    finally:
        with suppress(PyMongoError):
            made.scratch.drop()


def dry_runner(container: Container) -> DryRunner:
    """Return the runner of dry runs for the process of ``container``."""
    settings, running = container.settings, container.running
    return DryRunner(
        runs=container.dry_runs,
        rehearse=partial(rehearsal, container),
        queue=container.queue,
        clock=container.clock,
        owner=container.owner,
        stopping=lambda: running.stopping,
        system_token=settings.system_token.get_secret_value(),
        period_seconds=settings.heartbeat_seconds,
        timeout_seconds=settings.job_timeout_seconds,
        max_changes=settings.dry_run_max_changes,
    )
