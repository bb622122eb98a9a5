"""What becomes of a schedule whose fire time has come (contract, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from inventory.domain.schedule import FireTimes

ON_TIME: Final = timedelta(seconds=10)
"""A fire time so late is still on time: it is not coalesced with a newer one. Busy schedulers are that late."""


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
    """

    enabled: bool
    enabled_at: datetime | None = None
    priority: int = 10


@dataclass(frozen=True, slots=True)
class Patience:
    """How late is how late.

    Attributes:
        grace: so late a missed fire time is still caught up.
        on_time: so late a fire time is not missed at all.
    """

    grace: timedelta
    on_time: timedelta = ON_TIME


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
    # Nobody looked while the collector rested: what fell into the rest is not caught up.
    rested = Skip(due_at, _newest(times, due_at, collector.enabled_at), SkipReason.DISABLED)
    awake_at = times.next_after(collector.enabled_at)
    if awake_at > now:
        return Decision(awake_at, skips=(rested,))
    decision = _fire_or_skip(times, awake_at, now, patience)
    return Decision(decision.next_fire_at, decision.fire_at, (rested, *decision.skips))


def _fire_or_skip(times: FireTimes, due_at: datetime, now: datetime, patience: Patience) -> Decision:
    if now - due_at <= patience.on_time:
        return Decision(times.next_after(due_at), due_at)
    newest = _newest(times, due_at, now)
    if now - newest > max(patience.grace, patience.on_time):
        return Decision(times.next_after(now), skips=(Skip(due_at, newest, SkipReason.DOWNTIME),))
    if newest == due_at:
        return Decision(times.next_after(newest), newest)
    before = _newest(times, due_at, newest - timedelta(milliseconds=1))
    return Decision(times.next_after(newest), newest, (Skip(due_at, before, SkipReason.COALESCED),))


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
