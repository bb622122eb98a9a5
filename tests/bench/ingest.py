"""The ingest of one task: created, changed and unchanged resources per second, beside raw pymongo.

The service's side is what a worker does: it reads the plugin's stream over gRPC, decodes, decides and writes. The
floor writes as much by pymongo in bulks of the same size, see :mod:`tests.bench.bare`. Both run in a process set up
like a worker (``python -m tests.bench.ingest MONGO_URI PLUGIN_ENDPOINT MONGOD_PID SCALE``), in turn.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from statistics import median
from typing import Any

import psutil
from bson import ObjectId
from pymongo.database import Database

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import PluginEndpoint
from inventory.domain import ids
from inventory.domain.clock import SystemClock
from inventory.domain.principal import Principal
from inventory.ingest.context import IngestContext
from inventory.ingest.pipeline import Ingest
from inventory.ingest.stores import IngestStores
from inventory.model import connection
from inventory.worker.child import GC_THRESHOLDS
from tests.bench.bare import BATCH, Bare, Cost, Documents, Meter, remove, seen_since, stored
from tests.bench.bed import DATABASE, ROOT, Bed
from tests.bench.fill import fill, settle
from tests.bench.results import Row, Scale

Document = dict[str, Any]

DOMAIN = "domain-1"
KINDS = ("created", "changed", "unchanged")
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


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each size of the inventory and kind of change, and for the large resources."""
    bed.make_room(max(scale.existing))
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
    """Ingests streams of the plugin and, as the floor, writes as much by bare pymongo.

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
        self._ingest = Ingest(stores=IngestStores.of(database, SystemClock()), identity=identity, clock=SystemClock())
        self._bare = Bare(database, meter)
        self._began = SystemClock().now()
        self._ids: list[str] = []
        self._added: list[str] = []

    def prepare(self, what: str, count: int, *, owner: str, kind: str = "small") -> Callable[[], Cost]:
        """Return what collects ``count`` resources of ``owner`` and tells what it took.

        Args:
            what: one of ``KINDS``; resources are changed and seen again after they were created.
            count: how many.
            owner: another one has other resources.
            kind: of the resources, see :mod:`tests.bench.plugin`.
        """
        options = {"kind": kind, "count": count, "version": 0 if what == "created" else 1}
        # Once without storing, so that the plugin has its messages ready.
        for _ in self._plugin.collect(options, {"key": owner}, {}, None, idle_seconds=60):
            pass
        stream = self._plugin.collect(options, {"key": owner}, {}, None, idle_seconds=60)

        def collect() -> Cost:
            self._began = SystemClock().now()
            with self._meter() as cost:
                result = self._ingest.run(
                    stream, self._context, should_stop=lambda: False, on_progress=lambda _counts: None
                )
            assert result.complete, result.failure
            assert result.counts.failure == 0, result.errors[:1]
            return cost[0]

        return collect

    def prepare_bare(self, what: str, count: int) -> Callable[[], Cost]:
        """Return what writes as much as the service did for ``what``, just before, and tells what it took."""
        if what == "unchanged":
            return self._bare.touch()
        if what == "created":
            pair = {"collector_id": CONTEXT.collector_id, "secret_id": self._context.secret_id}
            self._ids = seen_since(self.database, self._began, domain_id=DOMAIN, **pair)
        documents = stored(self.database, DOMAIN, self._ids)
        assert len(documents["cloud_service"]) == count, len(documents["cloud_service"])
        if what == "changed":
            return self._bare.change(documents)
        work = self._bare.create(documents)
        self._added += [*self._ids, *self._bare.service_ids]
        return work

    def check(self) -> None:
        """Make sure that the floor has written as much as the service."""
        self._bare.check(stored(self.database, DOMAIN, self._ids))

    def remove_added(self) -> None:
        """Delete what was created, by the service and by the floor."""
        remove(self.database, DOMAIN, self._added)
        self._added = []

    def fill(self, until: int) -> None:
        """Store copies of a resource until there are so many."""
        have = self.database["cloud_service"].estimated_document_count()
        newest = self.database["cloud_service"].find_one(sort=[("_id", -1)])
        assert newest is not None
        pattern = stored(self.database, DOMAIN, [newest["cloud_service_id"]])
        fill(self.database, "resources", range(have, until), lambda numbers: _copies(pattern, numbers))


def _copies(pattern: Documents, numbers: range) -> Documents:
    made: Documents = {name: [] for name in pattern}
    for number in numbers:
        service_id = ids.new_id(ids.CLOUD_SERVICE)
        for name, (document, *_) in pattern.items():
            made[name].append({**document, "_id": ObjectId(), "cloud_service_id": service_id})
        service = made["cloud_service"][-1]
        service["reference"] = {**service["reference"], "resource_id": f"i-fill-{number}"}
        service["match_key"], service["fingerprint"] = os.urandom(16), os.urandom(16)
        made["record"][-1] |= {"_id": ObjectId(os.urandom(12)), "record_id": ids.new_id(ids.RECORD)}
    return made


def run(worker: Worker, scale: dict[str, Any], tell: Callable[[Row], None]) -> None:
    """Measure everything, and tell each row."""
    count, rounds, sizes = scale["ingested"], scale["ingest_rounds"], scale["existing"]
    owners = (f"new-{number}" for number in itertools.count())
    for existing, following in zip(sizes, [*sizes[1:], 0], strict=True):
        worker.fill(existing)
        for row in _rows(
            worker, f"2 KB {{}}, {existing:,} exist", count, list(itertools.islice(owners, rounds)), "small"
        ):
            tell(row)
        memory = psutil.Process().memory_info().rss / 1024**2
        tell(Row("memory of ingest and floor", f"{existing:,} exist", {"memory_mib": memory}))
        # The next, larger inventory may as well begin with what this has added.
        if worker.database["cloud_service"].estimated_document_count() > following:
            worker.remove_added()
            settle(worker.database)
    for row in _rows(worker, "14 KB {}", scale["large"], list(itertools.islice(owners, rounds)), "large"):
        tell(row)


def _rows(worker: Worker, title: str, count: int, owners: Sequence[str], kind: str) -> Iterator[Row]:
    """Create, change and see again ``count`` resources of each owner in turn, each beside its floor."""
    found: dict[str, list[tuple[Cost, Cost]]] = {what: [] for what in KINDS}
    for owner in owners:
        for what, pairs in found.items():
            mine = _settled(worker, worker.prepare(what, count, owner=owner, kind=kind))
            pairs.append((mine, _settled(worker, worker.prepare_bare(what, count))))
            worker.check()
    for what, pairs in found.items():
        yield beside(title.format(what), count, pairs)


def _settled(worker: Worker, work: Callable[[], Cost]) -> Cost:
    """Let MongoDB end what came before, then work."""
    settle(worker.database)
    return work()


def beside(case: str, count: int, pairs: Sequence[tuple[Cost, Cost]]) -> Row:
    """Return the row of what the service and its floor took for ``count`` resources, in several rounds."""
    own, floor = (
        {
            "rate": median(count / cost.seconds for cost in costs),
            "cpu_ms": median(cost.own * 1000 / count for cost in costs),
            "mongod_cpu_ms": median(cost.mongod * 1000 / count for cost in costs),
        }
        for costs in zip(*pairs, strict=True)
    )
    ratios = {
        "rate": own["rate"] / floor["rate"],
        "cpu": (floor["cpu_ms"] + floor["mongod_cpu_ms"]) / (own["cpu_ms"] + own["mongod_cpu_ms"]),
    }
    return Row("ingest", case, own, floor=floor, ratios=ratios)


def main() -> None:
    """Measure in this process, and print each row as a line of JSON."""
    uri, endpoint, mongod_pid, scale = sys.argv[1:5]
    database = connection.connect(uri=uri, database=DATABASE, timeout_seconds=10)
    worker = Worker(database, endpoint, Meter(int(mongod_pid)))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    worker.prepare("created", BATCH, owner="warm")()
    run(worker, json.loads(scale), lambda row: print(json.dumps(asdict(row)), flush=True))


if __name__ == "__main__":
    main()
