"""RPCs at several numbers of clients, each beside its floor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from google.protobuf import json_format
from pymongo.collection import Collection

from inventory.devruntime import probes
from inventory.devruntime.ports import free_port
from inventory.settings import load
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.bench.bed import DATABASE, PLUGIN, VERSION, Bed, Process
from tests.bench.documents import collector_id, collectors
from tests.bench.floors import KEYWORD, PAGE, READ_DOMAIN, STORED, WRITE_DOMAIN, WRITTEN
from tests.bench.load import Load, Measured
from tests.bench.results import Row, Scale

SERVICE = "/spaceone.api.inventory.v1.Collector"


BUDGETED = ("get", 1)
"""The case, and its number of clients, with a promised p50."""
BUDGET = 1.5
"""Times the p50 of a no-op and of a raw find_one together, is what is promised."""
FOUND = 400
FOUND_WARM = 50
"""Raw find_ones in each round, and before they count."""


@dataclass(frozen=True, slots=True)
class Case:
    """One method with its requests, and the requests of its floor."""

    name: str
    method: str
    requests: Sequence[bytes]
    floor_requests: Sequence[bytes] = (b"",)
    whole: bool = False
    """Whether there is a second floor, which also has the reads and marks that the contract demands."""


def cases() -> list[Case]:
    """Return all cases."""
    page: dict[str, Any] = {"page": {"start": 1, "limit": PAGE}}
    in_read = {"domain_id": READ_DOMAIN}
    group = {"keys": [{"key": "plugin_info.plugin_id", "name": "plugin_id"}], "fields": [_COUNT]}
    everyone = [collector_id(number) for number in _ASKED_NUMBERS]
    return [
        Case(
            "get",
            "get",
            [_request("GetCollectorRequest", collector_id=each, **in_read) for each in everyone],
            [each.encode() for each in everyone],
        ),
        Case("list_100", "list", [_request("CollectorQuery", query=page, **in_read)]),
        Case("list_minimal", "list", [_request("CollectorQuery", query={**page, "minimal": True}, **in_read)]),
        Case("list_keyword", "list", [_request("CollectorQuery", query={**page, "keyword": KEYWORD}, **in_read)]),
        Case("stat", "stat", [_request("CollectorStatQuery", query={"aggregate": [{"group": group}]}, **in_read)]),
        Case("create", "create", [_request("CreateCollectorRequest", name="new", plugin_info=_PLUGIN, **_WRITE)]),
        Case(
            "add_schedule",
            "add_schedule",
            [_request("CreateScheduleRequest", name="hourly", schedule={"hours": [1, 13]}, **each) for each in _MINE],
            whole=True,
        ),
        Case("collect", "collect", [_request("CollectRequest", **each) for each in _MINE], whole=True),
    ]


_COUNT = {"name": "count", "operator": "count"}
_WRITE = {"domain_id": WRITE_DOMAIN}
ASKED = 200
"""Collectors that are asked for by id: so few that short measurements, too, find their messages remembered."""
_ASKED_NUMBERS = range(0, STORED, STORED // ASKED)
_MINE = [{"collector_id": collector_id(number), **_WRITE} for number in range(1, WRITTEN, 2)]
_PLUGIN = {
    "plugin_id": PLUGIN,
    "version": VERSION,
    "upgrade_mode": "MANUAL",
    "provider": "aws",
    "options": {"regions": ["ap-northeast-2"]},
}


def _request(message_name: str, /, **fields: Any) -> bytes:
    message = getattr(collector_pb2, message_name)()
    json_format.ParseDict(fields, message)
    data: bytes = message.SerializeToString()
    return data


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each case and number of clients; the no-op first, which is everybody's floor."""
    with bed.database() as database:
        database["collector"].insert_many(collectors(READ_DOMAIN, STORED))
        database["collector"].insert_many(collectors(WRITE_DOMAIN, WRITTEN))
        with bed.plugin(), bed.server() as (server, address), _floors(bed) as (floors, floor_address), Load() as load:
            stage = _Stage(load, server, address, floors, floor_address, scale)
            for clients in scale.clients:
                yield stage.noop(clients)
            for case in cases():
                for clients in scale.clients:
                    if (case.name, clients) == BUDGETED:
                        yield from stage.run_budgeted(case, partial(_find_one, bed.client[DATABASE]["collector"]))
                    else:
                        yield stage.run(case, clients)
                yield memory(bed, server, case.name)


def memory(bed: Bed, server: Process, case: str) -> Row:
    """Return the row of what the server's processes and the stores hold after a case."""
    each = server.memory_mib()
    return Row(
        "memory",
        f"after {case}",
        {"server_mib": sum(each), "largest_process_mib": max(each), **bed.store_memory()},
    )


