"""Metrics of stored objects and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from inventory.domain.job.states import JOB_OPEN, JobStatus
from inventory.observe import tracing
from inventory.observe.metrics import SCHEDULER, SERVER, WORKER, Metrics

_COLLECTIONS: Final = ("cloud_service", "cloud_service_type", "region", "record", "collection_state")

_ALL = Metrics(SERVER, WORKER, SCHEDULER)
_WORKER = Metrics(WORKER)

JOBS_ENDED: Final = _ALL.counter(
    "inventory_jobs_ended_total",
    "Ended jobs, by status.",
    labels={"status": [status.value for status in JobStatus if status not in JOB_OPEN]},
)
WRITE_SECONDS: Final = _WORKER.histogram(
    "inventory_bulk_write_seconds", "Duration of one bulk write, s.", labels={"collection": _COLLECTIONS}
)
WRITES: Final = _WORKER.counter(
    "inventory_bulk_writes_total", "Documents sent in bulk writes.", labels={"collection": _COLLECTIONS}
)


@contextmanager
def bulk_write(collection: str, documents: int) -> Iterator[None]:
    """Count and trace the block as one bulk write of ``documents`` documents."""
    WRITES.labels(collection).inc(documents)
    with (
        tracing.span("mongodb.bulk_write", collection=collection, documents=documents),
        WRITE_SECONDS.labels(collection).time(),
    ):
        yield
