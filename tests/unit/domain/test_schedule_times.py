"""Fire times, against a reference that asks every minute."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec, spread_of
from inventory.errors import InvalidParameterError
from tests.reference.fire_times import DAYS, MONTHS, fire_times

LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=35)
INSTANT = timedelta(milliseconds=1)
CHECKED = 100
"""So many fire times of one example are looked at."""
MANY = 20 if os.environ.get("INVENTORY_TEST_PROFILE") == "deep" else 1
EDGES = [
    datetime(2027, 2, 20, tzinfo=UTC),
    datetime(2028, 2, 10, tzinfo=UTC),
    datetime(2026, 12, 15, tzinfo=UTC),
    datetime(2026, 4, 10, tzinfo=UTC),
    datetime(2100, 2, 20, tzinfo=UTC),
]
"""Month ends, a leap day, one that is none, a year's end, and a century without one."""

starts = st.one_of(
    st.builds(
        lambda edge, offset: edge + timedelta(milliseconds=offset), st.sampled_from(EDGES), st.integers(0, 10**9)
    ),
    st.integers(10**7, 90 * 365 * 86_400).map(lambda seconds: LONG_AGO + timedelta(seconds=seconds)),
    st.sampled_from(EDGES),
)


def _field(low: int, high: int, names: list[str]) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    word = number.map(lambda value: names[value - low] if names and value - low < len(names) else str(value))
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, high + 5)
    part = st.one_of(
        word,
        number.map(str),
        span,
        st.tuples(span, step).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        step.map(lambda value: f"*/{value}"),
    )
    return st.one_of(st.just("*"), part, st.lists(part, min_size=1, max_size=3).map(",".join))


crons = st.tuples(
    _field(0, 59, []), _field(0, 23, []), _field(1, 31, []), _field(1, 12, MONTHS), _field(0, 7, DAYS)
).map(" ".join)
dailies = st.one_of(
    st.fixed_dictionaries({"hours": st.lists(st.integers(0, 23), min_size=1, max_size=6)}),
    st.fixed_dictionaries({"minutes": st.lists(st.integers(0, 59), min_size=1, max_size=6)}),
    st.fixed_dictionaries(
        {
            "hours": st.lists(st.integers(0, 23), min_size=1, max_size=6),
            "minutes": st.lists(st.integers(0, 59), min_size=1, max_size=6),
        }
    ),
)


def _spec(schedule: dict[str, Any]) -> ScheduleSpec | None:
    """Return the spec, or None for a cron that never fires."""
    try:
        return ScheduleSpec.parse(schedule)
    except InvalidParameterError as exc:
        if "bad day-of-month" in exc.message or "never fires" in exc.message:
            return None
        raise


