"""What becomes of a schedule whose fire time has come (contract, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from inventory.domain.schedule.fire_times import FireTimes

ON_TIME: Final = timedelta(seconds=10)
"""A fire time so late is still on time: it is not coalesced with a newer one. Busy schedulers are that late."""
_TICKS_ON_TIME: Final = 3


class SkipReason(StrEnum):
    """Why fire times made no job."""

    DOWNTIME = "DOWNTIME"
    """No scheduler ran, for longer than the grace time."""
    COALESCED = "COALESCED"
    """No scheduler ran; a newer missed fire time was caught up instead."""
    DISABLED = "DISABLED"
    """The collector was disabled."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Fire times that made no job.

    Attributes:
        first: the first of them.
        last: the last of them.
        reason: why.
    """

    first: datetime
    last: datetime
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a due schedule.

    Attributes:
        next_fire_at: the fire time it waits for from now on; it may be due already.
        fire_at: the fire time that becomes a job, or None.
        skips: what was passed over, oldest first.
    """

    next_fire_at: datetime
    fire_at: datetime | None = None
    skips: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectorState:
    """What firing needs to know of a collector.

    Attributes:
        enabled: whether it collects.
        enabled_at: when it was last enabled after a rest, or None.
        priority: 0–99, lower first.
        disabled_at: when that rest began, or None where it is not known.
        enabled_before: when it was enabled after the rest before that one, or None.
    """

    enabled: bool
    enabled_at: datetime | None = None
    priority: int = 10
    disabled_at: datetime | None = None
    enabled_before: datetime | None = None

    def missed_until(self, due_at: datetime) -> datetime | None:
        """Return when the last rest began, where ``due_at`` fell between it and the rest before; else None."""
        if self.disabled_at is None or self.enabled_at is None or not due_at <= self.disabled_at <= self.enabled_at:
            return None
        return None if self.enabled_before is not None and due_at <= self.enabled_before else self.disabled_at


@dataclass(frozen=True, slots=True)
class Patience:
    """How late is how late.

    Attributes:
        grace: so late a missed fire time is still caught up.
        on_time: so late a fire time is not missed at all.
    """

    grace: timedelta
    on_time: timedelta = ON_TIME

    @classmethod
    def of(cls, grace_seconds: float, tick_seconds: float) -> Patience:
        """Return that of schedulers with these settings: where ticks are rare, less than so many late is on time."""
        on_time = timedelta(seconds=_TICKS_ON_TIME * tick_seconds)
        return cls(grace=timedelta(seconds=grace_seconds), on_time=max(ON_TIME, on_time))


def decide(
    times: FireTimes, due_at: datetime, *, now: datetime, collector: CollectorState, patience: Patience
) -> Decision:
    """Return what becomes of a schedule that waits for ``due_at``.

    Args:
        times: its fire times.
        due_at: the one it waits for, not later than ``now``.
        now: the time.
        collector: its collector.
        patience: what is missed, and what of it is caught up.
    """
    if not collector.enabled:
        rested = Skip(due_at, _newest(times, due_at, now), SkipReason.DISABLED)
        return Decision(times.next_after(now), skips=(rested,))
    if collector.enabled_at is None or not due_at <= collector.enabled_at <= now:
        return _fire_or_skip(times, due_at, now, patience)
    if (rest_at := collector.missed_until(due_at)) is not None:
        return _before_rest(times, due_at, rest_at, collector.enabled_at, now, patience)
    # Nobody looked while the collector rested: what fell into the rest is not caught up.
    before = collector.enabled_before
    woke_at = before if before is not None and due_at <= before < collector.enabled_at else collector.enabled_at
    rested = Skip(due_at, _newest(times, due_at, woke_at), SkipReason.DISABLED)
    awake_at = times.next_after(woke_at)
    if awake_at > now or woke_at < collector.enabled_at:
        return Decision(awake_at, skips=(rested,))
    decision = _fire_or_skip(times, awake_at, now, patience)
    return Decision(decision.next_fire_at, decision.fire_at, (rested, *decision.skips))


