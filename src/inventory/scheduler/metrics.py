"""Metrics of the scheduler.

Open, waiting and due work is counted by each replica every few seconds, not at each scrape. The values of all
replicas are equally valid: use ``max`` over them.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from inventory.domain.job.freshness import FreshnessState
from inventory.domain.job.states import JOB_OPEN, TaskStatus
from inventory.observe.metrics import SCHEDULER, SLOW_SECONDS, counter, gauge, histogram
from inventory.service.job.sweep import SweepReport
from inventory.service.resource.housekeeping import HousekeepingCounts

_DUTIES: Final = ("sweep", "housekeeping")

LATENESS: Final = histogram(
    "inventory_schedule_lateness_seconds",
    "Delay from a fire time to the creation of its job, s.",
    processes=[SCHEDULER],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600),
)
DUE: Final = gauge("inventory_schedules_due", "Due schedules at the start of the last tick.", processes=[SCHEDULER])
SKIPPED: Final = counter(
    "inventory_schedules_skipped_total",
    "Due schedules that created no job: downtime or a disabled collector.",
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
    "Duration of a sweep or of housekeeping, s.",
    processes=[SCHEDULER],
    labels={"duty": _DUTIES},
    buckets=SLOW_SECONDS,
)
DUTY_DONE: Final = gauge(
    "inventory_duty_done_timestamp_seconds",
    "When this process last completed the duty successfully, as a Unix time, s; 0: not yet.",
    processes=[SCHEDULER],
    labels={"duty": _DUTIES},
)
SWEPT: Final = counter(
    "inventory_swept_total",
    "What this process's sweeps did.",
    processes=[SCHEDULER],
    labels={"what": [field.name for field in fields(SweepReport)]},
)
HOUSEKEPT: Final = counter(
    "inventory_housekept_total",
    "What this process's housekeeping removed.",
    processes=[SCHEDULER],
    labels={"what": [field.name for field in fields(HousekeepingCounts)]},
)
FAILURES: Final = counter(
    "inventory_scheduler_failures_total",
    "Failed runs of the scheduler's parts.",
    processes=[SCHEDULER],
    labels={"part": ("tick", "sweep", "housekeeping", "renew", "census", "freshness")},
)
REARMED: Final = counter(
    "inventory_scheduler_rearmed_total",
    "How often the watchdog restarted ticks that had stopped.",
    processes=[SCHEDULER],
)

OPEN_JOBS: Final = gauge(
    "inventory_jobs_open",
    "Jobs that have not ended, by status; NaN while MongoDB is unreachable.",
    processes=[SCHEDULER],
    labels={"status": sorted(status.value for status in JOB_OPEN)},
)
_TASK_OPEN: Final = (TaskStatus.PENDING.value, TaskStatus.IN_PROGRESS.value)
OPEN_TASKS: Final = gauge(
    "inventory_job_tasks_open",
    "Job tasks that have not ended, by status; NaN while MongoDB is unreachable.",
    processes=[SCHEDULER],
    labels={"status": _TASK_OPEN},
)
OPEN_SLICES: Final = gauge(
    "inventory_slices_open",
    "Slices that have not ended, by status; NaN while MongoDB is unreachable.",
    processes=[SCHEDULER],
    labels={"status": _TASK_OPEN},
)
DELETIONS_HELD: Final = gauge(
    "inventory_deletions_held",
    "Holds of deletions that wait for an answer, or for its end; NaN while MongoDB is unreachable.",
    processes=[SCHEDULER],
)
QUEUE_MESSAGES: Final = gauge(
    "inventory_queue_messages",
    "Messages that no worker has taken; NaN while Redis is unreachable.",
    processes=[SCHEDULER],
    labels={"band": ("urgent", "normal", "low")},
)
QUEUE_OLDEST: Final = gauge(
    "inventory_queue_oldest_seconds",
    "Age of the next message, s; NaN while Redis is unreachable.",
    processes=[SCHEDULER],
    labels={"band": ("urgent", "normal", "low")},
)
SECRETS: Final = gauge(
    "inventory_secrets",
    "Secrets of enabled collectors, by how current what was collected with them is; NaN while MongoDB is away.",
    processes=[SCHEDULER],
    labels={"state": sorted(state.value.lower() for state in FreshnessState)},
)
OLDEST_SUCCESS: Final = gauge(
    "inventory_oldest_success_seconds",
    "Longest time since the last complete success of a secret, of enabled collectors, s; 0: none.",
    processes=[SCHEDULER],
)
