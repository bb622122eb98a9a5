"""How current a collector's view of a secret is: what its schedules promise, and what was achieved. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from inventory.domain.clock import isoformat
from inventory.domain.schedule.fire_times import FireTimes
from inventory.domain.texts import counted

UNSCHEDULED: Final = timedelta(hours=24)
"""Time without a complete success after which a view without a schedule is stale."""
INTERVALS: Final = 3
"""Maximum age of a view, in intervals of its schedule."""

_LOOK_BACK: Final = timedelta(days=5 * 366)
"""How far back fire times are searched; for a schedule with fewer than four, this is the maximum age of its view."""
_TICK: Final = timedelta(microseconds=1)
_UNITS: Final = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


class FreshnessState(StrEnum):
    """API names of ``FreshnessInfo.State``, the worst first."""

    NEVER = "NEVER"
    STALE = "STALE"
    LATE = "LATE"
    FRESH = "FRESH"

    @property
    def severity(self) -> int:
        """Its position in a list with the worst first."""
        return list(FreshnessState).index(self)


@dataclass(frozen=True, slots=True)
class Promise:
    """How current a view must be.

    Attributes:
        stale_after: maximum age of the last complete success.
        due_at: the newest fire time that must have led to a complete success by now; None if there is none.
        scheduled: whether a schedule requires it.
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
    """Return the combined promise of the schedules: the most frequent one decides.

    Args:
        schedules: those of one collector that collect everything.
        longest_job: how long a job may take; a fire time counts as missed only after that, or after the next one.
    """
    each = list(schedules)
    if not each:
        return Promise()
    due = [moment for times in each if (moment := _due(times, now, longest_job)) is not None]
    return Promise(min(_three_intervals(times, now) for times in each), max(due, default=None), scheduled=True)


def judge(last_success: datetime | None, promise: Promise, now: datetime, *, failed: bool) -> Verdict:
    """Return the state of a view.

    Args:
        last_success: when the last complete success ended; None if there was none.
        promise: how current the view must be.
        failed: whether an attempt since then has failed.
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


def judge_type(
    last_seen: datetime | None, view: Verdict, now: datetime, *, stale_after: timedelta, all_missing: bool
) -> Verdict:
    """Return the state of the resources of one type in a view.

    Args:
        last_seen: when one of them was last seen; None if none ever was.
        view: the verdict on the whole view.
        stale_after: maximum age of the view.
        all_missing: whether the last full collects saw none of them.
    """
    if last_seen is None:
        return Verdict(FreshnessState.NEVER, "none of them was ever seen")
    age = now - last_seen
    if age > stale_after:
        return Verdict(FreshnessState.STALE, f"none was seen for {in_words(age)}; the limit is {in_words(stale_after)}")
    if all_missing:
        return Verdict(FreshnessState.LATE, f"the last full collect saw none; one was seen {in_words(age)} ago")
    if view.state is not FreshnessState.FRESH:
        return Verdict(FreshnessState.LATE, f"one was seen {in_words(age)} ago, but not all were collected since")
    return Verdict(FreshnessState.FRESH, f"one was seen {in_words(age)} ago")


def in_words(length: timedelta) -> str:
    """Return a duration in its largest unit that gives two or more, rounded down: ``26 hours``."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return counted(seconds, "second")


def _due(times: FireTimes, now: datetime, longest_job: timedelta) -> datetime | None:
    """Return the newest fire time whose job has had its time, or that was followed by another fire time."""
    newest = times.latest_at(now)
    if newest is None:
        return None
    followed = times.latest_at(newest - _TICK)
    ended = times.latest_at(now - longest_job)
    return max((moment for moment in (followed, ended) if moment is not None), default=None)


def _three_intervals(times: FireTimes, now: datetime) -> timedelta:
    """Return the time between the last fire time and the third before it, as if the schedule had always existed."""
    if times.spec.interval:
        return INTERVALS * timedelta(seconds=times.spec.interval)
    always = replace(times, anchor=now - _LOOK_BACK)
    newest = moment = always.latest_at(now)
    for _ in range(INTERVALS):
        if moment is not None:
            moment = always.latest_at(moment - _TICK)
    return newest - moment if newest is not None and moment is not None else _LOOK_BACK
