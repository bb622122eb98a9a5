"""What a storm of large answers and dear requests does: memory before, at its height and after; others' latency."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.bench.bed import ROOT, Bed, Process
from tests.bench.documents import collectors
from tests.bench.floors import READ_DOMAIN, STORED
from tests.bench.load import Measured
from tests.bench.overload import HEALTH, figures, gets, paced
from tests.bench.results import Row, Scale
from tests.bench.rpc import SERVICE

LARGE_DOMAIN = "domain-large"
LARGE = 250
LARGE_BYTES = 200_000
"""Of each large collector: all of them are 50 MB, less than one answer may hold."""
CLIENTS = 8
AFTER_SECONDS = 4.0
"""How long after a storm its memory is looked at, s."""
DEAR = ("numbers", "zipped", "json")
"""Kinds of dear requests; see ``tests.bench.dear``."""


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield the rows of memory and of latency; one server process, its senders and its callers in others."""
    with bed.database() as database:
        database["collector"].insert_many(collectors(READ_DOMAIN, STORED))
        for document in collectors(LARGE_DOMAIN, LARGE, first=STORED):
            document["plugin_info"]["metadata"]["text"] = "x" * LARGE_BYTES
            database["collector"].insert_one(document)
        with (
            bed.server(SERVER_PROCESSES=1, SERVER_THREADS=4) as (server, address),
            bed.healthy("gateway", GATEWAY_UPSTREAM=address) as gateway,
        ):
            http = f"127.0.0.1:{gateway.port}"
            paced(address, f"{SERVICE}/get", gets(), 1.0)
            for kind in DEAR:
                yield from _latencies(kind, address, http, scale)
            yield _memory(f"{CLIENTS} lists at once", "lists", address, server)
            yield _memory(f"{CLIENTS} gateway clients that do not read", "unread", http, gateway)


def _latencies(kind: str, address: str, http: str, scale: Scale) -> Iterator[Row]:
    for what, method, requests in (("get", f"{SERVICE}/get", gets()), ("health", HEALTH, [b""])):
        alone = paced(address, method, requests, scale.rpc_seconds)
        with _senders(kind, http if kind == "json" else address):
            beside = paced(address, method, requests, scale.rpc_seconds)
        yield _row(f"{what} beside {kind}", alone, beside)
    if kind == "json":
        alone = _over_http(http, scale.rpc_seconds)
        with _senders(kind, http):
            beside = _over_http(http, scale.rpc_seconds)
        yield _row(f"get over HTTP beside {kind}", alone, beside)


def _row(name: str, alone: Measured, beside: Measured) -> Row:
    return Row("storm", name, figures(beside), floor=figures(alone))


@contextmanager
def _senders(kind: str, address: str) -> Iterator[None]:
    """Let another process send dear requests, or ask for large answers, until the end of the block."""
    command = [sys.executable, "-m", "tests.bench.dear", kind, address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdout.readline()  # it has begun
            yield
        finally:
            process.stdin.close()
            process.wait(90)


def _over_http(address: str, seconds: float) -> Measured:
    """Get a collector through the gateway, one after another."""
    import httpx

    latencies, errors = [], 0
    body = {"collector_id": collector_pb2.GetCollectorRequest.FromString(gets()[0]).collector_id}
    began = time.perf_counter()
    with httpx.Client(base_url=f"http://{address}", timeout=30, trust_env=False) as client:
        while time.perf_counter() < began + seconds:
            sent = time.perf_counter()
            answer = client.post("/inventory/v1/collector/get", json={**body, "domain_id": READ_DOMAIN})
            if answer.status_code == 200:
                latencies.append(time.perf_counter() - sent)
            else:
                errors += 1
    return Measured(sorted(latencies), time.perf_counter() - began, errors, "")


def _memory(name: str, kind: str, address: str, process: Process) -> Row:
    before = sum(process.memory_mib())
    with _peak(lambda: sum(process.memory_mib())) as peak, _senders(kind, address):
        time.sleep(AFTER_SECONDS)
    time.sleep(AFTER_SECONDS)
    after = sum(process.memory_mib())
    found = {"before_mib": before, "peak_mib": peak["value"], "after_mib": after}
    return Row("storm", name, found, ratios={"after": before / after})


@contextmanager
def _peak(read: Callable[[], float]) -> Iterator[dict[str, Any]]:
    peak, stop = {"value": 0.0}, threading.Event()

    def look() -> None:
        while not stop.wait(0.02):
            peak["value"] = max(peak["value"], read())

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield peak
    finally:
        stop.set()
        watch.join()
