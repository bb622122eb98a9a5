"""A long backlog: ten thousand tasks of two hundred collectors that all wait at once, drained by the real processes.

What counts is that everything ends, and that memory stays where it is meanwhile: of the worker, of the scheduler (its
sweeper goes through the backlog), and of Redis. Once with the usual limits, and once with such tight ones that most
tasks must wait for a place, of their collector or of the plugin's endpoint.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import redis
from pymongo.database import Database

from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, collector_pb2_grpc
from tests.bench.bed import DATABASE, MANY_PROVIDER, PLUGIN, VERSION, Bed, Process
from tests.bench.ingest import DOMAIN
from tests.bench.results import Row, Scale

TASKS_PER_COLLECTOR = 50
TIGHT = {"SLICES_PER_COLLECTOR": 1, "SLICES_PER_ENDPOINT": 12}
PATIENCE_SECONDS = 1800.0
STALL_SECONDS = 60.0
"""So long without a task that ends, and something is forgotten."""
SAMPLE_SECONDS = 0.5
QUARTER = 0.25


@dataclass
class Memory:
    """Samples while a backlog drains: (share that has ended, MiB) of each process."""

    worker: list[tuple[float, float]] = field(default_factory=list)
    scheduler: list[tuple[float, float]] = field(default_factory=list)
    redis: list[tuple[float, float]] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the memory after a quarter of the backlog and at most after that; of Redis the most."""
        found: dict[str, float] = {}
        for name, samples in (("worker", self.worker), ("scheduler", self.scheduler)):
            later = [mib for share, mib in samples if share >= QUARTER]
            found |= {f"{name}_quarter_mib": later[0], f"{name}_most_mib": max(later)}
        return found | {"redis_most_mib": max(mib for _, mib in self.redis)}


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for the usual limits and one for tight ones."""
    bed.write_platform(secrets=TASKS_PER_COLLECTOR)
    total = scale.drained_collectors * TASKS_PER_COLLECTOR
    with bed.plugin():
        for case, settings in (("", {}), (", limits bind", TIGHT)):
            with bed.database() as database:
                title = f"{total:,} tasks of {scale.drained_collectors} collectors{case}"
                yield Row("drain", title, _drain(bed, database, scale.drained_collectors, settings))


def _drain(bed: Bed, database: Database[dict[str, Any]], collectors: int, settings: dict[str, int]) -> dict[str, float]:
    with bed.server() as (_, address), grpc.insecure_channel(address) as channel:
        stub: Any = collector_pb2_grpc.CollectorStub(channel)
        for number in range(collectors):
            _collect(stub, number)
    total = collectors * TASKS_PER_COLLECTOR
    assert database["job_task"].count_documents({"status": "PENDING"}) == total
    memory = Memory()
    with redis.Redis.from_url(bed.redis.url) as queue:
        backlog = _redis_mib(queue)
        with bed.healthy("scheduler") as scheduler, bed.healthy("worker", **settings) as worker:
            began = time.perf_counter()
            _watch(database, total, worker, scheduler, queue, memory)
            seconds = time.perf_counter() - began
            spent = worker.cpu_seconds()
        queue.delete(*queue.keys(f"{DATABASE}:*") or ["none"])
    assert database["job"].count_documents({"status": "SUCCESS"}) == collectors
    assert database["cloud_service"].count_documents({}) == TASKS_PER_COLLECTOR
    return {
        "seconds": seconds,
        "rate": total / seconds,
        "cpu_ms": spent * 1000 / total,
        "redis_backlog_mib": backlog,
        **memory.figures(),
    }


def _collect(stub: Any, number: int) -> None:
    request = collector_pb2.CreateCollectorRequest(name=f"drained {number}", domain_id=DOMAIN)
    info = request.plugin_info
    info.plugin_id, info.version, info.upgrade_mode = PLUGIN, VERSION, info.MANUAL
    info.provider, info.secret_group_id = MANY_PROVIDER, f"group-{TASKS_PER_COLLECTOR}"
    info.options.update({"kind": "small", "count": 1})
    collector_id = stub.create(request).collector_id
    stub.collect(collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN))


def _watch(
    database: Database[dict[str, Any]],
    total: int,
    worker: Process,
    scheduler: Process,
    queue: redis.Redis,
    memory: Memory,
) -> None:
    """Sample until all tasks have ended, and their jobs."""
    began = moved = time.monotonic()
    ended = 0
    while True:
        before, ended = (
            ended,
            total - database["job_task"].count_documents({"status": {"$in": ["PENDING", "IN_PROGRESS"]}}),
        )
        now = time.monotonic()
        moved = now if ended > before else moved
        memory.worker.append((ended / total, sum(worker.memory_mib())))
        memory.scheduler.append((ended / total, sum(scheduler.memory_mib())))
        memory.redis.append((ended / total, _redis_mib(queue)))
        if ended == total and not database["job"].count_documents({"status": "IN_PROGRESS"}):
            return
        if now - moved > STALL_SECONDS or now - began > PATIENCE_SECONDS:
            raise RuntimeError(f"{total - ended} of {total} tasks have not ended")
        time.sleep(SAMPLE_SECONDS)


def _redis_mib(queue: redis.Redis) -> float:
    with contextlib.suppress(redis.RedisError):
        return round(float(queue.info("memory")["used_memory"]) / 1024**2, 2)
    return 0.0
