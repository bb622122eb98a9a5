"""What few callers can take from others: reads and health beside calls of unknown cost, slow installs, silent calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
from google.protobuf.json_format import ParseDict

from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.bench.bed import PLUGIN, VERSION, Bed
from tests.bench.documents import collector_id, collectors
from tests.bench.floors import READ_DOMAIN, STORED, WRITE_DOMAIN
from tests.bench.load import Measured
from tests.bench.results import Row, Scale
from tests.bench.rpc import SERVICE
from tests.fakes.platform import FakePlatform

READS_PER_SECOND = 200
CREATES = 20
HEAVY = 8
"""Callers that ask for statistics with a pattern, each as soon as it was answered."""
SILENT = 500
"""Calls whose request never comes."""
WARM_READS = 200
_ENDPOINTS = ("PLUGIN_ENDPOINT", "REPOSITORY_ENDPOINT", "SECRET_ENDPOINT", "IDENTITY_ENDPOINT")
HEALTH = "/grpc.health.v1.Health/Check"


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for reads and for health, alone and beside each kind of overload; one process, four threads."""
    with bed.database() as database, bed.plugin(), FakePlatform() as platform:
        database["collector"].insert_many(collectors(READ_DOMAIN, STORED))
        versions = {VERSION: bed.plugin_endpoint}
        platform.content["plugins"] = [{"plugin_id": PLUGIN, "provider": "aws", "versions": versions}]
        endpoints = dict.fromkeys(_ENDPOINTS, platform.endpoint)
        with bed.server(PLATFORM="grpc", SERVER_PROCESSES=1, SERVER_THREADS=4, **endpoints) as (_, address):
            paced(address, f"{SERVICE}/get", gets(), WARM_READS / READS_PER_SECOND)
            for name, overload in _overloads(address, platform).items():
                for what, method, requests in (("get", f"{SERVICE}/get", gets()), ("health", HEALTH, [b""])):
                    alone = paced(address, method, requests, scale.rpc_seconds)
                    with overload():
                        beside = paced(address, method, requests, scale.rpc_seconds)
                    yield _row(f"{what} beside {name}", alone, beside)


def _overloads(address: str, platform: FakePlatform) -> dict[str, Callable[[], Any]]:
    return {
        f"{HEAVY} statistics": lambda: _statistics(address),
        f"{CREATES} installs": lambda: _installs(address, platform),
        f"{SILENT} silent calls": lambda: _silent(address),
    }


def gets() -> list[bytes]:
    """Return requests for single collectors."""
    made = [
        collector_pb2.GetCollectorRequest(collector_id=collector_id(number), domain_id=READ_DOMAIN)
        for number in range(0, STORED, STORED // WARM_READS)
    ]
    return [each.SerializeToString() for each in made]


def paced(address: str, method: str, requests: Sequence[bytes], seconds: float) -> Measured:
    """Call ``READS_PER_SECOND`` times a second, each at its time whether the last was answered or not."""
    latencies: list[float] = []
    failures: list[str] = []
    with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.unary_unary(method)
        began = time.perf_counter()
        pending = []
        for number in range(int(seconds * READS_PER_SECOND)):
            due = began + number / READS_PER_SECOND
            time.sleep(max(due - time.perf_counter(), 0.0))
            future = call.future(requests[number % len(requests)], timeout=30)
            future.add_done_callback(lambda done, due=due: _note(done, due, latencies, failures))
            pending.append(future)
        for future in pending:
            future.exception()
        while len(latencies) + len(failures) < len(pending):
            time.sleep(0.01)
        spent = time.perf_counter() - began
    return Measured(
        latencies=sorted(latencies), seconds=spent, errors=len(failures), error="".join(sorted(failures)[:1])
    )


def _note(done: Any, due: float, latencies: list[float], failures: list[str]) -> None:
    error = done.exception()
    if error is None:
        latencies.append(time.perf_counter() - due)
    else:
        failures.append(f"{error.code().name}: {error.details()}")


@contextmanager
def _statistics(address: str) -> Iterator[None]:
    pattern = {"key": "name", "operator": "regex", "value": "(.*a){6}$"}
    query = {"aggregate": [{"group": {"keys": [{"key": "tags", "name": "tags"}], "fields": []}}], "filter": [pattern]}
    request = ParseDict({"query": query, "domain_id": READ_DOMAIN}, collector_pb2.CollectorStatQuery())
    stop = threading.Event()

    def ask() -> None:
        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            call = channel.unary_unary(f"{SERVICE}/stat")
            while not stop.is_set():
                try:
                    call(request.SerializeToString(), timeout=30)
                except grpc.RpcError as error:
                    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                        raise

    threads = [threading.Thread(target=ask) for _ in range(HEAVY)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


@contextmanager
def _installs(address: str, platform: FakePlatform) -> Iterator[None]:
    platform.installed.clear()
    plugin = collector_pb2.PluginInfo(plugin_id=PLUGIN, version=VERSION)
    request = collector_pb2.CreateCollectorRequest(name="new", plugin_info=plugin, domain_id=WRITE_DOMAIN)
    with ExitStack() as stack:
        stack.callback(platform.installed.set)
        pending = []
        for _ in range(CREATES):
            channel = stack.enter_context(grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]))
            call = channel.unary_unary(f"{SERVICE}/create")
            pending.append(call.future(request.SerializeToString(), timeout=120))
        time.sleep(0.5)
        yield
        platform.installed.set()
        for future in pending:
            future.exception()


@contextmanager
def _silent(address: str) -> Iterator[None]:
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(60)
        yield from ()

    with ExitStack() as stack:
        stack.callback(over.set)
        kept = []
        for _ in range(10):
            channel = stack.enter_context(grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]))
            kept += [channel.stream_unary(f"{SERVICE}/list").future(nothing()) for _ in range(SILENT // 10)]
        time.sleep(0.5)
        yield


def _row(name: str, alone: Measured, beside: Measured) -> Row:
    """Return the row; the ratio ``p99`` is 1 where nothing was taken, 0.5 where a read takes twice as long."""
    mine, floor = figures(beside), figures(alone)
    ratios = {"p99": floor["p99_ms"] / mine["p99_ms"] if mine["p99_ms"] else 0.0}
    return Row("overload", name, mine, floor=floor, ratios=ratios)


def figures(found: Measured) -> dict[str, float]:
    """Return what is told of calls."""
    return {
        "p50_ms": found.percentile(0.5) if found.latencies else 0.0,
        "p99_ms": found.percentile(0.99) if found.latencies else 0.0,
        "errors": float(found.errors),
    }
