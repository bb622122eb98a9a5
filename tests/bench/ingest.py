"""The ingest of one task: created, changed and unchanged resources per second, beside raw pymongo.

The service's side is what a worker does: it reads the plugin's stream over gRPC, decodes, decides and writes. The
floor writes the same documents that this has just written (resource, collection state, record), by pymongo in bulks
of the same size into the same collections with the same indexes. Both run in a process set up like a worker
(``python -m tests.bench.ingest MONGO_URI PLUGIN_ENDPOINT MONGOD_PID SCALE``), in turn.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import psutil
from bson import ObjectId
from pymongo import UpdateOne
from pymongo.database import Database

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import PluginEndpoint
from inventory.domain import ids
from inventory.domain.clock import SystemClock
from inventory.domain.principal import Principal
from inventory.ingest.context import IngestContext
from inventory.ingest.pipeline import Ingest
from inventory.model import connection
from inventory.worker.child import GC_THRESHOLDS
from tests.bench.bed import DATABASE, ROOT, Bed
from tests.bench.results import Row, Scale

Document = dict[str, Any]

DOMAIN = "domain-1"
BATCH = 500
MAX_MESSAGE_BYTES = 256 * 1024**2
CONTEXT = IngestContext(
    domain_id=DOMAIN,
    collector_id="collector-1",
    secret_id="secret-1",
    provider="aws",
    job_id="job-1",
    job_task_id="job_task-1",
    slice_id="slice-1",
)
WRITTEN = ("cloud_service", "collection_state", "record")
FIELDS_OF_A_CHANGE = ("updated_at", "collection_info", "fingerprint", "stamps", "revision")


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took: time, CPU time of this process, CPU time of MongoDB; all s."""

    seconds: float
    own: float
    mongod: float


