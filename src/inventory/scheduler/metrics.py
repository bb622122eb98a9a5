"""Metrics of the scheduler.

What is open, waiting or due is counted by every replica for itself, every few seconds, and not at each scrape: of
several replicas any one is right, so take the ``max``.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from inventory.domain.job.states import JOB_OPEN, TaskStatus
from inventory.observe.metrics import SCHEDULER, SLOW_SECONDS, counter, gauge, histogram
from inventory.service.job.sweep import SweepReport
from inventory.service.resource.housekeeping import HousekeepingCounts

_DUTIES: Final = ("sweep", "housekeeping")

LATENESS: Final = histogram(
    "inventory_schedule_lateness_seconds",
    "Time from a fire time to the job made for it, s.",
    processes=[SCHEDULER],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600),
)
DUE: Final = gauge(
    "inventory_schedules_due", "Schedules whose fire time has come, when the last tick began.", processes=[SCHEDULER]
)
SKIPPED: Final = counter(
    "inventory_schedules_skipped_total",
    "Due schedules that made no job: downtime or a disabled collector.",
    processes=[SCHEDULER],
)
DUTIES: Final = counter(
    "inventory_duties_total",
    "Sweeps and housekeeping that this process ran.",
    processes=[SCHEDULER],
    labels={"duty": _DUTIES, "outcome": ("done", "failed")},
)
DUTY_SECONDS: Final = histogram(
    "inventory_duty_seconds",
    "Time of a sweep or of housekeeping, s.",
    processes=[SCHEDULER],
    labels={"duty": _DUTIES},
    buckets=SLOW_SECONDS,
)
DUTY_DONE: Final = gauge(
    "inventory_duty_done_timestamp_seconds",
    "When this process last ended the duty well, as a Unix time, s; 0: not yet.",
    processes=[SCHEDULER],
    labels={"duty": _DUTIES},
)
SWEPT: Final = counter(
    "inventory_swept_total",
    "What sweeps of this process did.",
    processes=[SCHEDULER],
    labels={"what": [field.name for field in fields(SweepReport)]},
)
HOUSEKEPT: Final = counter(
    "inventory_housekept_total",
    "What housekeeping of this process removed.",
    processes=[SCHEDULER],
    labels={"what": [field.name for field in fields(HousekeepingCounts)]},
)
FAILURES: Final = counter(
    "inventory_scheduler_failures_total",
    "Runs of the scheduler's parts that failed.",
    processes=[SCHEDULER],
    labels={"part": ("tick", "sweep", "housekeeping", "renew", "census")},
)
REARMED: Final = counter(
    "inventory_scheduler_rearmed_total",
    "Times that the watchdog set silent ticks going again.",
    processes=[SCHEDULER],
)

OPEN_JOBS: Final = gauge(
    "inventory_jobs_open",
    "Jobs that have not ended, by status; NaN while MongoDB is away.",
    processes=[SCHEDULER],
    labels={"status": sorted(status.value for status in JOB_OPEN)},
)
_TASK_OPEN: Final = (TaskStatus.PENDING.value, TaskStatus.IN_PROGRESS.value)
OPEN_TASKS: Final = gauge(
    "inventory_job_tasks_open",
    "Job tasks that have not ended, by status; NaN while MongoDB is away.",
    processes=[SCHEDULER],
    labels={"status": _TASK_OPEN},
)
OPEN_SLICES: Final = gauge(
    "inventory_slices_open",
    "Slices that have not ended, by status; NaN while MongoDB is away.",
    processes=[SCHEDULER],
    labels={"status": _TASK_OPEN},
)
QUEUE_MESSAGES: Final = gauge(
    "inventory_queue_messages",
    "Messages that no worker has taken; NaN while Redis is away.",
    processes=[SCHEDULER],
    labels={"band": ("urgent", "normal", "low")},
)
QUEUE_OLDEST: Final = gauge(
    "inventory_queue_oldest_seconds",
    "How long the next message has waited, s; NaN while Redis is away.",
    processes=[SCHEDULER],
    labels={"band": ("urgent", "normal", "low")},
)
