"""Builds the parts of a worker process from the objects of the composition root."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from inventory.bootstrap import Container
from inventory.bootstrap.dry_run import dry_runner
from inventory.bootstrap.platform import Platform
from inventory.connector.installing import BackgroundPluginDirectory, PluginInquiries
from inventory.manager.collector.plugins import PluginManager
from inventory.model import connection
from inventory.observe import tracing
from inventory.observe.health_pages import Check
from inventory.observe.metrics import WORKER
from inventory.service.collector.plugin import CollectorPluginService
from inventory.service.dry_run.rehearse import DryRunner
from inventory.service.job.collect import CollectService
from inventory.service.job.run_slice import RunSlice
from inventory.service.job.running import RunningSlices
from inventory.settings import Settings
from inventory.worker.parts import Consumer


class WorkerContainer(Container):
    """A container in which planning does not wait for plugins that are being installed.

    Planning continues once they are installed; a slice waits for its plugin's endpoint like for any other platform
    call.
    """

    @cached_property
    def _services(self) -> Platform:
        return super().platform

    @property
    def patient_platform(self) -> Platform:
        """The services around this one; of a plugin that is being installed a call waits for the end."""
        return self._services

    @cached_property
    def inquiries(self) -> PluginInquiries:
        """Requests to the plugin service, which may take minutes."""
        limit = self.settings.worker_plugin_installs + self.settings.worker_threads
        return PluginInquiries(self._services.plugins, limit=limit)

    @cached_property
    def platform(self) -> Platform:
        """The platform services."""
        inquiries, whole = self.inquiries, self._services

        def close() -> None:
            inquiries.close()
            whole.close()

        patience = min(self.settings.platform_timeout_seconds, self.settings.plugin_install_timeout_seconds)
        return replace(whole, plugins=BackgroundPluginDirectory(inquiries, seconds=patience), close=close)

    @cached_property
    def collector_plugins(self) -> CollectorPluginService:
        """Init and upgrade of a collector's plugin, for planning."""
        plugins = PluginManager(
            directory=BackgroundPluginDirectory(self.inquiries),
            repository=self.platform.repository,
            connector=self.plugin_connector,
        )
        return CollectorPluginService(collectors=self.collectors, rules=self.rules, plugins=plugins, clock=self.clock)


class MessageHandlers:
    """What a worker does with the messages of the queue."""

    def __init__(
        self, *, run_slice: RunSlice, collect: CollectService, dry_runner: DryRunner, running: RunningSlices
    ) -> None:
        self._run_slice = run_slice
        self._dry_runner = dry_runner
        self._collect = collect
        self._running = running

    def plan_job(self, domain_id: str, job_id: str) -> None:
        """Plan a job, unless this worker is about to stop: then it is enqueued for another one."""
        if not self._running.stopping:
            self._collect.plan_job(domain_id, job_id)

    def run_slice(self, domain_id: str, slice_id: str) -> None:
        """Run a slice."""
        self._run_slice.run(domain_id, slice_id)

    def dry_run(self, domain_id: str, dry_run_id: str) -> None:
        """Run a dry run."""
        self._dry_runner.run(domain_id, dry_run_id)


class ContainerParts:
    """See :class:`~inventory.worker.parts.WorkerParts`."""

    def __init__(self, container: Container) -> None:
        self._container = container
        # Created here, on one thread: the container creates its parts on first use.
        self._running = container.running
        self._consumer = container.consumer(
            MessageHandlers(
                run_slice=container.run_slice,
                collect=container.collect,
                dry_runner=dry_runner(container),
                running=container.running,
            )
        )

    @property
    def running(self) -> RunningSlices:
        """See the protocol."""
        return self._running

    @property
    def consumer(self) -> Consumer:
        """See the protocol."""
        return self._consumer

    def close(self) -> None:
        """See the protocol."""
        self._container.close()
        tracing.shutdown()


def worker_parts(settings: Settings) -> ContainerParts:
    """Build the parts of a worker process."""
    tracing.setup(settings, WORKER)
    return ContainerParts(WorkerContainer(settings))


def check_settings(settings: Settings) -> None:
    """Return if a worker process can run with the settings: checked once, not again by every child.

    Raises:
        SettingsError: a required setting or file is missing or wrong.
    """
    with contextlib.closing(Container(settings)) as container:
        ContainerParts(container)


def store_checks(container: Container) -> Mapping[str, Check]:
    """Return the checks that MongoDB and Redis answer, and that the database has what this code needs."""
    database, queue = container.database, container.queue
    return {
        "mongodb": lambda: connection.ping(database),
        "migrations": container.migrator.check,
        "redis": queue.ping,
    }