class Meter:
    """Measures costs.

    Args:
        mongod_pid: MongoDB's process.
    """

    def __init__(self, mongod_pid: int) -> None:
        self._mongod = psutil.Process(mongod_pid)

    @contextmanager
    def __call__(self) -> Iterator[list[Cost]]:
        """Give a list that holds the block's cost once it has ended."""
        found: list[Cost] = []
        began, own, mongod = time.perf_counter(), time.process_time(), self._mongod_seconds()
        yield found
        found.append(Cost(time.perf_counter() - began, time.process_time() - own, self._mongod_seconds() - mongod))

    def _mongod_seconds(self) -> float:
        times = self._mongod.cpu_times()
        return float(times.user + times.system)


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each size of the inventory and kind of change, and for the large resources."""
    with bed.database(), bed.plugin():
        command = [sys.executable, "-m", "tests.bench.ingest", bed.mongod.uri, bed.plugin_endpoint]
        process = subprocess.Popen(
            [*command, str(bed.mongod_pid), json.dumps(asdict(scale))],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=bed.environment(),
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                yield Row(**json.loads(line))
            if process.wait():
                raise RuntimeError("the ingest process failed")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


class Worker:
    """Ingests streams of the plugin and, as the floor, writes the same again.

    Args:
        secret_id: with which is collected; several workers at a time need several.
    """

    def __init__(
        self, database: Database[Document], endpoint: str, meter: Meter, secret_id: str = CONTEXT.secret_id
    ) -> None:
        self.database = database
        self._context = replace(CONTEXT, secret_id=secret_id)
        self._meter = meter
        connector = GrpcPluginConnector(max_message_bytes=MAX_MESSAGE_BYTES, init_timeout_seconds=10)
        self._plugin = connector.connect(PluginEndpoint(endpoint), Principal(domain_id=DOMAIN))
        # No project is asked for, so identity is never called.
        identity: Any = None
        self._ingest = Ingest(database=database, identity=identity, clock=SystemClock())

    def prepare(self, count: int, *, owner: str, version: int = 0, kind: str = "small") -> Callable[[], Cost]:
        """Return what collects ``count`` resources and tells what it took."""
        options = {"kind": kind, "count": count, "version": version}
        # Once without storing, so that the plugin has its messages ready.
        for _ in self._plugin.collect(options, {"key": owner}, {}, None, idle_seconds=60):
            pass
        stream = self._plugin.collect(options, {"key": owner}, {}, None, idle_seconds=60)

        def collect() -> Cost:
            with self._meter() as cost:
                result = self._ingest.run(
                    stream, self._context, should_stop=lambda: False, on_progress=lambda _counts: None
                )
            assert result.complete, result.failure
            assert result.counts.failure == 0, result.errors[:1]
            return cost[0]

        return collect

    def ingest(self, count: int, *, owner: str, version: int = 0, kind: str = "small") -> Cost:
        """Collect ``count`` resources and return what it took."""
        return self.prepare(count, owner=owner, version=version, kind=kind)()

    def newest(self, count: int) -> dict[str, list[Document]]:
        """Return the documents of the ``count`` resources created last, of all workers, by collection."""
        return self._whole(list(self.database["cloud_service"].find().sort("_id", -1).limit(count)))

    def own(self) -> dict[str, list[Document]]:
        """Return the documents of this worker's resources, by collection."""
        return self._whole(
            list(self.database["cloud_service"].find({"collection_info.secret_id": self._context.secret_id}))
        )

    def _whole(self, services: list[Document]) -> dict[str, list[Document]]:
        mine = {"cloud_service_id": {"$in": [each["cloud_service_id"] for each in services]}}
        others = {name: list(self.database[name].find({"domain_id": DOMAIN, **mine})) for name in WRITTEN[1:]}
        return {"cloud_service": services, **others}

    def remove(self, documents: dict[str, list[Document]]) -> None:
        """Delete ``documents``."""
        for name, found in documents.items():
            self.database[name].delete_many({"_id": {"$in": [each["_id"] for each in found]}})

    def bare_create(self, documents: dict[str, list[Document]]) -> Cost:
        """Insert ``documents`` as bare pymongo does and return what it took."""
        with self._meter() as cost:
            for start in range(0, len(documents["cloud_service"]), BATCH):
                for name in WRITTEN:
                    if part := documents[name][start : start + BATCH]:
                        self.database[name].insert_many(part, ordered=False)
        return cost[0]

    def bare_change(self, documents: dict[str, list[Document]]) -> Cost:
        """Write the changed resources, their states and their last records, as bare pymongo does."""
        records = {each["cloud_service_id"]: each for each in documents["record"]}
        services = documents["cloud_service"]
        fresh = [
            {**records[each["cloud_service_id"]], "_id": ObjectId(), "record_id": ids.new_id(ids.RECORD)}
            for each in services
        ]
        # Of the data only what has changed: the version, see ``small`` and ``large_messages``.
        sets = [
            {"data.version": each["data"]["version"], **{key: each[key] for key in FIELDS_OF_A_CHANGE}}
            for each in services
        ]
        with self._meter() as cost:
            for start in range(0, len(services), BATCH):
                batch = range(start, min(start + BATCH, len(services)))
                writes = [UpdateOne({"_id": services[number]["_id"]}, {"$set": sets[number]}) for number in batch]
                self.database["cloud_service"].bulk_write(writes, ordered=False)
                self._bare_seen([services[number] for number in batch])
                self.database["record"].insert_many(fresh[start : start + BATCH], ordered=False)
        return cost[0]

    def bare_touch(self, documents: dict[str, list[Document]]) -> Cost:
        """Note for each resource and its state that it was seen, as bare pymongo does."""
        services = documents["cloud_service"]
        with self._meter() as cost:
            for start in range(0, len(services), BATCH):
                batch = services[start : start + BATCH]
                now = SystemClock().now()
                self.database["cloud_service"].bulk_write(
                    [UpdateOne({"_id": each["_id"]}, {"$set": {"updated_at": now}}) for each in batch], ordered=False
                )
                self._bare_seen(batch)
        return cost[0]

    def _bare_seen(self, services: Sequence[Document]) -> None:
        states = self.database["collection_state"]
        now = SystemClock().now()
        pair = {"domain_id": DOMAIN, "collector_id": CONTEXT.collector_id, "secret_id": self._context.secret_id}
        states.bulk_write(
            [
                UpdateOne({**pair, "cloud_service_id": each["cloud_service_id"]}, {"$set": {"seen_at": now}})
                for each in services
            ],
            ordered=False,
        )

    def fill(self, until: int) -> None:
        """Store copies of a resource until there are so many."""
        have = self.database["cloud_service"].estimated_document_count()
        if have == 0:
            self.ingest(1, owner="pattern")
            have = 1
        pattern = {name: found[0] for name, found in self.newest(1).items()}
        for start in range(have, until, BATCH):
            copies = [_copy(pattern, number) for number in range(start, min(start + BATCH, until))]
            for name in WRITTEN:
                self.database[name].insert_many([each[name] for each in copies], ordered=False)
        # What MongoDB still has to write of that is not to be measured.
        self.database.client.admin.command("fsync")


