"""How long a task rests when its worker is killed (SIGKILL), with the usual lease and sweeps, until it runs elsewhere.

The promise is lease + sweep interval, and ten seconds more at most.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from statistics import median

import grpc
import psutil

from inventory.settings import Settings
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, collector_pb2_grpc
from tests.bench.bed import PLUGIN, PROVIDER, VERSION, Bed, Process
from tests.bench.ingest import DOMAIN
from tests.bench.results import Row, Scale
from tests.fakes.plugin import FakePlugin, Gate
from tests.fakes.resources import cloud_service

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.02


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row where the one process of the only worker is killed, and one where all of that worker is."""
    plugin = FakePlugin(port=bed.plugin_port, resources=[cloud_service(f"i-{number}") for number in range(4)])
    with (
        bed.database() as database,
        plugin,
        bed.server() as (_, address),
        bed.healthy("scheduler"),
        grpc.insecure_channel(address) as channel,
    ):
        stub = collector_pb2_grpc.CollectorStub(channel)

        def started() -> bool:
            return bool(database["slice"].count_documents({"status": "IN_PROGRESS", "total_count": {"$gt": 0}}))

        def ended() -> bool:
            return not database["job"].count_documents({"status": "IN_PROGRESS"})

        def killed(kill: Callable[[Process], None]) -> list[float]:
            return [_takeover(bed, plugin, stub, kill, started, ended) for _ in range(scale.takeovers)]

        yield _row("the only worker process", killed(_kill_child))
        yield _row("the only worker, another started", killed(_kill_all))


def _row(case: str, seconds: list[float]) -> Row:
    usual = Settings()
    return Row(
        "takeover",
        f"kill -9 of {case}",
        {"seconds": median(seconds), "most_seconds": max(seconds)},
        floor={"seconds": usual.lease_seconds + usual.sweep_seconds},
    )


def _takeover(
    bed: Bed,
    plugin: FakePlugin,
    stub: collector_pb2_grpc.CollectorStub,
    kill: Callable[[Process], None],
    started: Callable[[], bool],
    ended: Callable[[], bool],
) -> float:
    """Kill a worker in the middle of a stream, and return how long it takes until the stream is asked for again, s."""
    plugin.gate = Gate(after=2)
    with contextlib.ExitStack() as stack:
        worker = stack.enter_context(bed.healthy("worker", WORKER_PROCESSES=1))
        before = len(plugin.calls_of("collect"))
        _collect(stub)
        _await(started)
        kill(worker)
        began = time.monotonic()
        if kill is _kill_all:
            stack.enter_context(bed.healthy("worker", WORKER_PROCESSES=1))
        plugin.wait_for("collect", before + 2, timeout=PATIENCE_SECONDS)
        seconds = time.monotonic() - began
        plugin.gate.open()
        _await(ended)
    return seconds


def _collect(stub: collector_pb2_grpc.CollectorStub) -> None:
    request = collector_pb2.CreateCollectorRequest(name="taken over", domain_id=DOMAIN)
    info = request.plugin_info
    info.plugin_id, info.version, info.upgrade_mode, info.provider = PLUGIN, VERSION, info.MANUAL, PROVIDER
    collector_id = stub.create(request).collector_id
    stub.collect(collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN))


def _kill_child(worker: Process) -> None:
    """Kill the process that collects; its parent starts another."""
    for each in psutil.Process(worker.popen.pid).children():
        if "resource_tracker" not in " ".join(each.cmdline()):
            each.kill()


def _kill_all(worker: Process) -> None:
    for each in worker.family():
        each.kill()


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the task did not get on")
        time.sleep(POLL_SECONDS)
