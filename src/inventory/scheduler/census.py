"""The census: open and waiting work, counted by each replica every few seconds.

Counting at each scrape would let any client cause queries at any rate; counting in the sweep would leave outdated
numbers in all replicas but one. Each count reads an index, up to a maximum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from prometheus_client import Gauge
from pymongo.database import Database

from inventory.connector.queue_port import BandState
from inventory.domain.job.states import JOB_OPEN, TASK_OPEN
from inventory.errors import InventoryError
from inventory.model.connection import translated_errors
from inventory.model.documents.deletion import OPEN
from inventory.scheduler.engine import SchedulerPart
from inventory.scheduler.metrics import (
    DELETIONS_HELD,
    OPEN_JOBS,
    OPEN_SLICES,
    OPEN_TASKS,
    QUEUE_MESSAGES,
    QUEUE_OLDEST,
)

PERIOD_SECONDS: Final = 5.0
COUNTED: Final = 100_000
"""The maximum up to which each is counted."""

_OPEN: Final[tuple[tuple[str, Gauge, tuple[str, ...]], ...]] = (
    ("job", OPEN_JOBS, JOB_OPEN),
    ("job_task", OPEN_TASKS, TASK_OPEN),
    ("slice", OPEN_SLICES, TASK_OPEN),
)


class Census:
    """Takes the counts.

    Args:
        database: holds the jobs, tasks and slices.
        queue_states: returns the state of each band; raises ``ConnectionFailureError``.
    """

    def __init__(self, *, database: Database[dict[str, Any]], queue_states: Callable[[], Sequence[BandState]]) -> None:
        self._database = database
        self._queue_states = queue_states

    def part(self) -> SchedulerPart:
        """Return the census as a part of the scheduler."""
        return SchedulerPart("census", PERIOD_SECONDS, self.take)

    def take(self) -> None:
        """Count everything; what cannot be counted is shown as NaN rather than as its last value.

        Raises:
            ConnectionFailureError: MongoDB or Redis is unreachable.
        """
        try:
            self._count_open()
        except InventoryError:
            for _, shown, statuses in _OPEN:
                for status in statuses:
                    shown.labels(status).set(math.nan)
            DELETIONS_HELD.set(math.nan)
            raise
        finally:
            self._count_waiting()

    @translated_errors()
    def _count_open(self) -> None:
        for collection, shown, statuses in _OPEN:
            for status in statuses:
                count = self._database[collection].count_documents({"status": str(status)}, limit=COUNTED)
                shown.labels(status).set(count)
        DELETIONS_HELD.set(self._database["deletion"].count_documents({"state": {"$in": list(OPEN)}}, limit=COUNTED))

    def _count_waiting(self) -> None:
        try:
            states = self._queue_states()
        except InventoryError:
            for metric in (QUEUE_MESSAGES, QUEUE_OLDEST):
                for band in ("urgent", "normal", "low"):
                    metric.labels(band).set(math.nan)
            raise
        for state in states:
            QUEUE_MESSAGES.labels(state.band).set(state.waiting)
            QUEUE_OLDEST.labels(state.band).set(state.oldest_seconds)
