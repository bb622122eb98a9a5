"""Metrics of the queue's consumers."""

from __future__ import annotations

from typing import Final

from inventory.connector.queue.bands import BANDS, DRY_RUN, PLAN_JOB, RUN_SLICE
from inventory.observe.metrics import SLOW_SECONDS, WORKER, Metrics

_METRICS = Metrics(WORKER)

QUEUE_WAIT_SECONDS: Final = _METRICS.histogram(
    "inventory_queue_wait_seconds",
    "Time from enqueuing a message until a worker took it, s.",
    labels={"band": tuple(BANDS)},
    buckets=SLOW_SECONDS,
)
HANDLER_FAILURES: Final = _METRICS.counter(
    "inventory_queue_handler_failures_total",
    "Messages whose handler failed; the sweeper repeats the work.",
    labels={"action": (PLAN_JOB, RUN_SLICE, DRY_RUN)},
)
