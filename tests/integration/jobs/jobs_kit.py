"""What the tests of jobs share: managers and services over a real mongod, a fake plugin, and a queue that notes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo.database import Database

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import PluginEndpoint, SecretInformation
from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.plain import Json
from inventory.domain.principal import Principal
from inventory.errors import InventoryError, NotFoundError
from inventory.ingest.context import IngestLimits
from inventory.ingest.pipeline import Ingest
from inventory.ingest.stores import IngestStores
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.collector.secrets import SecretManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slice_claim import SliceClaims
from inventory.manager.job.slice_slots import SlotLimits
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.documents.collector import Collector
from inventory.model.new_document import new_document
from inventory.service.job.collect_slice import SliceCollector
from inventory.service.job.run_slice import RunSlice
from inventory.service.job.running import RunningSlices
from inventory.service.job.settle import Settler
from inventory.service.job.start_slice import SliceStarter
from inventory.service.job.sweep import Sweeper
from inventory.service.resource.garbage import TaskGarbage

Document = dict[str, Any]

DOMAIN = "domain-1"
LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 3
BACKOFF_SECONDS = 5.0


class NotingQueue:
    """Notes what is enqueued; ``failure`` is what it fails with, ``length`` what it says is waiting."""

    def __init__(self) -> None:
        self.enqueued: list[str] = []
        self.planned: list[str] = []
        self.failure: InventoryError | None = None
        self.length = 0

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        self._fail()
        self.planned.append(job_id)

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        self._fail()
        self.enqueued.extend(slice_ids)

    def ping(self) -> None:
        self._fail()

    def waiting(self) -> int:
        self._fail()
        return self.length

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class Platform:
    """Plugin and secret services; ``secret_failure`` is what reading a secret fails with."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.secret_failure: InventoryError | None = None
        self.secret_data: Json = {"access_key": "very-secret-value"}
        self.secret_reads = 0

    def get_endpoint(self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal) -> PluginEndpoint:
        return PluginEndpoint(self.endpoint)

    def list_secrets(self, selector: Any, principal: Principal) -> Sequence[SecretInformation]:
        return []

    def get_data(self, secret_id: str, principal: Principal) -> Json:
        self.secret_reads += 1
        if self.secret_failure is not None:
            raise self.secret_failure
        return self.secret_data

    def project_exists(self, project_id: str, principal: Principal) -> bool:
        return True


class Worker:
    """One worker process, as far as it concerns slices."""

    def __init__(self, kit: JobsKit, name: str, limits: SlotLimits) -> None:
        self.running = RunningSlices(claims=kit.claims)
        self.starter = SliceStarter(
            jobs=kit.jobs,
            tasks=kit.tasks,
            slices=kit.slices,
            claims=kit.claims,
            collectors=kit.collectors,
            settler=kit.settler,
            limits=limits,
            worker=name,
        )
        self.collector = SliceCollector(
            plugins=kit.plugins, secrets=kit.secrets, ingest=kit.ingest, system_token="", idle_seconds=60
        )
        self.runner = RunSlice(
            slices=kit.slices,
            claims=kit.claims,
            tasks=kit.tasks,
            starter=self.starter,
            collector=self.collector,
            running=self.running,
            settler=kit.settler,
            queue=kit.queue,
            clock=kit.clock,
            patience_seconds=90,  # a busy machine takes so long to start a mongod
        )

    def run(self, slice_id: str) -> None:
        """Do what a message does."""
        self.runner.run(DOMAIN, slice_id)

    def run_in_background(self, slice_id: str) -> threading.Thread:
        """Do it on a thread; join it."""
        thread = threading.Thread(target=self.run, args=(slice_id,), daemon=True)
        thread.start()
        return thread


