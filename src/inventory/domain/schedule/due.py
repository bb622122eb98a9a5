"""Decides what happens to a schedule whose fire time has come (contract, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from inventory.domain.schedule.fire_times import FireTimes

ON_TIME: Final = timedelta(seconds=10)
"""Maximum delay of a fire time that still counts as on time, so that it is not coalesced with a newer one. Busy
schedulers can be this late."""
_TICKS_ON_TIME: Final = 3


class SkipReason(StrEnum):
    """Why fire times made no job."""

    DOWNTIME = "DOWNTIME"
    """No scheduler ran for longer than the grace time."""
    COALESCED = "COALESCED"
    """No scheduler ran; a newer missed fire time was caught up instead."""
    DISABLED = "DISABLED"
    """The collector was disabled."""


@dataclass(frozen=True, slots=True)
class SkippedSpan:
    """Fire times that made no job.

    Attributes:
        first: the first of them.
        last: the last of them.
    """

    first: datetime
    last: datetime
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a due schedule.

    Attributes:
        next_fire_at: the fire time it waits for from now on; it may already be due.
        fire_at: the fire time that becomes a job, or None.
        skips: the fire times that were skipped, oldest first.
    """

    next_fire_at: datetime
    fire_at: datetime | None = None
    skips: tuple[SkippedSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectorState:
    """The state of a collector that decides about firing.

    Attributes:
        enabled_at: when it was last enabled after being disabled, or None.
        priority: 0–99, lower first.
        disabled_at: when that disabled time began, or None if unknown.
        enabled_before: when it was enabled after the disabled time before that one, or None.
    """

    enabled: bool
    enabled_at: datetime | None = None
    priority: int = 10
    disabled_at: datetime | None = None
    enabled_before: datetime | None = None

    def missed_until(self, due_at: datetime) -> datetime | None:
        """Return when it was last disabled, if ``due_at`` fell between that and the disabled time before; else None."""
        if self.disabled_at is None or self.enabled_at is None or not due_at <= self.disabled_at <= self.enabled_at:
            return None
        return None if self.enabled_before is not None and due_at <= self.enabled_before else self.disabled_at


@dataclass(frozen=True, slots=True)
class Patience:
    """How late a fire time may be.

    Attributes:
        grace: maximum delay at which a missed fire time is still caught up.
        on_time: maximum delay at which a fire time does not count as missed.
    """

    grace: timedelta
    on_time: timedelta = ON_TIME

    @classmethod
    def of(cls, grace_seconds: float, tick_seconds: float) -> Patience:
        """Return the value for schedulers with these settings; with rare ticks, a longer delay is still on time."""
        on_time = timedelta(seconds=_TICKS_ON_TIME * tick_seconds)
        return cls(grace=timedelta(seconds=grace_seconds), on_time=max(ON_TIME, on_time))


def decide(
    times: FireTimes, due_at: datetime, *, now: datetime, collector: CollectorState, patience: Patience
) -> Decision:
    """Return what happens to a schedule that waits for ``due_at``.

    Args:
        due_at: the fire time it waits for, not later than ``now``.
        patience: which fire times are missed, and which of those are caught up.
    """
    if not collector.enabled:
        rested = SkippedSpan(due_at, _newest(times, due_at, now), SkipReason.DISABLED)
        return Decision(times.next_after(now), skips=(rested,))
    if collector.enabled_at is None or not due_at <= collector.enabled_at <= now:
        return _fire_or_skip(times, due_at, now, patience)
    if (rest_at := collector.missed_until(due_at)) is not None:
        return _before_rest(times, due_at, rest_at, collector.enabled_at, now, patience)
    # Nothing fired while the collector was disabled: fire times in that period are not caught up.
    before = collector.enabled_before
    woke_at = before if before is not None and due_at <= before < collector.enabled_at else collector.enabled_at
    rested = SkippedSpan(due_at, _newest(times, due_at, woke_at), SkipReason.DISABLED)
    awake_at = times.next_after(woke_at)
    if awake_at > now or woke_at < collector.enabled_at:
        return Decision(awake_at, skips=(rested,))
    decision = _fire_or_skip(times, awake_at, now, patience)
    return Decision(decision.next_fire_at, decision.fire_at, (rested, *decision.skips))


def outlook(
    times: FireTimes, due_at: datetime, *, now: datetime, collector: CollectorState, patience: Patience
) -> Decision:
    """Return what would happen to a schedule that waits for ``due_at``, step by step, if schedulers looked now.

    Args:
        times, due_at, now, collector, patience: as for :func:`decide`; ``due_at`` may be later than ``now``.
    """
    skips: list[SkippedSpan] = []
    while due_at <= now:
        decision = decide(times, due_at, now=now, collector=collector, patience=patience)
        skips += decision.skips
        due_at = decision.next_fire_at
        if decision.fire_at is not None:
            return Decision(due_at, decision.fire_at, tuple(skips))
    return Decision(due_at, skips=tuple(skips))


def ended(times: FireTimes, due_at: datetime, made_at: datetime) -> Decision:
    """Return the decision for a schedule that still waits for ``due_at`` although a fire time of it already has a job.

    Args:
        due_at: the fire time it waits for.
        made_at: the fire time whose job was created by a scheduler that died before advancing the schedule.
    """
    if made_at <= due_at:
        return Decision(times.next_after(due_at), due_at)
    before = _newest(times, due_at, made_at - timedelta(milliseconds=1))
    return Decision(times.next_after(made_at), made_at, (SkippedSpan(due_at, before, SkipReason.COALESCED),))


def _before_rest(
    times: FireTimes, due_at: datetime, rest_at: datetime, enabled_at: datetime, now: datetime, patience: Patience
) -> Decision:
    """Return what happens to fire times missed before a past disabled time; that time itself is the next step."""
    newest, newer = _newest(times, due_at, rest_at), _newest(times, due_at, now)
    if now - due_at <= patience.on_time or newer <= enabled_at:
        return _fire_or_skip(times, due_at, now, patience, newest)
    reason = SkipReason.DOWNTIME if _is_over(newer, now, patience) else SkipReason.COALESCED
    return Decision(times.next_after(newest), skips=(SkippedSpan(due_at, newest, reason),))


def _fire_or_skip(
    times: FireTimes, due_at: datetime, now: datetime, patience: Patience, missed: datetime | None = None
) -> Decision:
    """Fire ``due_at`` if it is on time, else the newest missed fire time, by default up to now, unless too late."""
    if now - due_at <= patience.on_time:
        return Decision(times.next_after(due_at), due_at)
    newest = missed or _newest(times, due_at, now)
    if _is_over(newest, now, patience):
        return Decision(times.next_after(newest), skips=(SkippedSpan(due_at, newest, SkipReason.DOWNTIME),))
    if newest == due_at:
        return Decision(times.next_after(newest), newest)
    before = _newest(times, due_at, newest - timedelta(milliseconds=1))
    return Decision(times.next_after(newest), newest, (SkippedSpan(due_at, before, SkipReason.COALESCED),))


def _is_over(missed: datetime, now: datetime, patience: Patience) -> bool:
    """Return whether a missed fire time is too late to be caught up."""
    return now - missed > max(patience.grace, patience.on_time)


def _newest(times: FireTimes, due_at: datetime, moment: datetime) -> datetime:
    """Return the last fire time at or before ``moment``, but at least ``due_at``."""
    latest = times.latest_at(moment)
    return max(latest, due_at) if latest is not None else due_at


def merged(
    skips: list[SkippedSpan], fired_at: datetime | None, added: tuple[SkippedSpan, ...], *, keep: int
) -> list[SkippedSpan]:
    """Return ``skips`` with ``added``; a skip that continues for the same reason is listed once.

    Args:
        skips: the known skips, oldest first.
        fired_at: the last fire time that created a job: skips before it have ended.
        added: the new skips, oldest first.
        keep: maximum number to keep, the newest.
    """
    result = list(skips)
    for skip in added:
        last = result[-1] if result else None
        goes_on = last is not None and last.reason is skip.reason and (fired_at is None or fired_at < last.last)
        if last is not None and goes_on and last.last < skip.first:
            result[-1] = SkippedSpan(last.first, skip.last, skip.reason)
        else:
            result.append(skip)
    return result[-keep:]


def without(skips: list[SkippedSpan], fire_at: datetime, times: FireTimes) -> list[SkippedSpan]:
    """Return ``skips`` without one fire time, which became a job after all; a skip that contains it is split.

    Args:
        skips: the known skips.
        fire_at: the fire time.
        times: the fire times of the schedule.
    """
    result: list[SkippedSpan] = []
    for skip in skips:
        if not skip.first <= fire_at <= skip.last:
            result.append(skip)
            continue
        if skip.first < fire_at:
            before = _newest(times, skip.first, fire_at - timedelta(milliseconds=1))
            result.append(SkippedSpan(skip.first, before, skip.reason))
        if fire_at < skip.last:
            result.append(SkippedSpan(times.next_after(fire_at), skip.last, skip.reason))
    return result