@contextmanager
def _floors(bed: Bed) -> Iterator[tuple[Process, str]]:
    settings = load()
    port = free_port()
    shape = [str(each) for each in (port, settings.server_processes, settings.server_threads)]
    argv = ["tests.bench.floors", *shape, f"127.0.0.1:{bed.plugin_port}"]
    with bed.run("floors", argv, lambda: probes.listening("127.0.0.1", port)) as process:
        yield process, f"127.0.0.1:{port}"


class _Stage:
    def __init__(
        self, load: Load, server: Process, address: str, floors: Process, floor_address: str, scale: Scale
    ) -> None:
        self._load = load
        self._server = (server, address)
        self._floors = (floors, floor_address)
        self._scale = scale

    def noop(self, clients: int) -> Row:
        """Measure calls that do nothing."""
        found = [self._run(self._floors, "/floor/noop", [b""], clients) for _ in range(self._scale.rounds)]
        return Row("rpc", "noop", _figures(found), clients=clients)

    def run(self, case: Case, clients: int, also: Callable[[], None] = lambda: None) -> Row:
        """Measure one case and its floor in turn, and do ``also`` in each round."""
        service, floor, whole = [], [], []
        for _ in range(self._scale.rounds):
            also()
            floor.append(self._run(self._floors, f"/floor/{case.name}", case.floor_requests, clients))
            service.append(self._run(self._server, f"{SERVICE}/{case.method}", case.requests, clients))
            if case.whole:
                whole.append(self._run(self._floors, f"/floor/{case.name}_whole", case.floor_requests, clients))
        mine, bare = _figures(service), _figures(floor)
        ratios = {
            "rate": _share(mine["rate"], bare["rate"]),
            "cpu": _share(bare["cpu_ms"], mine["cpu_ms"]),
            "p50": _share(bare["p50_ms"], mine["p50_ms"]),
        }
        if whole:
            ratios["rate_whole"] = _share(mine["rate"], _figures(whole)["rate"])
            ratios["cpu_whole"] = _share(_figures(whole)["cpu_ms"], mine["cpu_ms"])
        return Row("rpc", case.name, mine, floor=bare, ratios=ratios, clients=clients)

    def run_budgeted(self, case: Case, find_one: Callable[[], Measured]) -> Iterator[Row]:
        """Measure one case at one client, and in the same rounds what its latency is promised by.

        Yields:
            the row of a raw find_one without gRPC, and the case's with the ratio ``p50_budget``: the time promised
            over the time taken, so that 1 and more keeps the promise.
        """
        found: list[tuple[Measured, float]] = []
        noop: list[tuple[Measured, float]] = []

        def also() -> None:
            before = time.process_time()
            measured = find_one()
            found.append((measured, (time.process_time() - before) * 1000 / len(measured.latencies)))
            noop.append(self._run(self._floors, "/floor/noop", [b""], 1))

        row = self.run(case, 1, also)
        raw = _figures(found)
        yield Row("rpc", "find_one", raw, clients=1)
        parts = {"noop_p50_ms": _figures(noop)["p50_ms"], "find_one_p50_ms": raw["p50_ms"]}
        budget = BUDGET * sum(parts.values())
        ratios = {**row.ratios, "p50_budget": budget / row.figures["p50_ms"]}
        yield replace(row, floor={**row.floor, **parts}, ratios=ratios)

    def _run(
        self, target: tuple[Process, str], method: str, requests: Sequence[bytes], clients: int
    ) -> tuple[Measured, float]:
        process, address = target
        self._load.run(address, method, requests, clients=clients, seconds=self._scale.warm_seconds)
        before = process.cpu_seconds()
        found = self._load.run(address, method, requests, clients=clients, seconds=self._scale.rpc_seconds)
        spent = process.cpu_seconds() - before
        if found.errors:
            raise RuntimeError(f"{method}: {found.errors} calls failed, one with {found.error}")
        return found, spent * 1000 / max(len(found.latencies), 1)


def _find_one(collection: Collection[dict[str, Any]]) -> Measured:
    """Read collectors one by one in this thread; the first few only warm up."""
    conditions = [{"domain_id": READ_DOMAIN, "collector_id": collector_id(number)} for number in _ASKED_NUMBERS]
    for condition in conditions[:FOUND_WARM]:
        collection.find_one(condition)
    latencies = []
    began = now = time.perf_counter()
    for number in range(FOUND):
        collection.find_one(conditions[number % len(conditions)])
        before, now = now, time.perf_counter()
        latencies.append(now - before)
    return Measured(latencies=sorted(latencies), seconds=now - began, errors=0, error="")


def _figures(found: Sequence[tuple[Measured, float]]) -> dict[str, float]:
    """Return the medians over the rounds; ``cpu_ms``: CPU time of the server's processes per call."""
    return {
        "rate": median(each.rate for each, _ in found),
        "p50_ms": median(each.percentile(0.5) for each, _ in found),
        "p95_ms": median(each.percentile(0.95) for each, _ in found),
        "p99_ms": median(each.percentile(0.99) for each, _ in found),
        "cpu_ms": median(cpu for _, cpu in found),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
