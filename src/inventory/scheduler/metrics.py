"""Metrics of the scheduler.

Open, waiting and due work is counted by each replica every few seconds, not at each scrape. The values of all
replicas are equally valid: use ``max`` over them.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from inventory.domain.job.freshness import FreshnessState
from inventory.domain.job.states import JOB_OPEN, TaskStatus
from inventory.observe.metrics import SCHEDULER, SLOW_SECONDS, Metrics
from inventory.service.job.sweep import SweepReport
from inventory.service.resource.housekeeping import HousekeepingCounts

_DUTIES: Final = ("sweep", "housekeeping")

_METRICS = Metrics(SCHEDULER)

LATENESS: Final = _METRICS.histogram(
    "inventory_schedule_lateness_seconds",
    "Delay from a fire time to the creation of its job, s.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600),
)
DUE: Final = _METRICS.gauge("inventory_schedules_due", "Due schedules at the start of the last tick.")
SKIPPED: Final = _METRICS.counter(
    "inventory_schedules_skipped_total", "Due schedules that created no job: downtime or a disabled collector."
)
DUTIES: Final = _METRICS.counter(
    "inventory_duties_total",
    "Sweeps and housekeeping that this process ran.",
    labels={"duty": _DUTIES, "outcome": ("done", "failed")},
)
DUTY_SECONDS: Final = _METRICS.histogram(
    "inventory_duty_seconds",
    "Duration of a sweep or of housekeeping, s.",
    labels={"duty": _DUTIES},
    buckets=SLOW_SECONDS,
)
DUTY_DONE: Final = _METRICS.gauge(
    "inventory_duty_done_timestamp_seconds",
    "When this process last completed the duty successfully, as a Unix time, s; 0: not yet.",
    labels={"duty": _DUTIES},
)
SWEPT: Final = _METRICS.counter(
    "inventory_swept_total",
    "What this process's sweeps did.",
    labels={"what": [field.name for field in fields(SweepReport)]},
)
HOUSEKEPT: Final = _METRICS.counter(
    "inventory_housekept_total",
    "What this process's housekeeping removed.",
    labels={"what": [field.name for field in fields(HousekeepingCounts)]},
)
FAILURES: Final = _METRICS.counter(
    "inventory_scheduler_failures_total",
    "Failed runs of the scheduler's parts.",
    labels={"part": ("tick", "sweep", "housekeeping", "renew", "census", "freshness")},
)
REARMED: Final = _METRICS.counter(
    "inventory_scheduler_rearmed_total", "How often the watchdog restarted ticks that had stopped."
)

OPEN_JOBS: Final = _METRICS.gauge(
    "inventory_jobs_open",
    "Jobs that have not ended, by status; NaN while MongoDB is unreachable.",
    labels={"status": sorted(status.value for status in JOB_OPEN)},
)
_TASK_OPEN: Final = (TaskStatus.PENDING.value, TaskStatus.IN_PROGRESS.value)
OPEN_TASKS: Final = _METRICS.gauge(
    "inventory_job_tasks_open",
    "Job tasks that have not ended, by status; NaN while MongoDB is unreachable.",
    labels={"status": _TASK_OPEN},
)
OPEN_SLICES: Final = _METRICS.gauge(
    "inventory_slices_open",
    "Slices that have not ended, by status; NaN while MongoDB is unreachable.",
    labels={"status": _TASK_OPEN},
)
DELETIONS_HELD: Final = _METRICS.gauge(
    "inventory_deletions_held",
    "Holds of deletions that wait for an answer, or for its end; NaN while MongoDB is unreachable.",
)
QUEUE_MESSAGES: Final = _METRICS.gauge(
    "inventory_queue_messages",
    "Messages that no worker has taken; NaN while Redis is unreachable.",
    labels={"band": ("urgent", "normal", "low")},
)
QUEUE_OLDEST: Final = _METRICS.gauge(
    "inventory_queue_oldest_seconds",
    "Age of the next message, s; NaN while Redis is unreachable.",
    labels={"band": ("urgent", "normal", "low")},
)
SECRETS: Final = _METRICS.gauge(
    "inventory_secrets",
    "Secrets of enabled collectors, by how current what was collected with them is; a collector that has collected "
    "with none counts as one. NaN while MongoDB is away.",
    labels={"state": sorted(state.value.lower() for state in FreshnessState)},
)
OLDEST_SUCCESS: Final = _METRICS.gauge(
    "inventory_oldest_success_seconds",
    "Longest time since the last complete success of a secret, of enabled collectors, s; 0: none.",
)
