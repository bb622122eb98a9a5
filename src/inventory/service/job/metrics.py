"""Metrics of tasks and slices."""

from __future__ import annotations

from typing import Final

from inventory.domain.job.states import TaskStatus
from inventory.observe.metrics import SCHEDULER, SLOW_SECONDS, WORKER, Metrics

_WORKER_AND_SCHEDULER = Metrics(WORKER, SCHEDULER)
_WORKER = Metrics(WORKER)

TASKS_ENDED: Final = _WORKER_AND_SCHEDULER.counter(
    "inventory_job_tasks_ended_total",
    "Job tasks that were settled, by status.",
    labels={"status": (TaskStatus.SUCCESS.value, TaskStatus.FAILURE.value)},
)

SLICES_LEFT: Final = _WORKER.counter(
    "inventory_slices_left_total",
    "Ended attempts at slices, by outcome; lost: another worker had claimed the slice.",
    labels={"outcome": ("success", "failure", "retried", "handed_back", "canceled", "lost")},
)

SLICES_RUNNING: Final = _WORKER.gauge("inventory_slices_running", "Slices that are being collected now.")

SLICE_SECONDS: Final = _WORKER.histogram(
    "inventory_slice_seconds", "Duration of an attempt at a slice, s.", buckets=SLOW_SECONDS
)
