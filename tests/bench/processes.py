"""How long each kind of process takes to start, and how much memory it then holds."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bed import Bed, Process
from tests.bench.results import Row, Scale


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each kind of process, idle; a family's memory counts whole."""
    with bed.database():
        with bed.server() as (server, address):
            yield _row(server)
            with bed.healthy("gateway", GATEWAY_UPSTREAM=address) as gateway:
                yield _row(gateway)
        for kind in ("worker", "scheduler"):
            with bed.healthy(kind) as process:
                yield _row(process)


def _row(process: Process) -> Row:
    memory = process.memory_mib()
    return Row(
        "processes",
        process.name,
        {"start_seconds": process.started_seconds, "count": len(memory), "memory_mib": sum(memory)},
    )
