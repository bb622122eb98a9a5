"""Metrics of jobs, tasks and slices."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

JOBS_ENDED: Final = Counter("inventory_jobs_ended_total", "Jobs that were settled, by status.", ["status"])

TASKS_ENDED: Final = Counter("inventory_job_tasks_ended_total", "Job tasks that were settled, by status.", ["status"])

SLICES_LEFT: Final = Counter(
    "inventory_slices_left_total",
    "Attempts at slices, by what they ended as: success, failure, retried, handed_back, canceled or lost.",
    ["outcome"],
)

SLICES_RUNNING: Final = Gauge("inventory_slices_running", "Slices that are collected now.", multiprocess_mode="livesum")

RESOURCES: Final = Counter("inventory_resources_total", "Resources collected, by what became of them.", ["outcome"])
