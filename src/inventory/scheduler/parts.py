"""What the scheduler does: ticks, sweeps and housekeeping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from inventory.scheduler.duties import DutyRunner, PeriodicDuty
from inventory.scheduler.engine import SchedulerPart
from inventory.scheduler.metrics import DUE, HOUSEKEPT, SKIPPED, SWEPT
from inventory.scheduler.pulse import Pulse
from inventory.service.job.sweep import SweepReport
from inventory.service.resource.housekeeping import HousekeepingCounts
from inventory.service.schedule.ticks import ScheduleTicker

HOUSEKEEPING: Final = "housekeeping"
"""The duty's name."""
DUE_COUNTED: Final = 100_000
"""The maximum number of due schedules that are counted."""
LEASE_SECONDS: Final = 15.0
"""How long the claim of a duty lasts without being renewed, s: the delay until another replica takes it over."""
_RENEW_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 10.0
"""How often to look whether housekeeping is due, s."""
HOLDS_SECONDS: Final = 30.0
"""How often empty holds are closed, and holds of interrupted garbage collections are completed, s."""
IDLE_TRANSACTIONS_SECONDS: Final = 2.0
"""How often to look for transactions of frozen or dead processes, s. One blocks others for at most ``IDLE_SECONDS`` and
twice this, while a scheduler runs."""
LOOKS_PER_SWEEP: Final = 4
"""How often per sweep period to check whether a sweep is due. A sweep is late by at most this share of the period,
which is part of the promised repair time."""

Sweep = Callable[[], SweepReport]
Housekeep = Callable[[], Mapping[str, HousekeepingCounts]]
"""Does the housekeeping of all domains now; returns the number of removed documents by domain."""


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods of the scheduler's work, s.

    Attributes:
        tick: looking for due schedules.
        sweep: a sweep, by one of all replicas.
        housekeeping: housekeeping, by one of all replicas.
    """

    tick: float
    sweep: float
    housekeeping: float


def scheduler_parts(
    *,
    periods: Periods,
    ticker: ScheduleTicker,
    sweep: Sweep,
    housekeep: Housekeep,
    duties: DutyRunner,
    pulse: Pulse,
) -> list[SchedulerPart]:
    """Return the parts of the scheduler."""
    sweeping = PeriodicDuty("sweep", periods.sweep, lambda: _count_sweep(sweep()))
    housekeeping = PeriodicDuty(HOUSEKEEPING, periods.housekeeping, lambda: _count_housekeeping(housekeep()))
    return [
        SchedulerPart("tick", periods.tick, lambda: _tick(ticker, pulse)),
        SchedulerPart("sweep", min(periods.sweep / LOOKS_PER_SWEEP, periods.tick), lambda: duties.run(sweeping)),
        SchedulerPart("housekeeping", min(periods.housekeeping, _LOOK_SECONDS), lambda: duties.run(housekeeping)),
        SchedulerPart("renew", _RENEW_SECONDS, duties.renew),
    ]


def _tick(ticker: ScheduleTicker, pulse: Pulse) -> None:
    with pulse.beat():
        DUE.set(ticker.backlog(DUE_COUNTED))
        SKIPPED.inc(ticker.tick().skipped)


def _count_sweep(report: SweepReport) -> None:
    for what, count in asdict(report).items():
        SWEPT.labels(what).inc(len(count) if isinstance(count, list) else count)


def _count_housekeeping(done: Mapping[str, HousekeepingCounts]) -> None:
    for counts in done.values():
        for what, count in asdict(counts).items():
            HOUSEKEPT.labels(what).inc(count)
