"""What workers and the scheduler run, and the complete container of a process."""

from __future__ import annotations

from functools import cached_property

from inventory.bootstrap.platform import Platform
from inventory.bootstrap.resources import Resources
from inventory.connector.queue import Handlers, QueueConsumer
from inventory.ingest.context import IngestLimits
from inventory.ingest.pipeline import Ingest
from inventory.ingest.reading.kinds import ResourceKind
from inventory.ingest.stores import IngestStores, plain_store
from inventory.manager.job.slice_slots import SlotLimits
from inventory.manager.resource.store import ResourceStore
from inventory.model.documents.job_task import StoredJobTask
from inventory.service.job.collect_slice import SliceCollector
from inventory.service.job.run_slice import RunSlice
from inventory.service.job.running import RunningSlices
from inventory.service.job.settle import Settler
from inventory.service.job.start_slice import SliceStarter
from inventory.service.job.sweep import Sweeper
from inventory.service.resource.garbage import TaskGarbage
from inventory.service.resource.housekeeping import Housekeeping


class Container(Resources):
    """All objects of one process; take what you need before starting threads."""

    rehearsed = False
    """Whether it is the container of a dry run."""

    @cached_property
    def settler(self) -> Settler:
        """Derives the state of tasks from slices and of jobs from tasks."""
        garbage = TaskGarbage(
            database=self.database,
            jobs=self.jobs,
            tasks=self.tasks,
            collectors=self.collectors,
            clock=self.clock,
            threshold=self.settings.disconnect_threshold,
            grace_seconds=self.settings.disconnect_grace_seconds,
            lease_seconds=self.settings.lease_seconds,
            guard=self.deletion_guard,
            prepare=self.before_garbage,
            rehearsed=self.rehearsed,
        )
        return Settler(jobs=self.jobs, tasks=self.tasks, slices=self.slices, garbage=garbage)

    def before_garbage(self, task: StoredJobTask) -> None:
        """Do what must be done before the garbage of ``task`` is collected: nothing."""

    @cached_property
    def sweeper(self) -> Sweeper:
        """Repairs what crashes and lost messages left undone."""
        return Sweeper(
            jobs=self.jobs,
            tasks=self.tasks,
            slices=self.slices,
            claims=self.claims,
            settler=self.settler,
            queue=self.queue,
            queue_length=lambda: sum(state.waiting for state in self.queue.states()),
            clock=self.clock,
            job_timeout_seconds=self.settings.job_timeout_seconds,
            job_retention_days=self.settings.job_retention_days,
            max_attempts=self.settings.max_attempts,
        )

    @cached_property
    def ingest(self) -> Ingest:
        """Stores plugin streams."""
        return Ingest(
            stores=IngestStores.of(self.database, self.clock, tasks=self.tasks, store_of=self.store_of),
            identity=self.platform.identity,
            clock=self.clock,
            limits=IngestLimits(
                batch_count=self.settings.batch_count,
                batch_bytes=self.settings.batch_bytes,
                batch_seconds=self.settings.batch_seconds,
                cache_hours=self.settings.cache_hours,
            ),
        )

    def store_of(self, kind: ResourceKind) -> ResourceStore:
        """Return the store that resources of ``kind`` are collected into."""
        return plain_store(self.database, kind)

    # The worker

    @cached_property
    def running(self) -> RunningSlices:
        """The slices that this process collects."""
        return RunningSlices(claims=self.claims)

    @cached_property
    def run_slice(self) -> RunSlice:
        """Runs slices."""
        starter = SliceStarter(
            jobs=self.jobs,
            tasks=self.tasks,
            slices=self.slices,
            claims=self.claims,
            collectors=self.collectors,
            settler=self.settler,
            limits=SlotLimits(
                per_collector=self.settings.slices_per_collector, per_endpoint=self.settings.slices_per_endpoint
            ),
            worker=self.owner,
        )
        collector = SliceCollector(
            plugins=self.plugins,
            secrets=self.secrets,
            ingest=self.ingest,
            system_token=self.settings.system_token.get_secret_value(),
            idle_seconds=self.settings.stream_idle_seconds,
        )
        return RunSlice(
            slices=self.slices,
            claims=self.claims,
            tasks=self.tasks,
            starter=starter,
            collector=collector,
            running=self.running,
            settler=self.settler,
            queue=self.queue,
            clock=self.clock,
            patience_seconds=self.settings.lease_seconds,
        )

    @property
    def patient_platform(self) -> Platform:
        """The services around this one, for those who wait until a plugin is installed."""
        return self.platform

    def consumer(self, handlers: Handlers) -> QueueConsumer:
        """Return a consumer of the queue that calls ``handlers``."""
        return QueueConsumer(
            url=self.redis_url,
            namespace=self.settings.queue_namespace,
            handlers=handlers,
            threads=self.settings.worker_threads,
            clock=self.clock,
        )

    @cached_property
    def housekeeping(self) -> Housekeeping:
        """Ages out resources that are no longer seen."""
        return Housekeeping(
            database=self.database,
            ages=self.ages,
            excluded_domains=self.settings.housekeeping_excluded_domains,
            guard=self.deletion_guard,
        )
