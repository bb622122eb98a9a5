"""The layer below the use cases: connections and managers."""

from __future__ import annotations

import os
import socket
from functools import cached_property

from pymongo.database import Database

from inventory.bootstrap.platform import Platform, grpc_platform, static_platform
from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.queue import IMPATIENT, RedisQueue
from inventory.domain.clock import Clock, SystemClock
from inventory.domain.plain import Document
from inventory.domain.store_clock import StoreClock
from inventory.errors import SettingsError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.collector.secrets import SecretManager
from inventory.manager.counts import CountCache
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.dry_run.runs import DryRunManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slice_claim import SliceClaims
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.schedule.manager import ScheduleManager
from inventory.migration.migrator import Migrator
from inventory.model import connection
from inventory.model.metrics import report_clock_skew
from inventory.process.tls import TlsFiles
from inventory.settings import Settings


class Managers:
    """Connections and managers of one process, each created on first use."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.machine_clock = SystemClock(settings.clock_offset_seconds)
        """This machine's clock, used only to detect that it is wrong."""
        self._store_clock = StoreClock(
            measure=lambda: connection.server_time(self.database),
            machine=self.machine_clock,
            report_skew=report_clock_skew,
        )
        self.clock = clock or self._store_clock
        """MongoDB's time, unless a test passes another clock."""
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        """Identifies this process in claims and leases."""

    @cached_property
    def counts(self) -> CountCache:
        """Cached totals of large collections."""
        return CountCache(self.settings.count_reuse_seconds)

    @cached_property
    def database(self) -> Database[Document]:
        """The database. On first use, a thread starts measuring the clock against it."""
        uri = self.settings.mongo_uri.get_secret_value()
        if not uri:
            raise SettingsError("mongo_uri (INVENTORY_MONGO_URI): is required; `inventory up` starts a MongoDB itself")
        calls = self.settings.server_threads + self.settings.server_heavy_threads
        threads = max(calls, 2 * self.settings.worker_threads)
        database = connection.connect(
            uri=uri,
            database=self.settings.mongo_database,
            timeout_seconds=self.settings.mongo_timeout_seconds,
            pool_size=threads + 4,
        )
        if self.clock is self._store_clock:
            self._store_clock.start()
        return database

    @cached_property
    def migrator(self) -> Migrator:
        """Migrates the database to what this code needs."""
        return Migrator(database=self.database, clock=self.clock, owner=self.owner)

    @cached_property
    def queue(self) -> RedisQueue:
        """The queue for the workers."""
        return RedisQueue(url=self.redis_url, namespace=self.settings.queue_namespace, clock=self.clock)

    @cached_property
    def queue_for_ticks(self) -> RedisQueue:
        """The same queue, of which an unreachable Redis delays no tick of the scheduler."""
        return RedisQueue(
            url=self.redis_url, namespace=self.settings.queue_namespace, clock=self.clock, timeouts=IMPATIENT
        )

    @property
    def redis_url(self) -> str:
        """The Redis URL."""
        url = self.settings.redis_url.get_secret_value()
        if not url:
            raise SettingsError("redis_url (INVENTORY_REDIS_URL): is required; `inventory up` starts a Redis itself")
        return url

    @cached_property
    def platform(self) -> Platform:
        """The platform services."""
        make = static_platform if self.settings.platform == "static" else grpc_platform
        return make(self.settings)

    @cached_property
    def plugin_connector(self) -> GrpcPluginConnector:
        """Connections to collector plugins."""
        return GrpcPluginConnector(
            max_message_bytes=self.settings.max_message_bytes,
            init_timeout_seconds=self.settings.plugin_init_timeout_seconds,
            tls=TlsFiles.of(self.settings),
        )

    # Managers

    @cached_property
    def collectors(self) -> CollectorManager:
        """Manages collectors."""
        return CollectorManager(database=self.database, timeout_seconds=self.settings.query_timeout_seconds)

    @cached_property
    def rules(self) -> CollectorRuleManager:
        """Manages collector rules."""
        return CollectorRuleManager(database=self.database)

    @cached_property
    def schedules(self) -> ScheduleManager:
        """Manages schedules."""
        return ScheduleManager(database=self.database)

    @cached_property
    def slices(self) -> SliceManager:
        """Manages slices."""
        return SliceManager(database=self.database, clock=self.clock)

    @cached_property
    def claims(self) -> SliceClaims:
        """Manages claims of slices."""
        return SliceClaims(
            database=self.database,
            clock=self.clock,
            lease_seconds=self.settings.lease_seconds,
            max_attempts=self.settings.max_attempts,
            backoff_seconds=self.settings.retry_backoff_seconds,
        )

    @cached_property
    def tasks(self) -> JobTaskManager:
        """Manages job tasks."""
        return JobTaskManager(database=self.database, slices=self.slices, clock=self.clock)

    @cached_property
    def jobs(self) -> JobManager:
        """Manages jobs."""
        return JobManager(database=self.database, tasks=self.tasks, slices=self.slices, clock=self.clock)

    @cached_property
    def plugins(self) -> PluginManager:
        """Manages plugins: their endpoints and calls."""
        return PluginManager(
            directory=self.platform.plugins, repository=self.platform.repository, connector=self.plugin_connector
        )

    @cached_property
    def secrets(self) -> SecretManager:
        """Manages secrets."""
        return SecretManager(store=self.platform.secrets)

    @cached_property
    def dry_runs(self) -> DryRunManager:
        """Of the reports of dry runs."""
        return DryRunManager(
            database=self.database,
            clock=self.clock,
            hours=self.settings.dry_run_hours,
            lease_seconds=self.settings.lease_seconds,
        )

    @cached_property
    def caches(self) -> FilterCacheStore:
        """Stores the plugins' filter caches."""
        return FilterCacheStore(database=self.database)

    @cached_property
    def states(self) -> StateStore:
        """Stores the collection state."""
        return StateStore(database=self.database)

    @cached_property
    def holds(self) -> HoldManager:
        """The stored holds."""
        return HoldManager(database=self.database, kept_days=self.settings.deleted_retention_days)

    def close(self) -> None:
        """Close every connection that was opened."""
        opened = vars(self)
        self._store_clock.stop()
        if "queue" in opened:
            self.queue.close()
        if "queue_for_ticks" in opened:
            self.queue_for_ticks.close()
        if "plugin_connector" in opened:
            self.plugin_connector.close()
        if "platform" in opened:
            self.platform.close()
        if "database" in opened:
            connection.disconnect()
