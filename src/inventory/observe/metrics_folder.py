"""The folder in which a parent and its children record metrics.

Apart from :mod:`inventory.observe.metrics`, because prometheus_client decides when it is imported where it records.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Final

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Variable naming the folder in which prometheus_client shares metrics among the processes that inherit it."""

_current: str | None = None


@contextlib.contextmanager
def metrics_folder() -> Iterator[str]:
    """Give the folder in which this process, if it has not imported prometheus_client yet, and all that are forked or
    spawned within the block record their metrics; within another such block it is the outer one's.
    """
    global _current
    if _current is not None:
        yield _current
        return
    before = os.environ.get(FOLDER_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="inventory-metrics-") as folder:
        _current = os.environ[FOLDER_VARIABLE] = folder
        try:
            yield folder
        finally:
            _current = None
            if before is None:
                del os.environ[FOLDER_VARIABLE]
            else:
                os.environ[FOLDER_VARIABLE] = before
