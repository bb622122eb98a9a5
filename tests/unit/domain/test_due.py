"""What becomes of a due schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile

from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.schedule.due import (
    CollectorState,
    Decision,
    Patience,
    SkippedSpan,
    SkipReason,
    decide,
    ended,
    merged,
    outlook,
    without,
)
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec

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
    skip = SkippedSpan(at(3), at(9), SkipReason.COALESCED)
    assert outcome(at(3), at(10, 30)) == Decision(at(11), at(10), (skip,))


def test_beyond_the_grace_nothing_is_caught_up() -> None:
    skip = SkippedSpan(at(3), at(10), SkipReason.DOWNTIME)
    assert outcome(at(3), at(10, 30), grace=timedelta(minutes=29)) == Decision(at(11), None, (skip,))


def test_without_any_grace_what_is_due_still_fires() -> None:
    assert outcome(at(10), at(10, 0, 5), grace=timedelta(0)).fire_at == at(10)


def test_a_short_interval_is_not_coalesced_by_a_busy_scheduler() -> None:
    every_second = FireTimes(ScheduleSpec(interval=1), DAY)
    decision = decide(every_second, at(10), now=at(10, 0, 4), collector=ON, patience=Patience(GRACE))
    assert decision == Decision(at(10, 0, 1), at(10))


def test_a_disabled_collector_rests() -> None:
    skip = SkippedSpan(at(8), at(10), SkipReason.DISABLED)
    assert outcome(at(8), at(10, 30), CollectorState(enabled=False)) == Decision(at(11), None, (skip,))


def test_what_fell_into_a_rest_is_not_caught_up_after_downtime() -> None:
    awake = CollectorState(enabled=True, enabled_at=at(10, 10))
    skip = SkippedSpan(at(9), at(10), SkipReason.DISABLED)
    assert outcome(at(9), at(10, 30), awake) == Decision(at(11), None, (skip,))
    assert outcome(at(9), at(11, 30), awake) == Decision(at(12), at(11), (skip,))


def test_what_was_missed_before_a_rest_is_caught_up_after_it() -> None:
    rested = CollectorState(enabled=True, disabled_at=at(10, 10), enabled_at=at(10, 20))
    assert outcome(at(10), at(10, 30), rested) == Decision(at(11), at(10))
    assert outcome(at(9), at(10, 30), rested).fire_at == at(10)
    over = SkippedSpan(at(10), at(10), SkipReason.DOWNTIME)
    assert outcome(at(10), at(10, 30), rested, timedelta(minutes=29)) == Decision(at(11), None, (over,))
    # One run is enough: that of the newest, which was missed after the rest.
    assert outcome(at(10), at(11, 30), rested) == Decision(
        at(11), None, (SkippedSpan(at(10), at(10), SkipReason.COALESCED),)
    )
    assert outcome(at(10), at(13, 30), rested, timedelta(minutes=29)).skips[0].reason is SkipReason.DOWNTIME


def test_what_fell_into_the_rest_before_the_last_is_not_caught_up() -> None:
    twice = CollectorState(enabled=True, enabled_before=at(10, 10), disabled_at=at(10, 20), enabled_at=at(10, 30))
    skip = SkippedSpan(at(10), at(10), SkipReason.DISABLED)
    assert outcome(at(10), at(10, 40), twice) == Decision(at(11), None, (skip,))


@given(data=st.data(), interval=st.integers(11, 900), grace=st.integers(0, 4000))
def test_of_what_was_missed_while_awake_the_newest_within_the_grace_is_caught_up(
    data: st.DataObject, interval: int, grace: int
) -> None:
    times = FireTimes(ScheduleSpec(interval=interval), DAY)
    due_at = times.next_after(DAY)
    marks = sorted(data.draw(st.lists(st.integers(0, 9000), min_size=4, max_size=4)))
    before, slept, woke, now = (DAY + timedelta(seconds=mark) for mark in marks)
    collector = CollectorState(enabled=True, enabled_before=before, disabled_at=slept, enabled_at=woke)
    fired, told, waits = [], [], due_at
    while waits <= now:
        decision = decide(times, waits, now=now, collector=collector, patience=Patience(timedelta(seconds=grace)))
        told += [each for skip in decision.skips for each in _times(times, skip)]
        fired += [decision.fire_at] if decision.fire_at else []
        waits = decision.next_fire_at
    missed = _times(times, SkippedSpan(due_at, now, SkipReason.DOWNTIME))
    awake = [each for each in missed if before < each <= slept or woke < each]
    late = max(timedelta(seconds=grace), timedelta(seconds=10))
    assert fired == [each for each in awake[-1:] if now - each <= late]
    assert sorted(fired + told) == missed


def _times(times: FireTimes, skip: SkippedSpan) -> list[datetime]:
    """Return the fire times in a skip."""
    return list(takewhile(lambda each: each <= skip.last, times.after(skip.first - timedelta(seconds=1))))


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


def test_the_outlook_is_what_schedulers_will_do() -> None:
    def ahead(due_at: datetime, now: datetime, collector: CollectorState = ON) -> Decision:
        return outlook(HOURLY, due_at, now=now, collector=collector, patience=Patience(GRACE))

    assert ahead(at(11), at(10, 30)) == Decision(at(11))
    assert ahead(at(10), at(10, 0, 1)) == Decision(at(11), at(10))
    rested = CollectorState(enabled=True, disabled_at=at(10, 10), enabled_at=at(11, 20))
    skips = (
        SkippedSpan(at(10), at(10), SkipReason.COALESCED),
        SkippedSpan(at(11), at(11), SkipReason.DISABLED),
    )
    assert ahead(at(10), at(12, 30), rested) == Decision(at(13), at(12), skips)


def test_patience_is_that_of_the_settings() -> None:
    assert Patience.of(60, 1) == Patience(timedelta(minutes=1), timedelta(seconds=10))
    assert Patience.of(60, 30) == Patience(timedelta(minutes=1), timedelta(seconds=90))


def test_a_step_that_was_not_ended_is_ended_as_it_was_begun() -> None:
    assert ended(HOURLY, at(10), at(10)) == Decision(at(11), at(10))
    skip = SkippedSpan(at(8), at(9), SkipReason.COALESCED)
    assert ended(HOURLY, at(8), at(10)) == Decision(at(11), at(10), (skip,))


def test_a_fire_time_of_before_a_change_fires_and_the_new_ones_count_from_the_change() -> None:
    changed = FireTimes(ScheduleSpec(minutes=(15,)), at(10, 20))
    patience = Patience(GRACE)
    assert decide(changed, at(10), now=at(10, 21), collector=ON, patience=patience) == Decision(at(11, 15), at(10))
    skip = SkippedSpan(at(10), at(10), SkipReason.COALESCED)
    caught_up = Decision(at(12, 15), at(11, 15), (skip,))
    assert decide(changed, at(10), now=at(11, 30), collector=ON, patience=patience) == caught_up


def test_a_skip_that_goes_on_is_told_once() -> None:
    first = SkippedSpan(at(1), at(1), SkipReason.DISABLED)
    second = SkippedSpan(at(2), at(4), SkipReason.DISABLED)
    assert merged([first], None, (second,), keep=9) == [SkippedSpan(at(1), at(4), SkipReason.DISABLED)]
    assert merged([first], at(1) + timedelta(minutes=1), (second,), keep=9) == [first, second]
    other = SkippedSpan(at(2), at(4), SkipReason.DOWNTIME)
    assert merged([first], None, (other,), keep=9) == [first, other]
    assert merged([first], None, (other,), keep=1) == [other]


def test_a_skip_is_told_without_a_fire_time_that_became_a_job_after_all() -> None:
    def left(hour: int) -> list[tuple[int, int]]:
        skips = [SkippedSpan(at(1), at(1), SkipReason.DISABLED), SkippedSpan(at(3), at(5), SkipReason.COALESCED)]
        return [(skip.first.hour, skip.last.hour) for skip in without(skips, at(hour), HOURLY)]

    assert left(1) == [(3, 5)]
    assert left(2) == [(1, 1), (3, 5)]
    assert left(3) == [(1, 1), (4, 5)]
    assert left(4) == [(1, 1), (3, 3), (5, 5)]
    assert left(5) == [(1, 1), (3, 4)]
