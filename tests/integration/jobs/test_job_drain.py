"""Many slices, many threads, tight limits; and a MongoDB that goes away while a slice is collected."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from pymongo.database import Database

from inventory.devruntime.databases.mongod import EmbeddedMongod
from inventory.domain.clock import SystemClock
from inventory.model import connection
from inventory.model.indexes import build_indexes
from inventory.service.job.collect_slice import Assignment, Attempt
from inventory.worker.heartbeat import Heartbeat
from tests.fakes.plugin import FakePlugin, Gate
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import JobsKit, wait_until
from tests.ports import free_port

THREADS = 8
SLICES = 60


class LiveQueue:
    """Hands ids on within the process."""

    def __init__(self) -> None:
        self.waiting: Queue[str] = Queue()

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        raise AssertionError("nothing is planned here")

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        for slice_id in slice_ids:
            self.waiting.put(slice_id)


class Meter:
    """Stands in for the collector: notes how many run at once, of a collector and in all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self.most_of_one = 0
        self.most = 0
        self.ended = 0

    def attempt(self, assignment: Assignment, _running: object) -> Attempt:
        collector_id = assignment.collector["collector_id"]
        with self._lock:
            self._running[collector_id] = self._running.get(collector_id, 0) + 1
            self.most_of_one = max(self.most_of_one, *self._running.values())
            self.most = max(self.most, sum(self._running.values()))
        time.sleep(0.005)
        with self._lock:
            self._running[collector_id] -= 1
            self.ended += 1
        return Attempt(complete=True)


def _drain(
    kit: JobsKit, queue: LiveQueue, meter: Meter, *, slices: int = SLICES, per_collector: int, per_endpoint: int
) -> None:
    stop = threading.Event()

    def consume(name: str) -> None:
        worker = kit.worker(name, per_collector=per_collector, per_endpoint=per_endpoint)
        worker.collector.attempt = meter.attempt  # type: ignore[method-assign, assignment]
        while not stop.is_set():
            try:
                worker.run(queue.waiting.get(timeout=0.05))
            except Empty:
                continue

    threads = [threading.Thread(target=consume, args=(f"worker-{n}",), daemon=True) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: meter.ended >= slices, seconds=30 + slices / 2)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


@pytest.mark.parametrize("limit", [1, 3])
def test_a_limit_per_collector_holds_and_nobody_is_forgotten(database: Database[dict[str, Any]], limit: int) -> None:
    queue, meter = LiveQueue(), Meter()
    kit = JobsKit(database, SystemClock(), queue=queue)
    jobs = [kit.plan(kit.insert_collector(), secrets=SLICES // 2) for _ in range(2)]
    for _, _, slice_ids in jobs:
        queue.run_slices(slice_ids, domain_id="", priority=0)

    # No sweeper runs: every slice that waited is woken by one that ended.
    _drain(kit, queue, meter, per_collector=limit, per_endpoint=1000)

    assert meter.most_of_one <= limit
    assert meter.ended == SLICES
    assert [kit.job(job_id)["status"] for job_id, _, _ in jobs] == ["SUCCESS", "SUCCESS"]
    assert kit.database["slice"].count_documents({"collector_slot": {"$gte": 0}}) == 0


def test_a_limit_per_endpoint_holds_over_all_collectors(database: Database[dict[str, Any]]) -> None:
    queue, meter = LiveQueue(), Meter()
    kit = JobsKit(database, SystemClock(), queue=queue)
    jobs = [kit.plan(kit.insert_collector(), secrets=SLICES // 3, endpoint="grpc://shared:1") for _ in range(3)]
    for _, _, slice_ids in jobs:
        queue.run_slices(slice_ids, domain_id="", priority=0)

    _drain(kit, queue, meter, per_collector=1000, per_endpoint=2)

    assert meter.most <= 2
    assert meter.ended == SLICES
    assert {kit.job(job_id)["status"] for job_id, _, _ in jobs} == {"SUCCESS"}


@pytest.mark.parametrize(
    ("collectors", "tasks"), [(4, SLICES // 4), pytest.param(20, 25, marks=pytest.mark.deep, id="long backlog")]
)
def test_where_both_limits_bind_nobody_is_forgotten(
    database: Database[dict[str, Any]], collectors: int, tasks: int
) -> None:
    queue, meter = LiveQueue(), Meter()
    kit = JobsKit(database, SystemClock(), queue=queue)
    jobs = [
        kit.plan(kit.insert_collector(), secrets=tasks, endpoint="grpc://shared:1", priority=(1, 10, 50)[number % 3])
        for number in range(collectors)
    ]
    for _, _, slice_ids in jobs:
        queue.run_slices(slice_ids, domain_id="", priority=0)

    # Again without a sweeper.
    _drain(kit, queue, meter, slices=collectors * tasks, per_collector=2, per_endpoint=3)

    assert meter.most_of_one <= 2
    assert meter.most <= 3
    assert meter.ended == collectors * tasks
    assert {kit.job(job_id)["status"] for job_id, _, _ in jobs} == {"SUCCESS"}
    assert kit.database["slice"].count_documents({"waits_for": {"$exists": True}}) == 0


@pytest.fixture
def own_mongod(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    """A mongod that the test may stop."""
    with EmbeddedMongod(tmp_path / "data", free_port(), tmp_path / "mongod.log") as server:
        yield server


@pytest.fixture
def own_database(own_mongod: EmbeddedMongod) -> Iterator[Database[dict[str, Any]]]:
    """A database of it, given up on soon once it has its indexes: the first of a new mongod take long."""
    for seconds in (60, 5):
        connection.disconnect()
        database = connection.connect(uri=own_mongod.uri, database="own", timeout_seconds=seconds)
        if seconds == 60:
            build_indexes(database)
    yield database
    connection.disconnect()


@pytest.mark.timeout(400)
def test_a_mongod_that_restarts_while_a_slice_is_collected_loses_nothing(
    own_mongod: EmbeddedMongod, own_database: Database[dict[str, Any]], plugin: FakePlugin
) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(6)]
    plugin.gate = Gate(after=2)
    kit = JobsKit(own_database, SystemClock(), plugin.endpoint)
    worker = kit.worker()
    heartbeat = Heartbeat(running=worker.running, period_seconds=0.2, clock=kit.clock)
    heartbeat.start()
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    thread = worker.run_in_background(slice_id)
    wait_until(lambda: kit.slice(slice_id)["total_count"] == 2)

    own_mongod.stop(grace_seconds=0)
    plugin.gate.open()
    own_mongod.start()

    thread.join(100)
    assert not thread.is_alive()
    # Either the batch waited for MongoDB, or the attempt broke off and is begun again.
    own_database["slice"].update_many({}, {"$set": {"not_before": kit.clock.now()}})
    worker.run(slice_id)
    heartbeat.stop()
    kit.sweeper().sweep()
    kit.connector.close()
    assert kit.task(task)["status"] == "SUCCESS"
    assert kit.job(job_id)["status"] == "SUCCESS"
    assert own_database["cloud_service"].count_documents({}) == 6
