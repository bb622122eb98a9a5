"""All metrics as a table, printed by ``python -m inventory.observe.metric_list``; a test compares it with the docs.

It imports every module that declares metrics; nothing imports this one.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Final

from inventory.observe.metrics import ALL, Declared, declared

MODULES: Final = (
    "inventory.api.metrics",
    "inventory.connector.grpc.metrics",
    "inventory.connector.queue.metrics",
    "inventory.gateway.metrics",
    "inventory.ingest.metrics",
    "inventory.manager.metrics",
    "inventory.model.metrics",
    "inventory.scheduler.metrics",
    "inventory.service.job.metrics",
)


def all_metrics() -> list[Declared]:
    """Return all metrics of all processes, by name."""
    for name in MODULES:
        importlib.import_module(name)
    return declared()


def table() -> Iterator[str]:
    """Yield the lines of a Markdown table of all metrics."""
    yield "| metric | type | labels | processes | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for each in all_metrics():
        labels = ", ".join(f"`{label}`" for label in each.labels)
        processes = "all" if each.processes == ALL else ", ".join(each.processes)
        yield f"| `{each.name}` | {each.type} | {labels} | {processes} | {each.about} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
