"""The steady state, which is what production does all day: many accounts, collected again, of which little has changed.

Real server and worker processes, real streams: each round collects all accounts, one in ``STIR`` resources has other
content than in the round before. The first round creates them. Costs are per resource of a stream.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import grpc
import psutil
from pymongo.database import Database

from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, collector_pb2_grpc
from tests.bench.bed import GROUPS, MANY_PROVIDER, PLUGIN, VERSION, Bed, Process
from tests.bench.fill import settle
from tests.bench.ingest import DOMAIN
from tests.bench.results import Row, Scale

STIR = 200
"""One resource in so many has changed: 0.5 %."""
ROUNDS = 2
PATIENCE_SECONDS = 3600.0
POLL_SECONDS = 0.2
GROUP = GROUPS[1]


@dataclass(frozen=True, slots=True)
class Used:
    """What has been used until now: CPU time, s, and bytes that MongoDB has written to its files and its journal."""

    worker: float
    mongod: float
    redis: float
    written: float

    @classmethod
    def until_now(cls, bed: Bed, worker: Process) -> Self:
        """Ask the processes."""
        engine = bed.client.admin.command("serverStatus")["wiredTiger"]
        written = engine["block-manager"]["bytes written"] + engine["log"]["log bytes written"]
        return cls(worker.cpu_seconds(), _cpu(bed.mongod.pid), _cpu(bed.redis.pid), float(written))


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for the first collect of everything, and one for a collect in which little has changed."""
    accounts, each = scale.steady
    total = accounts * each
    bed.make_room(total)
    bed.write_platform(secrets=accounts)
    with (
        bed.database() as database,
        bed.plugin(),
        bed.server() as (_, address),
        grpc.insecure_channel(address) as channel,
        bed.healthy("worker", SLICES_PER_COLLECTOR=100, SLICES_PER_ENDPOINT=100) as worker,
    ):
        stub: Any = collector_pb2_grpc.CollectorStub(channel)
        collector_id = _create(stub, each)
        title = f"{accounts} accounts × {each:,}"
        yield _round(bed, database, worker, stub, collector_id, f"{title}, first collect", total)
        assert database["cloud_service"].estimated_document_count() == total
        for number in range(1, ROUNDS + 1):
            _change(stub, collector_id, each, version=number)
            settle(database)
            row = _round(bed, database, worker, stub, collector_id, f"{title}, {100 / STIR} % changed", total)
            changed = database["record"].count_documents({"action": "UPDATE"})
            assert changed == number * accounts * (each // STIR), changed
        yield row
        yield from storage(database)


def storage(database: Database[dict[str, Any]]) -> Iterator[Row]:
    """Yield a row for each collection that grows with the resources: bytes of a document, on disk, and of its indexes.

    The figure of a record is that of one change or creation, of which a resource has one or more.
    """
    for name in ("cloud_service", "collection_state", "record"):
        told = database.command("collStats", name)
        figures = {"data_bytes": told["size"], "disk_bytes": told["storageSize"], "index_bytes": told["totalIndexSize"]}
        yield Row("storage", name, {unit: value / told["count"] for unit, value in figures.items()})


def _round(
    bed: Bed, database: Database[dict[str, Any]], worker: Process, stub: Any, collector_id: str, title: str, total: int
) -> Row:
    before = Used.until_now(bed, worker)
    began = time.perf_counter()
    job = stub.collect(collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN))
    while (found := database["job"].find_one({"job_id": job.job_id})) and found["status"] == "IN_PROGRESS":
        if time.perf_counter() - began > PATIENCE_SECONDS or worker.popen.poll() is not None:
            raise RuntimeError(f"the job did not end: {found['remained_tasks']} tasks remain")
        time.sleep(POLL_SECONDS)
    assert found is not None
    assert found["status"] == "SUCCESS", found
    seconds = time.perf_counter() - began
    database.client.admin.command("fsync")
    after = Used.until_now(bed, worker)
    return Row(
        "steady state",
        title,
        {
            "rate": total / seconds,
            "worker_cpu_ms": (after.worker - before.worker) * 1000 / total,
            "mongod_cpu_ms": (after.mongod - before.mongod) * 1000 / total,
            "redis_cpu_ms": (after.redis - before.redis) * 1000 / total,
            "written_bytes": (after.written - before.written) / total,
            "worker_mib": sum(worker.memory_mib()),
            **bed.store_memory(),
        },
    )


def _create(stub: Any, resources: int) -> str:
    request = collector_pb2.CreateCollectorRequest(name="steady", domain_id=DOMAIN)
    info = request.plugin_info
    info.plugin_id, info.version, info.upgrade_mode = PLUGIN, VERSION, info.MANUAL
    info.provider, info.secret_group_id = MANY_PROVIDER, f"group-{GROUP}"
    info.options.update(_options(resources, version=0))
    return str(stub.create(request).collector_id)


def _change(stub: Any, collector_id: str, resources: int, *, version: int) -> None:
    request = collector_pb2.UpdatePluginRequest(collector_id=collector_id, domain_id=DOMAIN, version=VERSION)
    request.options.update(_options(resources, version=version))
    stub.update_plugin(request)


def _options(resources: int, *, version: int) -> dict[str, Any]:
    return {"kind": "small", "count": resources, "version": version, "stir": STIR}


def _cpu(pid: int | None) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
