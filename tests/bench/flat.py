"""What RPCs cost with few and with very many collectors and resources stored: it should not grow with them.

``flat`` is the p50 with the fewest stored over the p50 here: 1 is flat, 0.5 twice as slow. A stat reads every document
of its domain and so grows by nature; nothing else must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from google.protobuf import json_format

from inventory.stubs.spaceone.api.inventory.v1 import cloud_service_pb2, collector_pb2
from tests.bench.bed import PLUGIN, VERSION, Bed, Process
from tests.bench.documents import CREATED, collector_id, collectors
from tests.bench.fill import fill
from tests.bench.load import Load
from tests.bench.results import Row, Scale

Document = dict[str, Any]

DOMAIN = "domain-flat"
ASKED = 1_000
"""Different documents that are asked for by id."""
TYPES = 50
_PAGE = {"page": {"start": 1, "limit": 100}}
_COUNT = [{"name": "count", "operator": "count"}]


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    method: str
    requests: Sequence[bytes]


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each method and number of documents."""
    bed.make_room(max(scale.resources))
    with bed.database() as database, bed.plugin(), bed.server() as (server, address), Load() as load:
        stage = _Stage(load, server, address, scale)
        yield from stage.run(
            "collectors", scale.collectors, lambda more: fill(database, "collectors", more, _collectors)
        )
        database["collector"].delete_many({})
        yield from stage.run("resources", scale.resources, lambda more: fill(database, "resources", more, _resources))


class _Stage:
    def __init__(self, load: Load, server: Process, address: str, scale: Scale) -> None:
        self._load = load
        self._server = server
        self._address = address
        self._scale = scale

    def run(self, kind: str, sizes: Sequence[int], add: Callable[[range], None]) -> Iterator[Row]:
        first: dict[str, float] = {}
        stored = 0
        for size in sizes:
            add(range(stored, size))
            stored = size
            for case in _collector_cases(size) if kind == "collectors" else _resource_cases(size):
                figures = self._figures(case)
                before = first.setdefault(case.name, figures["p50_ms"])
                yield Row("flat", f"{case.name}, {size:,} {kind}", figures, ratios={"flat": before / figures["p50_ms"]})

    def _figures(self, case: _Case) -> dict[str, float]:
        scale, rates, p50, cpu = self._scale, [], [], []
        for _ in range(scale.rounds):
            self._load.run(self._address, case.method, case.requests, clients=1, seconds=scale.warm_seconds)
            before = self._server.cpu_seconds()
            found = self._load.run(self._address, case.method, case.requests, clients=1, seconds=scale.rpc_seconds / 2)
            if found.errors:
                raise RuntimeError(f"{case.method}: {found.errors} calls failed, one with {found.error}")
            rates.append(found.rate)
            p50.append(found.percentile(0.5))
            cpu.append((self._server.cpu_seconds() - before) * 1000 / len(found.latencies))
        return {"rate": median(rates), "p50_ms": median(p50), "cpu_ms": median(cpu)}


def _collector_cases(stored: int) -> list[_Case]:
    ids = [collector_id(number) for number in range(1, stored, max(stored // ASKED, 1) | 1)]
    group = {"keys": [{"key": "plugin_info.plugin_id", "name": "plugin_id"}], "fields": _COUNT}
    service = "/spaceone.api.inventory.v1.Collector"
    plugin = {"plugin_id": PLUGIN, "version": VERSION, "upgrade_mode": "MANUAL", "provider": "aws"}

    def case(name: str, method: str, message: str, *requests: Document) -> _Case:
        return _Case(name, f"{service}/{method}", [_encoded(collector_pb2, message, each) for each in requests])

    # With an odd step, and from 1 on, half of them have the plugin that runs.
    mine = [collector_id(number) for number in range(1, min(stored, 200), 2)]
    return [
        case("get", "get", "GetCollectorRequest", *({"collector_id": each} for each in ids)),
        case("list of 100", "list", "CollectorQuery", {"query": _PAGE}),
        case("list of 100 minimal", "list", "CollectorQuery", {"query": {**_PAGE, "minimal": True}}),
        case("stat", "stat", "CollectorStatQuery", {"query": {"aggregate": [{"group": group}]}}),
        case("create", "create", "CreateCollectorRequest", {"name": "new", "plugin_info": plugin}),
        case("collect", "collect", "CollectRequest", *({"collector_id": each} for each in mine)),
    ]


def _resource_cases(stored: int) -> list[_Case]:
    ids = [_resource_id(number) for number in range(0, stored, max(stored // ASKED, 1))]
    group = {"keys": [{"key": "cloud_service_group", "name": "group"}], "fields": _COUNT}
    one_type = {"cloud_service_group": "Group1", "provider": "aws"}
    service = "/spaceone.api.inventory.v1.CloudService"

    def case(name: str, method: str, message: str, *requests: Document) -> _Case:
        return _Case(name, f"{service}/{method}", [_encoded(cloud_service_pb2, message, each) for each in requests])

    return [
        case("get", "get", "GetCloudServiceRequest", *({"cloud_service_id": each} for each in ids)),
        case("list of 100", "list", "CloudServiceQuery", {"query": _PAGE}),
        case("list of 100 of a type", "list", "CloudServiceQuery", {"query": _PAGE, **one_type}),
        case("stat", "stat", "CloudServiceStatQuery", {"query": {"aggregate": [{"group": group}]}}),
    ]


def _encoded(module: Any, message_name: str, fields: Document) -> bytes:
    message = getattr(module, message_name)()
    json_format.ParseDict({"domain_id": DOMAIN, **fields}, message)
    data: bytes = message.SerializeToString()
    return data


def _collectors(numbers: range) -> dict[str, list[Document]]:
    return {"collector": collectors(DOMAIN, len(numbers), numbers.start)}


def _resources(numbers: range) -> dict[str, list[Document]]:
    return {"cloud_service": [_resource(number) for number in numbers]}


def _resource_id(number: int) -> str:
    return f"cloud-svc-{number:012x}"


def _resource(number: int) -> Document:
    """Return a small resource: what it holds beside its keys says nothing about how it is found."""
    kind = number % TYPES
    moment = CREATED + timedelta(milliseconds=number)
    return {
        "cloud_service_id": _resource_id(number),
        "domain_id": DOMAIN,
        "state": "ACTIVE",
        "name": f"resource-{number}",
        "provider": "aws",
        "cloud_service_group": f"Group{kind}",
        "cloud_service_type": "Type",
        "reference": {"resource_id": f"arn:aws:thing:{number}"},
        "data": {"size": number % 100, "zone": "ap-northeast-2a"},
        "region_code": "ap-northeast-2",
        "ref_cloud_service_type": f"{DOMAIN}.aws.Group{kind}.Type",
        "ref_region": f"{DOMAIN}.aws.ap-northeast-2",
        "created_at": moment,
        "updated_at": moment,
    }