def outlook(
    times: FireTimes, due_at: datetime, *, now: datetime, collector: CollectorState, patience: Patience
) -> Decision:
    """Return what becomes of a schedule that waits for ``due_at``, step after step, if schedulers look now.

    Args:
        times, due_at, now, collector, patience: as of :func:`decide`; ``due_at`` may be later than ``now``.
    """
    skips: list[Skip] = []
    while due_at <= now:
        decision = decide(times, due_at, now=now, collector=collector, patience=patience)
        skips += decision.skips
        due_at = decision.next_fire_at
        if decision.fire_at is not None:
            return Decision(due_at, decision.fire_at, tuple(skips))
    return Decision(due_at, skips=tuple(skips))


def ended(times: FireTimes, due_at: datetime, made_at: datetime) -> Decision:
    """Return what became of a schedule that still waits for ``due_at``, though a fire time of it has its job already.

    Args:
        times: its fire times.
        due_at: the one it waits for.
        made_at: the one whose job was made by a scheduler that died before it could advance the schedule.
    """
    if made_at <= due_at:
        return Decision(times.next_after(due_at), due_at)
    before = _newest(times, due_at, made_at - timedelta(milliseconds=1))
    return Decision(times.next_after(made_at), made_at, (Skip(due_at, before, SkipReason.COALESCED),))


def _before_rest(
    times: FireTimes, due_at: datetime, rest_at: datetime, enabled_at: datetime, now: datetime, patience: Patience
) -> Decision:
    """Return what becomes of what was missed before a rest that is over; the rest itself is the next step."""
    newest, newer = _newest(times, due_at, rest_at), _newest(times, due_at, now)
    if now - due_at <= patience.on_time or newer <= enabled_at:
        return _fire_or_skip(times, due_at, now, patience, newest)
    reason = SkipReason.DOWNTIME if _is_over(newer, now, patience) else SkipReason.COALESCED
    return Decision(times.next_after(newest), skips=(Skip(due_at, newest, reason),))


def _fire_or_skip(
    times: FireTimes, due_at: datetime, now: datetime, patience: Patience, missed: datetime | None = None
) -> Decision:
    """Fire ``due_at`` if it is on time, else the newest that was missed, by default that of now, unless it is over."""
    if now - due_at <= patience.on_time:
        return Decision(times.next_after(due_at), due_at)
    newest = missed or _newest(times, due_at, now)
    if _is_over(newest, now, patience):
        return Decision(times.next_after(newest), skips=(Skip(due_at, newest, SkipReason.DOWNTIME),))
    if newest == due_at:
        return Decision(times.next_after(newest), newest)
    before = _newest(times, due_at, newest - timedelta(milliseconds=1))
    return Decision(times.next_after(newest), newest, (Skip(due_at, before, SkipReason.COALESCED),))


def _is_over(missed: datetime, now: datetime, patience: Patience) -> bool:
    """Return whether a missed fire time is not to be caught up any more."""
    return now - missed > max(patience.grace, patience.on_time)


def _newest(times: FireTimes, due_at: datetime, moment: datetime) -> datetime:
    """Return the last fire time at or before ``moment``, ``due_at`` at least."""
    latest = times.latest_at(moment)
    return max(latest, due_at) if latest is not None else due_at


def merged(skips: list[Skip], fired_at: datetime | None, added: tuple[Skip, ...], *, keep: int) -> list[Skip]:
    """Return ``skips`` with ``added``, in which one that goes on for the same reason is told once.

    Args:
        skips: what is known, oldest first.
        fired_at: the last fire time that made a job: a skip before it has ended.
        added: what is new, oldest first.
        keep: how many to keep at most, the newest.
    """
    result = list(skips)
    for skip in added:
        last = result[-1] if result else None
        goes_on = last is not None and last.reason is skip.reason and (fired_at is None or fired_at < last.last)
        if last is not None and goes_on and last.last < skip.first:
            result[-1] = Skip(last.first, skip.last, skip.reason)
        else:
            result.append(skip)
    return result[-keep:]
