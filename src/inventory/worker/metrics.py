"""Metrics of a worker: its children count in files of a folder, and the parent shows their sum."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client, in the processes that inherit it, keeps what they count."""


@contextlib.contextmanager
def shared_registry() -> Iterator[CollectorRegistry]:
    """Let child processes that are spawned within the block count into the registry that this gives."""
    before = os.environ.get(_FOLDER_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="inventory-metrics-") as folder:
        os.environ[_FOLDER_VARIABLE] = folder
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        try:
            yield registry
        finally:
            if before is None:
                del os.environ[_FOLDER_VARIABLE]
            else:
                os.environ[_FOLDER_VARIABLE] = before


def forget_process(pid: int) -> None:
    """Leave out what a process that died says of itself as it is now; what it has counted stays."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