def _check(schedule: dict[str, Any], anchor: datetime, start: datetime, window: timedelta) -> None:
    expected = fire_times(schedule, anchor, start, start + window)
    spec = _spec(schedule)
    if spec is None:
        assert expected == []
        return
    times = FireTimes(spec, anchor)
    known = [*expected, times.next_after(start + window)]
    assert known[-1] > start + window
    assert times.next_after(start) == known[0]
    for at in range(0, len(expected), max(len(expected) // CHECKED, 1)):
        moment, following = known[at], known[at + 1]
        assert times.next_after(moment - INSTANT) == moment
        assert times.next_after(moment) == times.next_after(following - INSTANT) == following
        assert times.latest_at(moment) == times.latest_at(following - INSTANT) == moment


@given(schedule=st.fixed_dictionaries({"cron": crons}), start=starts)
@settings(max_examples=60 * MANY, deadline=None)
def test_cron_fires_when_every_minute_is_asked(schedule: dict[str, Any], start: datetime) -> None:
    _check(schedule, LONG_AGO, start, WINDOW)


@given(schedule=dailies, start=starts)
@settings(max_examples=60 * MANY, deadline=None)
def test_hours_and_minutes_fire_when_every_minute_is_asked(schedule: dict[str, Any], start: datetime) -> None:
    _check(schedule, LONG_AGO, start, timedelta(days=3))


@given(interval=st.integers(1, 3600), anchor=starts, offset=st.integers(0, 4000), cut=st.integers(0, 999))
@settings(max_examples=60 * MANY, deadline=None)
def test_intervals_fire_when_every_second_is_asked(interval: int, anchor: datetime, offset: int, cut: int) -> None:
    start = anchor + timedelta(seconds=offset, milliseconds=cut)
    _check({"interval": interval}, anchor, start, timedelta(hours=2))


@given(schedule=st.one_of(dailies, st.fixed_dictionaries({"cron": crons})), anchor=starts)
@settings(max_examples=30 * MANY, deadline=None)
def test_nothing_fires_at_or_before_the_anchor(schedule: dict[str, Any], anchor: datetime) -> None:
    spec = _spec(schedule)
    if spec is None:
        return
    times = FireTimes(spec, anchor)
    first = times.next_after(LONG_AGO)
    assert first > anchor
    assert times.latest_at(anchor) is None
    assert times.latest_at(first - timedelta(milliseconds=1)) is None
    assert times.latest_at(first) == first


@given(schedule=dailies, start=starts, spread=st.floats(0.001, 7200))
@settings(max_examples=40 * MANY, deadline=None)
def test_spread_only_shifts_fire_times(schedule: dict[str, Any], start: datetime, spread: float) -> None:
    spec = ScheduleSpec.parse(schedule)
    shift = spread_of("sched-0123456789ab", spread)
    assert timedelta(0) <= shift < timedelta(seconds=spread)
    assert shift == spread_of("sched-0123456789ab", spread)
    plain, shifted = FireTimes(spec, LONG_AGO), FireTimes(spec, LONG_AGO, shift)
    assert shifted.next_times(start + shift, 5) == [each + shift for each in plain.next_times(start, 5)]
    latest = plain.latest_at(start)
    assert latest is not None
    assert shifted.latest_at(start + shift) == latest + shift


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("0 0 29 2 *", "2025-01-01T00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 29 2 *", "2096-03-01T00:00", ["2104-02-29T00:00"]),
        ("59 23 31 12 *", "2026-12-31T23:59", ["2027-12-31T23:59"]),
        ("0 0 31 * *", "2026-01-31T00:00", ["2026-03-31T00:00", "2026-05-31T00:00"]),
        ("0 0 13 * 5", "2026-02-01T00:00", ["2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00"]),
        ("0 0 1 * 0", "2026-03-28T00:00", ["2026-03-29T00:00", "2026-04-01T00:00", "2026-04-05T00:00"]),
        ("0 0 * * 7", "2026-03-28T00:00", ["2026-03-29T00:00", "2026-04-05T00:00"]),
        ("0 12 * * sat-7", "2026-03-28T13:00", ["2026-03-29T12:00", "2026-04-04T12:00"]),
        ("*/40 * * * *", "2026-01-01T00:00", ["2026-01-01T00:40", "2026-01-01T01:00"]),
        ("10/25 3 * jan *", "2026-01-01T00:00", ["2026-01-01T03:10", "2026-01-01T03:35", "2026-01-02T03:10"]),
        ("0 5-5/2 * * sun-0/3", "2026-03-27T00:00", ["2026-03-29T05:00", "2026-04-05T05:00"]),
        ("0 0 * * 01-mon/2", "2026-03-27T00:00", ["2026-03-30T00:00", "2026-04-06T00:00"]),
        ("0 0 */2 * 1", "2026-03-01T00:00", ["2026-03-09T00:00", "2026-03-23T00:00"]),
    ],
)
def test_cron_corners(cron: str, after: str, expected: list[str]) -> None:
    times = FireTimes(ScheduleSpec.parse({"cron": cron}), LONG_AGO)
    found = times.next_times(datetime.fromisoformat(after).replace(tzinfo=UTC), len(expected))
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in found] == expected