class JobsKit:
    """Everything around jobs."""

    def __init__(
        self, database: Database[Document], clock: Clock, endpoint: str = "grpc://127.0.0.1:1", *, queue: Any = None
    ) -> None:
        self.database = database
        self.clock = clock
        self.queue: Any = queue or NotingQueue()
        self.platform = Platform(endpoint)
        self.connector = GrpcPluginConnector(max_message_bytes=1 << 24, init_timeout_seconds=60)
        self.collectors = CollectorManager(database=database, timeout_seconds=10)
        self.slices = SliceManager(database=database, clock=clock)
        self.tasks = JobTaskManager(database=database, slices=self.slices, clock=clock)
        self.jobs = JobManager(database=database, tasks=self.tasks, slices=self.slices, clock=clock)
        self.claims = SliceClaims(
            database=database,
            clock=clock,
            lease_seconds=LEASE_SECONDS,
            max_attempts=MAX_ATTEMPTS,
            backoff_seconds=BACKOFF_SECONDS,
        )
        platform: Any = self.platform
        self.plugins = PluginManager(directory=platform, repository=platform, connector=self.connector)
        self.secrets = SecretManager(store=platform)
        self.ingest = Ingest(
            stores=IngestStores.of(database, clock, tasks=self.tasks),
            identity=platform,
            clock=clock,
            limits=IngestLimits(batch_count=2, batch_seconds=0.1),
        )
        garbage = TaskGarbage(
            database=database,
            jobs=self.jobs,
            tasks=self.tasks,
            collectors=self.collectors,
            clock=clock,
            threshold=1,
            grace_seconds=0,
            lease_seconds=LEASE_SECONDS,
        )
        self.settler = Settler(jobs=self.jobs, tasks=self.tasks, slices=self.slices, garbage=garbage)

    def sweeper(self, **changes: Any) -> Sweeper:
        """Return a sweeper."""
        values: dict[str, Any] = {
            "job_timeout_seconds": 7200,
            "job_retention_days": 60,
            "max_attempts": MAX_ATTEMPTS,
            "queue_length": self.queue.waiting if isinstance(self.queue, NotingQueue) else lambda: 0,
        }
        return Sweeper(
            jobs=self.jobs,
            tasks=self.tasks,
            slices=self.slices,
            claims=self.claims,
            settler=self.settler,
            queue=self.queue,
            clock=self.clock,
            **(values | changes),
        )

    def worker(self, name: str = "worker-1", *, per_collector: int = 32, per_endpoint: int = 32) -> Worker:
        """Return another worker."""
        return Worker(self, name, SlotLimits(per_collector=per_collector, per_endpoint=per_endpoint))

    def insert_collector(self, *, domain_id: str = DOMAIN, metadata: Mapping[str, Any] | None = None) -> str:
        """Store a collector and return its id."""
        collector_id = ids.new_id(ids.COLLECTOR)
        self.database["collector"].insert_one(
            new_document(
                Collector,
                collector_id=collector_id,
                name="collector",
                plugin_info={"plugin_id": "plugin-1", "version": "1.0", "metadata": dict(metadata or {})},
                domain_id=domain_id,
                created_at=self.clock.now(),
            )
        )
        return collector_id

    def insert_job(self, collector_id: str, *, domain_id: str = DOMAIN, **fields: Any) -> str:
        """Store a job that is not planned yet."""
        job_id = ids.new_id(ids.JOB)
        self.jobs.insert({"job_id": job_id, "collector_id": collector_id, "domain_id": domain_id, **fields})
        return job_id

    def plan(
        self,
        collector_id: str,
        *,
        secrets: int | Sequence[str] = 1,
        full_collect: bool = False,
        priority: int = 10,
        domain_id: str = DOMAIN,
        endpoint: str = "grpc://plugin:1",
    ) -> tuple[str, list[Document], list[str]]:
        """Store a planned job: return its id, its tasks, and the ids of their slices 0."""
        job_id = self.insert_job(collector_id, domain_id=domain_id)
        names = [f"secret-{n}" for n in range(secrets)] if isinstance(secrets, int) else secrets
        tasks = self.tasks.insert_tasks(
            [
                {
                    "domain_id": domain_id,
                    "job_id": job_id,
                    "collector_id": collector_id,
                    "secret_id": name,
                    "full_collect": full_collect,
                }
                for name in names
            ],
            endpoint=endpoint,
            priority=priority,
        )
        self.jobs.mark_planned(domain_id, job_id, len(tasks))
        return job_id, tasks, [self.slice_of(task)["slice_id"] for task in tasks]

    def slice_of(self, task: Document, number: int = 0) -> Document:
        """Return a task's slice."""
        found = self.database["slice"].find_one({"job_task_id": task["job_task_id"], "number": number})
        if found is None:
            raise NotFoundError(key="number", value=str(number))
        return found

    def slice(self, slice_id: str) -> Document:
        """Return a slice."""
        found = self.slices.get(DOMAIN, slice_id)
        assert found is not None
        return found

    def task(self, task: Document) -> Document:
        """Return the task as it is now."""
        return self.tasks.get(task["domain_id"], task["job_task_id"])

    def job(self, job_id: str) -> Document:
        """Return the job as it is now."""
        return self.jobs.get(DOMAIN, job_id)

    def claim(self, slice_id: str, owner: str, *, per_collector: int = 32, per_endpoint: int = 32) -> Any:
        """Claim a slice directly."""
        return self.claims.claim(
            self.slice(slice_id), owner=owner, limits=SlotLimits(per_collector=per_collector, per_endpoint=per_endpoint)
        )


def wait_until(condition: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """Return the first truth that ``condition`` tells, or fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)
    return found
