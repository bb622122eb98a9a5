"""Metrics of the ingest."""

from __future__ import annotations

from typing import Final

from inventory.observe.metrics import SCHEDULER, WORKER, Metrics

_OTHER: Final = "other"

_WORKER = Metrics(WORKER)
_WORKER_AND_SCHEDULER = Metrics(WORKER, SCHEDULER)

UNKNOWN_TYPES: Final = _WORKER.counter(
    "inventory_ingest_unknown_types_total",
    "Unknown resource types of inventory.* that plugins sent, once per type and task.",
    labels={"resource_type": (_OTHER,)},
)

RESOURCES: Final = _WORKER_AND_SCHEDULER.counter(
    "inventory_resources_total",
    "Collected resources, by result; deleted: no longer seen by full collects; held: too many to delete.",
    labels={"outcome": ("created", "updated", "failure", "uncounted", "deleted", "disconnected", "held")},
)
BATCH_RESOURCES: Final = _WORKER.histogram(
    "inventory_batch_resources",
    "Messages of a plugin that were applied in one batch.",
    buckets=(1, 5, 10, 25, 50, 100, 200, 300, 400, 500, 1000, 5000),
)
BATCH_SECONDS: Final = _WORKER.histogram(
    "inventory_batch_seconds", "Time to apply one batch: look up, decide, write, s."
)

_TYPES_NAMED: Final = 50
"""Maximum number of unknown types that a process counts by name: each is a time series, and plugins can invent any
number."""
_named: set[str] = set()


def count_unknown_type(name: str) -> None:
    """Count a type in :data:`UNKNOWN_TYPES`, by its name or, once many were named, as ``other``."""
    if name not in _named and len(_named) < _TYPES_NAMED:
        _named.add(name)
    UNKNOWN_TYPES.labels(name if name in _named else _OTHER).inc()
