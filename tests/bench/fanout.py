"""One collect over many secrets, with the real server and worker processes: from the call until the job has ended.

The floor is what bare pymongo takes for the resources, states and records of that job, in one process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import grpc
from pymongo.database import Database

from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, collector_pb2_grpc
from tests.bench.bare import WRITTEN, Bare, Meter, stored
from tests.bench.bed import GROUPS, MANY_PROVIDER, PLUGIN, VERSION, Bed, Process
from tests.bench.fill import settle
from tests.bench.ingest import DOMAIN
from tests.bench.results import Row, Scale

Document = dict[str, Any]

PATIENCE_SECONDS = 180.0
POLL_SECONDS = 0.05
MANY_TASKS = GROUPS[-1]


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each fan-out, then one for a job of a thousand tasks, of which only the creation counts."""
    bed.write_platform(secrets=MANY_TASKS)
    with (
        bed.database() as database,
        bed.plugin(),
        bed.server() as (_, address),
        grpc.insecure_channel(address) as channel,
    ):
        stub = collector_pb2_grpc.CollectorStub(channel)
        bare = Bare(database, Meter(bed.mongod_pid))
        with bed.healthy("worker") as worker:
            _run(stub, database, worker, tasks=50, resources=1)  # the first job of a process pays for its start
            for tasks, resources in scale.fan_outs:
                yield _fan_out(stub, database, worker, bare, tasks, resources)
        yield _creation(stub, database)


def _fan_out(stub: Any, database: Database[Document], worker: Process, bare: Bare, tasks: int, resources: int) -> Row:
    for name in WRITTEN:
        database[name].delete_many({})
    settle(database)
    before = worker.cpu_seconds()
    created, ended = _run(stub, database, worker, tasks=tasks, resources=resources)
    total = tasks * resources
    spent = worker.cpu_seconds() - before
    documents = stored(database, DOMAIN, database["cloud_service"].distinct("cloud_service_id"))
    assert len(documents["cloud_service"]) == total, len(documents["cloud_service"])
    write = bare.create(documents)
    settle(database)
    floor = write()
    bare.check(documents)
    return Row(
        "fan-out",
        f"{tasks} secrets × {resources}",
        {
            "rate": total / ended,
            "until_created_seconds": created,
            "until_ended_seconds": ended,
            "cpu_ms": spent * 1000 / total,
            "memory_mib": sum(worker.memory_mib()),
        },
        floor={"rate": total / floor.seconds, "cpu_ms": floor.own * 1000 / total},
        ratios={"rate": floor.seconds / ended},
    )


def _run(
    stub: Any, database: Database[Document], worker: Process, *, tasks: int, resources: int
) -> tuple[float, float]:
    """Collect, and return the time until the call was answered, and until the job had ended, s."""
    collector_id = _collector(stub, tasks, resources)
    began = time.perf_counter()
    job = stub.collect(collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN))
    created = time.perf_counter() - began
    while (found := database["job"].find_one({"job_id": job.job_id})) and found["status"] == "IN_PROGRESS":
        if time.perf_counter() - began > PATIENCE_SECONDS or worker.popen.poll() is not None:
            raise RuntimeError(f"the job of {tasks} tasks did not end: {found['remained_tasks']} remain")
        time.sleep(POLL_SECONDS)
    assert found is not None
    assert found["status"] == "SUCCESS", found
    return created, time.perf_counter() - began


def _creation(stub: Any, database: Database[Document]) -> Row:
    """Measure the answer to ``collect`` where a job has a thousand tasks."""
    collector_id = _collector(stub, MANY_TASKS, 1)
    began = time.perf_counter()
    job = stub.collect(collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN))
    created = time.perf_counter() - began
    assert database["job_task"].count_documents({"job_id": job.job_id}) == MANY_TASKS
    return Row("fan-out", f"a job of {MANY_TASKS:,} tasks", {"until_created_seconds": created})


def _collector(stub: Any, secrets: int, resources: int) -> str:
    request = collector_pb2.CreateCollectorRequest(name=f"{secrets} × {resources}", domain_id=DOMAIN)
    info = request.plugin_info
    info.plugin_id, info.version, info.upgrade_mode = PLUGIN, VERSION, info.MANUAL
    info.provider, info.secret_group_id = MANY_PROVIDER, f"group-{secrets}"
    info.options.update({"kind": "small", "count": resources})
    return str(stub.create(request).collector_id)
