"""Metrics of the scheduler."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

LATENESS = Histogram(
    "inventory_schedule_lateness_seconds",
    "Time from a fire time to the job made for it",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600),
)
DUE = Gauge("inventory_schedules_due", "Schedules whose fire time has come, when the last tick began")
SKIPPED = Counter("inventory_schedules_skipped", "Due schedules that made no job: downtime or a disabled collector")
DUTIES = Counter("inventory_duties", "Sweeps and housekeeping that this process ran", ["duty", "outcome"])
SWEPT = Counter("inventory_swept", "What sweeps of this process did", ["what"])
HOUSEKEPT = Counter("inventory_housekept", "What housekeeping of this process removed", ["what"])
FAILURES = Counter("inventory_scheduler_failures", "Runs of the scheduler's parts that failed", ["part"])
REARMED = Counter("inventory_scheduler_rearmed", "Times that the watchdog set silent ticks going again")
