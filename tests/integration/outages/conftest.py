"""The whole service as real processes, with databases that a test may stop and a plugin that it scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pymongo.database import Database

from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, collector_pb2_grpc
from tests.chaos.fleet import DATABASE, Fleet, Size
from tests.chaos.traffic import Api
from tests.chaos.world import DOMAIN, PLAIN, PLUGINS, CollectorSpec, World, make_world
from tests.fakes.plugin import FakePlugin

LEASE_SECONDS = 6.0
SWEEP_SECONDS = 1.0
MONGO_TIMEOUT_SECONDS = 1.0
SETTINGS = {
    "LEASE_SECONDS": LEASE_SECONDS,
    "SWEEP_SECONDS": SWEEP_SECONDS,
    "MONGO_TIMEOUT_SECONDS": MONGO_TIMEOUT_SECONDS,
    "MAX_ATTEMPTS": 10,
    "BATCH_COUNT": 2,
}


@dataclass
class Outfit:
    """What runs, and ways to it.

    Attributes:
        indexes_before_server: indexes that were there before any server ran, by collection.
    """

    fleet: Fleet
    plugin: FakePlugin
    database: Database[dict[str, Any]]
    api: Api
    indexes_before_server: dict[str, set[str]] = field(default_factory=dict)

    def new_collector(self) -> str:
        """Make a collector with one secret."""
        spec: CollectorSpec = self.fleet.world.collectors[0]
        return self.api.create(spec)

    def collect(self, collector_id: str) -> str:
        """Collect, and return the job's id."""
        request = collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN)
        job_id: str = self.api.until(collector_pb2_grpc.CollectorStub, "collect", request).job_id
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the job as it is stored."""
        return self.database["job"].find_one({"job_id": job_id}) or {}

    def task(self, job_id: str) -> dict[str, Any]:
        """Return the job's task as it is stored."""
        return self.database["job_task"].find_one({"job_id": job_id}) or {}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outfit]:
    """One server, one worker, one scheduler; the server last. A second worker is there to be started."""
    world: World = make_world(1, collectors=2, interval=0)
    plugin = FakePlugin().start()
    size = Size(workers=2, schedulers=1, settings=SETTINGS, endpoints=dict.fromkeys(PLUGINS, plugin.endpoint))
    fleet = Fleet(world, size, tmp_path_factory.mktemp("outages"))
    try:
        fleet.start_stores()
        client = fleet.client()
        for service in fleet.services:
            if service.name in ("worker-0", "scheduler-0"):
                service.start()
        fleet.await_health()
        database = client[DATABASE]
        indexes = {name: set(database[name].index_information()) for name in database.list_collection_names()}
        fleet.of("server")[0].start()
        fleet.await_health()
        api = Api(fleet.targets)
        yield Outfit(fleet, plugin, database, api, indexes)
        api.close()
        client.close()
    finally:
        left = fleet.stop()
        plugin.stop()
    assert not left


@pytest.fixture
def outfit(running: Outfit) -> Outfit:
    """Everything healthy, and the plugin without a script."""
    running.fleet.await_health()
    plugin = running.plugin
    plugin.resources, plugin.gate, plugin.abort = (), None, None
    with plugin.changed:
        plugin.calls.clear()
    assert running.fleet.world.collectors[0].plugin_id == PLAIN
    return running
