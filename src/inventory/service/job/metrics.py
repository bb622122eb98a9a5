"""Metrics of tasks and slices."""

from __future__ import annotations

from typing import Final

from inventory.domain.job.states import TaskStatus
from inventory.observe.metrics import SCHEDULER, SLOW_SECONDS, WORKER, counter, gauge, histogram

TASKS_ENDED: Final = counter(
    "inventory_job_tasks_ended_total",
    "Job tasks that were settled, by status.",
    processes=[WORKER, SCHEDULER],
    labels={"status": (TaskStatus.SUCCESS.value, TaskStatus.FAILURE.value)},
)

SLICES_LEFT: Final = counter(
    "inventory_slices_left_total",
    "Ended attempts at slices, by outcome; lost: another worker had claimed the slice.",
    processes=[WORKER],
    labels={"outcome": ("success", "failure", "retried", "handed_back", "canceled", "lost")},
)

SLICES_RUNNING: Final = gauge("inventory_slices_running", "Slices that are being collected now.", processes=[WORKER])

SLICE_SECONDS: Final = histogram(
    "inventory_slice_seconds", "Duration of an attempt at a slice, s.", processes=[WORKER], buckets=SLOW_SECONDS
)
