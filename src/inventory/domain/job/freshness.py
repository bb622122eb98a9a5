"""How current a collector's view of a secret is: what its schedules promise, and what has come of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from inventory.domain.clock import isoformat
from inventory.domain.schedule.fire_times import FireTimes

UNSCHEDULED: Final = timedelta(hours=24)
"""After how long without a complete success a view is stale that no schedule renews."""
INTERVALS: Final = 3
"""How many intervals of its schedule a view may be old."""

_LOOK_BACK: Final = timedelta(days=5 * 366)
"""How far back fire times are looked for; of a schedule with fewer than four, this is what its view may be old."""
_TICK: Final = timedelta(microseconds=1)
_UNITS: Final = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


class FreshnessState(StrEnum):
    """Wire names of ``FreshnessInfo.State``, the worst first."""

    NEVER = "NEVER"
    STALE = "STALE"
    LATE = "LATE"
    FRESH = "FRESH"

    @property
    def severity(self) -> int:
        """Where it comes in a list with the worst first."""
        return list(FreshnessState).index(self)


@dataclass(frozen=True, slots=True)
class Promise:
    """How current a view has to be.

    Attributes:
        stale_after: how long ago the last complete success may be.
        due_at: the newest fire time by now that must have led to a complete success; None where there is none.
        scheduled: whether a schedule says so.
    """

    stale_after: timedelta = UNSCHEDULED
    due_at: datetime | None = None
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a view, and why."""

    state: FreshnessState
    reason: str


def promise_of(schedules: Iterable[FireTimes], now: datetime, *, longest_job: timedelta) -> Promise:
    """Return what the schedules promise together: the most frequent one decides.

    Args:
        schedules: those of one collector that collect everything.
        now: the time.
        longest_job: how long a job may take; a fire time is not missed before, unless the next has come.
    """
    each = list(schedules)
    if not each:
        return Promise()
    due = [moment for times in each if (moment := _due(times, now, longest_job)) is not None]
    return Promise(min(_three_intervals(times, now) for times in each), max(due, default=None), scheduled=True)


def judge(last_success: datetime | None, promise: Promise, now: datetime, *, failed: bool) -> Verdict:
    """Return the state of a view.

    Args:
        last_success: when the last complete success ended; None where there was none.
        promise: how current the view has to be.
        now: the time.
        failed: whether an attempt since has failed.
    """
    if last_success is None:
        return Verdict(FreshnessState.NEVER, "it was never collected completely")
    age = now - last_success
    if age > promise.stale_after:
        bound = (
            f"{INTERVALS} intervals of its schedule are" if promise.scheduled else "without a schedule, the limit is"
        )
        reason = f"no complete success for {in_words(age)}; {bound} {in_words(promise.stale_after)}"
        return Verdict(FreshnessState.STALE, reason)
    if failed:
        return Verdict(FreshnessState.LATE, "the last attempt failed")
    if promise.due_at is not None and last_success < promise.due_at:
        return Verdict(FreshnessState.LATE, f"the fire time {isoformat(promise.due_at)} led to no complete success")
    return Verdict(FreshnessState.FRESH, f"collected completely {in_words(age)} ago")


def in_words(length: timedelta) -> str:
    """Return a length of time in its largest unit of which it has two or more, rounded down: ``26 hours``."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def _due(times: FireTimes, now: datetime, longest_job: timedelta) -> datetime | None:
    """Return the newest fire time whose job has had its time, or after which another fire time has come."""
    newest = times.latest_at(now)
    if newest is None:
        return None
    followed = times.latest_at(newest - _TICK)
    ended = times.latest_at(now - longest_job)
    return max((moment for moment in (followed, ended) if moment is not None), default=None)


def _three_intervals(times: FireTimes, now: datetime) -> timedelta:
    """Return how far the last fire time lies from the third before it, as if the schedule had always been."""
    if times.spec.interval:
        return INTERVALS * timedelta(seconds=times.spec.interval)
    always = replace(times, anchor=now - _LOOK_BACK)
    newest = moment = always.latest_at(now)
    for _ in range(INTERVALS):
        if moment is not None:
            moment = always.latest_at(moment - _TICK)
    return newest - moment if newest is not None and moment is not None else _LOOK_BACK
