"""The ingest of several tasks at once, one in each of several processes, beside as many processes of raw pymongo.

``python -m tests.bench.workers MONGO_URI PLUGIN_ENDPOINT MONGOD_PID NUMBER`` is one of them. It reads an order per line
(``{"what": "created", "bare": false, "count": 1000, "owner": "1"}``), says ``"ready"``, begins when the next line
comes, and answers with what it took; so all begin at the same moment.
"""

from __future__ import annotations

import contextlib
import gc
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pymongo.database import Database

from inventory.model import connection
from inventory.worker.child import GC_THRESHOLDS
from tests.bench.bare import BATCH, Cost, Meter
from tests.bench.bed import DATABASE, ROOT, Bed
from tests.bench.fill import settle
from tests.bench.ingest import KINDS, Worker, beside
from tests.bench.results import Row, Scale

Document = dict[str, Any]

WORKERS = (2, 4)


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each number of workers and kind of change."""
    count = scale.ingested
    with bed.database() as database, bed.plugin():
        for workers in WORKERS:
            pairs: dict[str, list[tuple[Cost, Cost]]] = {what: [] for what in KINDS}
            with _crew(bed, workers) as crew:
                for number in range(scale.ingest_rounds):
                    for what, found in pairs.items():
                        found.append(crew.both(what, count, owner=f"{workers}-{number}", database=database))
                crew.order("removed")
            settle(database)
            for what, found in pairs.items():
                yield beside(f"2 KB {what}, {workers} workers", workers * count, found)


class _Crew:
    """Processes that work at the same time."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]], meter: Meter) -> None:
        self._processes = processes
        self._meter = meter

    def both(self, what: str, count: int, *, owner: str, database: Database[Document]) -> tuple[Cost, Cost]:
        """Return what the service and what bare pymongo takes; the resources are there afterwards."""
        settle(database)
        mine = self.order(what, count=count, owner=owner)
        settle(database)
        bare = self.order(what, count=count, bare=True)
        self.order("checked")
        return mine, bare

    def order(self, what: str, *, count: int = 0, owner: str = "", bare: bool = False) -> Cost:
        """Let all do the same, and return how long it took until the last was done, and their CPU time together."""
        for each in self._processes:
            _say(each, {"what": what, "count": count, "owner": owner, "bare": bare})
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


def prepared(worker: Worker, order: dict[str, Any]) -> Callable[[], Cost | None]:
    """Return what does an order, with all that is not measured done beforehand."""
    what = order["what"]
    if what == "checked":
        return worker.check
    if what == "removed":
        return worker.remove_added
    if order["bare"]:
        return worker.prepare_bare(what, order["count"])
    return worker.prepare(what, order["count"], owner=order["owner"])


def main() -> None:
    """Do what is ordered until the orders end."""
    uri, endpoint, mongod_pid, number = sys.argv[1:5]
    database = connection.connect(uri=uri, database=DATABASE, timeout_seconds=10)
    worker = Worker(database, endpoint, Meter(int(mongod_pid)), secret_id=f"secret-{number}")
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    worker.prepare("created", BATCH, owner=f"w{number}-warm")()
    print(json.dumps("up"), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        work = prepared(worker, {**order, "owner": f"w{number}-{order['owner']}"})
        print(json.dumps("ready"), flush=True)
        sys.stdin.readline()
        cost = work()
        print(json.dumps(cost.own if cost else 0.0), flush=True)


if __name__ == "__main__":
    main()
