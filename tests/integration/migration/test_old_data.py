"""What the commit before migrations wrote is read, and the work that it left is ended, by the code of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pymongo.database import Database

from inventory.api.server import assemble
from inventory.bootstrap import Container
from inventory.devruntime import probes
from inventory.devruntime.child import wait_until
from inventory.model import connection
from inventory.settings import Settings
from inventory.stubs.spaceone.api.inventory.v1 import (
    cloud_service_pb2,
    cloud_service_pb2_grpc,
    cloud_service_type_pb2,
    cloud_service_type_pb2_grpc,
    collector_pb2,
    collector_pb2_grpc,
    job_pb2,
    job_pb2_grpc,
    job_task_pb2,
    job_task_pb2_grpc,
    region_pb2,
    region_pb2_grpc,
)
from tests.chaos.checks import resource_violations
from tests.chaos.fleet import DATABASE, Fleet, Size
from tests.chaos.traffic import Api
from tests.chaos.watch import ENDED
from tests.chaos.world import DOMAIN
from tests.data.upgrade.write import small_world
from tests.integration.migration.upgrade_kit import Document, restore

READS: dict[str, tuple[Any, Any]] = {
    "collector": (collector_pb2_grpc.CollectorStub, collector_pb2.CollectorQuery),
    "job": (job_pb2_grpc.JobStub, job_pb2.JobsQuery),
    "job_task": (job_task_pb2_grpc.JobTaskStub, job_task_pb2.JobTaskQuery),
    "cloud_service": (cloud_service_pb2_grpc.CloudServiceStub, cloud_service_pb2.CloudServiceQuery),
    "cloud_service_type": (
        cloud_service_type_pb2_grpc.CloudServiceTypeStub,
        cloud_service_type_pb2.CloudServiceTypeQuery,
    ),
    "region": (region_pb2_grpc.RegionStub, region_pb2.RegionQuery),
}


@pytest.fixture
def container(bare: Database[Document], mongo_uri: str, redis_url: str, tmp_path: Path) -> Iterator[Container]:
    """Today's code on the old database."""
    connection.disconnect()
    platform = tmp_path / "platform.yaml"
    platform.write_text("plugins: []\n")
    values = {"mongo_uri": mongo_uri, "mongo_database": bare.name, "redis_url": redis_url, "queue_namespace": bare.name}
    made = Container(Settings(**values, default_domain_id=DOMAIN, static_file=platform))  # type: ignore[arg-type]
    restore(bare)
    yield made
    made.close()
    connection.disconnect()


def test_a_server_migrates_before_it_is_ready_and_shows_everything(
    container: Container, bare: Database[Document]
) -> None:
    stored = {name: {one[f"{name}_id"]: one for one in bare[name].find()} for name in READS}
    server = assemble(container, port=0)
    server.start()
    try:
        assert wait_until(lambda: probes.grpc_serving(server.address), timeout_seconds=60)
        container.migrator.check()
        with grpc.insecure_channel(server.address) as channel:
            for name, (stub, query) in READS.items():
                answer = stub(channel).list(query(domain_id=DOMAIN), timeout=60)
                assert {getattr(one, f"{name}_id") for one in answer.results} == set(stored[name])
                assert answer.total_count == len(stored[name])
            schedules = collector_pb2.ScheduleQuery(
                domain_id=DOMAIN, collector_id=bare["schedule"].find_one()["collector_id"]  # type: ignore[index]
            )  # fmt: skip
            assert len(collector_pb2_grpc.CollectorStub(channel).list_schedules(schedules, timeout=60).results) == 1
    finally:
        server.stop().wait(10)


def test_the_sweeper_enqueues_whatever_was_left(container: Container, bare: Database[Document]) -> None:
    container.migrator.run()
    left = Counter(one["status"] for one in bare["slice"].find({"status": {"$nin": list(ENDED)}, "held": False}))
    assert left["IN_PROGRESS"]
    assert bare["slice"].count_documents({"waiting": True, "status": "PENDING"})

    container.sweeper.sweep()

    assert sum(state.waiting for state in container.queue.states()) >= sum(left.values())


@pytest.mark.deep
@pytest.mark.timeout(300)
def test_todays_processes_end_what_the_old_ones_began(tmp_path: Path) -> None:
    world = small_world()
    fleet = Fleet(world, Size(workers=1, schedulers=1), tmp_path)
    try:
        fleet.start_stores()
        with fleet.client() as client:
            database = client[DATABASE]
            restore(database, endpoints={name: f"grpc://127.0.0.1:{port}" for name, port in fleet.ports.items()})
            jobs = database["job"].distinct("job_id")
            for service in fleet.services:
                service.start()
            fleet.await_health()
            left = {"job_id": {"$in": jobs}, "status": {"$nin": list(ENDED)}}
            assert wait_until(lambda: database["job"].count_documents(left) == 0, timeout_seconds=90)
            leaking = {one["collector_id"] for one in database["collector"].find({"plugin_info.options.leaks": True})}
            for job in database["job"].find({"job_id": {"$in": jobs}}):
                assert job["status"] == ("ERROR" if job["collector_id"] in leaking else "SUCCESS"), job
            before = database["cloud_service"].count_documents({})
            api = Api(fleet.targets)
            again = [api.collect(each) for each in database["collector"].distinct("collector_id")]
            api.close()
            assert wait_until(
                lambda: (
                    database["job"].count_documents({"job_id": {"$in": again}, "status": {"$in": list(ENDED)}}) == 3
                ),
                timeout_seconds=60,
            )
            assert not [one for one in database["job_task"].find({"job_id": {"$in": again}}) if one["created_count"]]
            assert database["cloud_service"].count_documents({}) == before
            assert list(resource_violations(database, world)) == []
    finally:
        left_over = fleet.stop()
    assert left_over == []
