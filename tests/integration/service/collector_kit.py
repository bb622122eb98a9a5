"""What the collector and collect tests share: the services over a real mongod, static platform and fake plugins."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pymongo.database import Database

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import PluginDirectory, Repository, SecretStore
from inventory.connector.queue_port import Queue
from inventory.connector.static.file import StaticFile
from inventory.connector.static.identity import StaticIdentity
from inventory.connector.static.plugins import StaticPluginDirectory, StaticRepository
from inventory.connector.static.secrets import StaticSecretStore
from inventory.domain.clock import Clock
from inventory.domain.principal import Principal
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.collector.secrets import SecretManager
from inventory.manager.job.failed_tasks import FailedTasks
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.manager.reader import Reader
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.resource.lookup import ResourceLookup
from inventory.manager.schedule.manager import ScheduleManager
from inventory.query.schemas import COLLECTOR, COLLECTOR_RULE
from inventory.service.collector.delete import CollectorRemover
from inventory.service.collector.manage import CollectorService
from inventory.service.collector.plugin import CollectorPluginService
from inventory.service.collector.rules import CollectorRuleService
from inventory.service.collector.verify_plugin import PluginVerifier
from inventory.service.job.collect import CollectService
from inventory.service.job.plan import CollectPlanner
from inventory.service.job.retry_plan import RetryPlanner
from tests.fakes.plugin import FakePlugin

ME = Principal(domain_id="domain-1", user_id="user-1")
OTHER = Principal(domain_id="domain-2")
PLUGIN_ID = "plugin-1"


@dataclass
class RecordingQueue:
    """A queue that notes what it is told; ``failure`` is what it fails with."""

    enqueued: list[str] = field(default_factory=list)
    priorities: list[int] = field(default_factory=list)
    failure: Exception | None = None

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        self.run_slices([job_id], domain_id=domain_id, priority=priority)

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        if self.failure is not None:
            raise self.failure
        self.enqueued.extend(slice_ids)
        self.priorities.append(priority)

    def ping(self) -> None:
        return None


class Kit:
    """All services of this part, built as bootstrap builds them."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        clock: Clock,
        folder: Path,
        plugin: FakePlugin,
        queue: Queue | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.plugin = plugin
        self.path = folder / "platform.yaml"
        self.content: dict[str, Any] = {
            "plugins": [
                {
                    "plugin_id": PLUGIN_ID,
                    "provider": "aws",
                    "capability": {"supported_schema": ["key"]},
                    "versions": {"1.0": plugin.endpoint},
                    "latest": "1.0",
                }
            ],
            "secrets": [],
            "projects": [{"project_id": "project-1"}],
        }
        self.write()
        self.file = StaticFile(self.path)
        self.queue = queue or RecordingQueue()
        self.connector = GrpcPluginConnector(max_message_bytes=1 << 24, init_timeout_seconds=10)
        self.directory: PluginDirectory = StaticPluginDirectory(file=self.file)
        self.repository: Repository = StaticRepository(file=self.file)
        self.store: SecretStore = StaticSecretStore(file=self.file)
        self.build()

    def build(self) -> None:
        """Build all over the ports as they are now."""
        self._build_managers()
        self._build_services()

    def _build_managers(self) -> None:
        database, clock = self.database, self.clock
        self.collectors = CollectorManager(database=database, timeout_seconds=10)
        self.rules = CollectorRuleManager(database=database)
        self.slices = SliceManager(database=database, clock=clock)
        self.tasks = JobTaskManager(database=database, slices=self.slices, clock=clock)
        self.jobs = JobManager(database=database, tasks=self.tasks, slices=self.slices, clock=clock)
        self.plugins = PluginManager(directory=self.directory, repository=self.repository, connector=self.connector)
        self.secrets = SecretManager(store=self.store)
        self.caches = FilterCacheStore(database=database)

    def _build_services(self) -> None:
        database, clock = self.database, self.clock
        refresher = CollectorPluginService(
            collectors=self.collectors, rules=self.rules, plugins=self.plugins, clock=clock
        )
        self.collector = CollectorService(
            collectors=self.collectors,
            rules=self.rules,
            plugins=self.plugins,
            secrets=self.secrets,
            collector_plugins=refresher,
            verifier=PluginVerifier(plugins=self.plugins, secrets=self.secrets),
            remover=CollectorRemover(
                collectors=self.collectors,
                schedules=ScheduleManager(database=database),
                rules=self.rules,
                jobs=self.jobs,
                states=StateStore(database=database),
                caches=self.caches,
            ),
            schedules=ScheduleManager(database=database),
            reader=Reader(database=database, collection="collector", schema=COLLECTOR, timeout_seconds=10),
            clock=clock,
        )
        self.rule = CollectorRuleService(
            rules=self.rules,
            collectors=self.collectors,
            identity=StaticIdentity(file=self.file),
            reader=Reader(database=database, collection="collector_rule", schema=COLLECTOR_RULE, timeout_seconds=10),
            clock=clock,
        )
        planner = CollectPlanner(
            secrets=self.secrets,
            collector_plugins=refresher,
            lookups=ResourceLookup(database=database, timeout_seconds=10),
            caches=self.caches,
            clock=clock,
        )
        self.collects = self.collect_service(planner, "server-1")
        self.planner = planner

    def collect_service(self, planner: CollectPlanner, owner: str) -> CollectService:
        return CollectService(
            collectors=self.collectors,
            jobs=self.jobs,
            tasks=self.tasks,
            planner=planner,
            retries=RetryPlanner(jobs=self.jobs, failed=FailedTasks(database=self.database), planner=planner),
            queue=self.queue,
            clock=self.clock,
            owner=owner,
        )

    def write(self) -> None:
        """Replace the platform file by a new one, so that the next use reads it again."""
        self.content["domains"] = [*self.content.get("domains", []), "domain-filler"]
        staged = self.path.with_suffix(".new")
        staged.write_text(yaml.safe_dump(self.content), encoding="utf-8")
        staged.chmod(0o600)
        long_ago = time.time() - 60
        os.utime(staged, (long_ago, long_ago))  # it may get the number of one that was replaced before
        staged.replace(self.path)

    def add_secrets(self, *names: str, **fields: Any) -> None:
        for name in names:
            entry = {"secret_id": name, "provider": "aws", "data": {"key": f"value-of-{name}"}} | fields
            self.content["secrets"].append(entry)
        self.write()

    def upgrade(self, version: str, endpoint: str) -> None:
        entry = self.content["plugins"][0]
        entry["versions"][version] = endpoint
        entry["latest"] = version
        self.write()

    def create(
        self, principal: Principal = ME, /, *, plugin_info: Mapping[str, Any] | None = None, **params: Any
    ) -> Any:
        info = {"plugin_id": PLUGIN_ID, "version": "1.0", "provider": "aws"} | dict(plugin_info or {})
        return self.collector.create(principal, {"name": "mine", "plugin_info": info} | params)

    def tasks_of(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        return list(self.database["job_task"].find({"job_id": job["job_id"]}).sort("secret_id", 1))
