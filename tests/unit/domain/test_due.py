"""What becomes of a due schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.due import CollectorState, Decision, Patience, Skip, SkipReason, decide, merged
from inventory.domain.schedule import FireTimes, ScheduleSpec

DAY = datetime(2026, 1, 5, tzinfo=UTC)
HOURLY = FireTimes(ScheduleSpec(minutes=(0,)), DAY - timedelta(days=30))
GRACE = timedelta(hours=1)
ON = CollectorState(enabled=True)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute, second=second)


def outcome(due_at: datetime, now: datetime, collector: CollectorState = ON, grace: timedelta = GRACE) -> Decision:
    return decide(HOURLY, due_at, now=now, collector=collector, patience=Patience(grace))


def test_what_is_due_fires_and_waits_for_the_next() -> None:
    assert outcome(at(10), at(10, 0, 1)) == Decision(at(11), at(10))


def test_one_missed_time_within_the_grace_is_caught_up() -> None:
    assert outcome(at(10), at(10, 59)) == Decision(at(11), at(10))


def test_several_missed_times_are_one_for_the_newest() -> None:
    skip = Skip(at(3), at(9), SkipReason.COALESCED)
    assert outcome(at(3), at(10, 30)) == Decision(at(11), at(10), (skip,))


def test_beyond_the_grace_nothing_is_caught_up() -> None:
    skip = Skip(at(3), at(10), SkipReason.DOWNTIME)
    assert outcome(at(3), at(10, 30), grace=timedelta(minutes=29)) == Decision(at(11), None, (skip,))


def test_without_any_grace_what_is_due_still_fires() -> None:
    assert outcome(at(10), at(10, 0, 5), grace=timedelta(0)).fire_at == at(10)


def test_a_short_interval_is_not_coalesced_by_a_busy_scheduler() -> None:
    every_second = FireTimes(ScheduleSpec(interval=1), DAY)
    decision = decide(every_second, at(10), now=at(10, 0, 4), collector=ON, patience=Patience(GRACE))
    assert decision == Decision(at(10, 0, 1), at(10))


def test_a_disabled_collector_rests() -> None:
    skip = Skip(at(8), at(10), SkipReason.DISABLED)
    assert outcome(at(8), at(10, 30), CollectorState(enabled=False)) == Decision(at(11), None, (skip,))


def test_what_fell_into_a_rest_is_not_caught_up_after_downtime() -> None:
    awake = CollectorState(enabled=True, enabled_at=at(10, 10))
    skip = Skip(at(9), at(10), SkipReason.DISABLED)
    assert outcome(at(9), at(10, 30), awake) == Decision(at(11), None, (skip,))
    assert outcome(at(9), at(11, 30), awake) == Decision(at(12), at(11), (skip,))


def test_a_clock_that_stepped_back_between_looking_and_deciding_fires_once() -> None:
    assert outcome(at(10), at(9, 30)) == Decision(at(11), at(10))


@given(
    due=st.integers(0, 10**6),
    late=st.integers(0, 10**6),
    grace=st.integers(0, 10**5),
    interval=st.integers(1, 3600),
    enabled=st.booleans(),
    awake=st.none() | st.integers(0, 2 * 10**6),
)
def test_whatever_happens_the_next_time_is_later_and_every_time_is_accounted_for(
    due: int, late: int, grace: int, interval: int, enabled: bool, awake: int | None
) -> None:
    step = timedelta(seconds=interval)
    times = FireTimes(ScheduleSpec(interval=interval), DAY)
    due_at = times.next_after(DAY + timedelta(seconds=due))
    now = due_at + timedelta(seconds=late)
    enabled_at = None if awake is None else min(DAY + timedelta(seconds=awake), now)
    collector = CollectorState(enabled=enabled, enabled_at=enabled_at)
    decision = decide(times, due_at, now=now, collector=collector, patience=Patience(timedelta(seconds=grace)))
    assert decision.next_fire_at > due_at
    # Skips, the fire and the next fire time follow one another without a gap.
    expected = due_at
    for skip in decision.skips:
        assert skip.first == expected
        assert skip.last >= skip.first
        expected = skip.last + step
    if decision.fire_at is not None:
        assert enabled
        assert decision.fire_at == expected
        assert decision.fire_at <= now
        assert now - decision.fire_at <= timedelta(seconds=max(grace, 10))
        expected += step
    assert decision.next_fire_at == expected


def test_a_skip_that_goes_on_is_told_once() -> None:
    first = Skip(at(1), at(1), SkipReason.DISABLED)
    second = Skip(at(2), at(4), SkipReason.DISABLED)
    assert merged([first], None, (second,), keep=9) == [Skip(at(1), at(4), SkipReason.DISABLED)]
    assert merged([first], at(1) + timedelta(minutes=1), (second,), keep=9) == [first, second]
    other = Skip(at(2), at(4), SkipReason.DOWNTIME)
    assert merged([first], None, (other,), keep=9) == [first, other]
    assert merged([first], None, (other,), keep=1) == [other]