def _copy(pattern: dict[str, Document], number: int) -> dict[str, Document]:
    service_id = ids.new_id(ids.CLOUD_SERVICE)
    made = {name: {**document, "_id": ObjectId(), "cloud_service_id": service_id} for name, document in pattern.items()}
    service = made["cloud_service"]
    service["reference"] = {**copy.copy(service["reference"]), "resource_id": f"i-fill-{number}"}
    service["match_key"], service["fingerprint"] = os.urandom(16), os.urandom(16)
    made["record"]["record_id"] = ids.new_id("record")
    return made


def run(worker: Worker, scale: dict[str, Any], tell: Callable[[Row], None]) -> None:
    """Measure everything, and tell each row."""
    for existing in scale["existing"]:
        worker.fill(existing)
        where = f", {existing:,} exist"
        tell_all(_rows(worker, "2 KB", where, scale["ingested"], scale["ingest_rounds"], "small"), tell)
        memory = psutil.Process().memory_info().rss / 1024**2
        tell(Row("memory of ingest", f"{existing:,} exist", {"memory_mib": memory}))
    tell_all(_rows(worker, "14 KB", "", scale["large"], scale["ingest_rounds"], "large"), tell)


def tell_all(rows: Iterator[Row], tell: Callable[[Row], None]) -> None:
    """Tell each of ``rows``."""
    for row in rows:
        tell(row)


def _rows(worker: Worker, size: str, where: str, count: int, rounds: int, kind: str) -> Iterator[Row]:
    """Create, change and see again ``count`` resources, each beside its floor, and leave none of them behind."""
    found: dict[str, list[tuple[Cost, Cost]]] = {"created": [], "changed": [], "unchanged": []}
    for _ in range(rounds):
        created = worker.ingest(count, owner="new", kind=kind)
        documents = worker.newest(count)
        worker.remove(documents)
        found["created"].append((created, worker.bare_create(documents)))
        changed = worker.ingest(count, owner="new", version=1, kind=kind)
        documents = worker.newest(count)
        found["changed"].append((changed, worker.bare_change(documents)))
        unchanged = worker.ingest(count, owner="new", version=1, kind=kind)
        found["unchanged"].append((unchanged, worker.bare_touch(documents)))
        worker.remove(worker.newest(count))
    for what, pairs in found.items():
        yield _row(f"{size} {what}{where}", count, [mine for mine, _ in pairs], [bare for _, bare in pairs])


def _row(case: str, count: int, mine: Sequence[Cost], bare: Sequence[Cost]) -> Row:
    own, floor = _figures(count, mine), _figures(count, bare)
    ratios = {
        "rate": own["rate"] / floor["rate"],
        "cpu": (floor["cpu_ms"] + floor["mongod_cpu_ms"]) / (own["cpu_ms"] + own["mongod_cpu_ms"]),
    }
    return Row("ingest", case, own, floor=floor, ratios=ratios)


def _figures(count: int, costs: Sequence[Cost]) -> dict[str, float]:
    """Return the medians per resource."""
    return {
        "rate": median(count / cost.seconds for cost in costs),
        "cpu_ms": median(cost.own * 1000 / count for cost in costs),
        "mongod_cpu_ms": median(cost.mongod * 1000 / count for cost in costs),
    }


def main() -> None:
    """Measure in this process, and print each row as a line of JSON."""
    uri, endpoint, mongod_pid, scale = sys.argv[1:5]
    database = connection.connect(uri=uri, database=DATABASE, timeout_seconds=10)
    worker = Worker(database, endpoint, Meter(int(mongod_pid)))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    worker.ingest(BATCH, owner="warm")
    run(worker, json.loads(scale), lambda row: print(json.dumps(asdict(row)), flush=True))


if __name__ == "__main__":
    main()
