"""The ingest of several tasks at once, one in each of several processes, beside as many processes of raw pymongo.

``python -m tests.bench.workers MONGO_URI PLUGIN_ENDPOINT MONGOD_PID NUMBER`` is one of them. It reads an order per line
(``{"what": "created", "bare": false, "count": 1000}``), says ``"ready"``, begins when the next line comes, and answers
with what it took; so all begin at the same moment.
"""

from __future__ import annotations

import contextlib
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from inventory.model import connection
from inventory.worker.child import GC_THRESHOLDS
from tests.bench.bed import DATABASE, ROOT, Bed
from tests.bench.ingest import BATCH, Cost, Meter, Worker
from tests.bench.results import Row, Scale

WORKERS = (2, 4)
KINDS = ("created", "changed", "unchanged")


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each number of workers and kind of change."""
    with bed.database(), bed.plugin():
        for workers in WORKERS:
            with _crew(bed, workers) as crew:
                for what in KINDS:
                    rounds = scale.ingest_rounds if what == "created" else 1
                    pairs = [crew.both(what, scale.ingested) for _ in range(rounds)]
                    yield _row(f"2 KB {what}, {workers} workers", workers * scale.ingested, pairs)
                crew.order("removed", 0, bare=True)


class _Crew:
    """Processes that work at the same time."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]], meter: Meter) -> None:
        self._processes = processes
        self._meter = meter

    def both(self, what: str, count: int) -> tuple[Cost, Cost]:
        """Return what the service and what bare pymongo takes; the resources are there afterwards."""
        return self.order(what, count, bare=False), self.order(what, count, bare=True)

    def order(self, what: str, count: int, *, bare: bool) -> Cost:
        """Let all do the same, and return how long it took until the last was done, and their CPU time together."""
        for each in self._processes:
            _say(each, {"what": what, "count": count, "bare": bare})
        for each in self._processes:
            assert _hear(each) == "ready"
        with self._meter() as whole:
            for each in self._processes:
                _say(each, "go")
            own = sum(float(str(_hear(each))) for each in self._processes)
        return Cost(whole[0].seconds, own, whole[0].mongod)


@contextlib.contextmanager
def _crew(bed: Bed, workers: int) -> Iterator[_Crew]:
    command = [sys.executable, "-m", "tests.bench.workers", bed.mongod.uri, bed.plugin_endpoint, str(bed.mongod_pid)]
    processes = [
        subprocess.Popen(
            [*command, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=bed.environment(),
        )
        for number in range(workers)
    ]
    try:
        for each in processes:
            assert _hear(each) == "up"
        yield _Crew(processes, Meter(bed.mongod_pid))
    finally:
        for each in processes:
            each.kill()
            each.wait()


def _say(process: subprocess.Popen[str], words: object) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(words) + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> object:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a worker of the benchmark ended")
    return json.loads(line)


def _row(case: str, count: int, pairs: Sequence[tuple[Cost, Cost]]) -> Row:
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


def prepared(worker: Worker, name: str, what: str, count: int, *, bare: bool) -> Callable[[], Cost | None]:
    """Return what does an order, with all that is not measured done beforehand."""
    if what == "removed":
        worker.remove(worker.own())
        return lambda: None
    if not bare:
        if what == "created":
            worker.remove(worker.own())
        return worker.prepare(count, owner=name, version=0 if what == "created" else 1)
    documents = worker.own()
    if what == "created":
        worker.remove(documents)
        return lambda: worker.bare_create(documents)
    if what == "changed":
        return lambda: worker.bare_change(documents)
    return lambda: worker.bare_touch(documents)


def main() -> None:
    """Do what is ordered until the orders end."""
    uri, endpoint, mongod_pid, number = sys.argv[1:5]
    name = f"worker-{number}"
    database = connection.connect(uri=uri, database=DATABASE, timeout_seconds=10)
    worker = Worker(database, endpoint, Meter(int(mongod_pid)), secret_id=name)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    worker.ingest(BATCH, owner=f"{name}-warm")
    worker.remove(worker.own())
    print(json.dumps("up"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        work = prepared(worker, name, order["what"], order["count"], bare=order["bare"])
        print(json.dumps("ready"), flush=True)
        sys.stdin.readline()
        began = time.process_time()
        work()
        print(json.dumps(time.process_time() - began), flush=True)


if __name__ == "__main__":
    main()
