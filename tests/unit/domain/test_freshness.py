"""How current a view is: pure, against what the schedules promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.job.freshness import FreshnessState, Promise, in_words, judge, promise_of
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec

NOW = datetime(2026, 1, 8, 12, 10, tzinfo=UTC)
"""A Thursday."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OLD = NOW - 30 * DAY


def promise(now: datetime = NOW, *, created: datetime = OLD, **schedule: Any) -> Promise:
    times = FireTimes(ScheduleSpec.parse(schedule), created)
    return promise_of([times], now, longest_job=2 * HOUR)


def state(age: timedelta, made: Promise, *, failed: bool = False) -> FreshnessState:
    return judge(NOW - age, made, NOW, failed=failed).state


@pytest.mark.parametrize(
    ("schedule", "length"),
    [
        ({"interval": 600}, 30 * MINUTE),
        ({"minutes": [0]}, 3 * HOUR),
        ({"hours": [2]}, 3 * DAY),
        ({"cron": "30 2 * * *"}, 3 * DAY),
        # On a Thursday the last fire times are those of Thursday, Wednesday, Tuesday and Monday.
        ({"cron": "30 2 * * 1-5"}, 3 * DAY),
        ({"cron": "0 3 * * 0"}, 21 * DAY),
    ],
)
def test_a_view_is_stale_after_three_intervals_of_its_schedule(schedule: Any, length: timedelta) -> None:
    made = promise(**schedule)

    assert made.stale_after == length
    assert state(length, made) is not FreshnessState.STALE
    assert state(length + MINUTE, made) is FreshnessState.STALE


def test_over_a_weekend_a_schedule_of_weekdays_is_not_stale() -> None:
    monday = datetime(2026, 1, 12, 3, 0, tzinfo=UTC)

    assert promise(monday, cron="30 2 * * 1-5").stale_after == 5 * DAY


def test_a_new_schedule_has_its_intervals_too() -> None:
    assert promise(created=NOW - MINUTE, hours=[2]).stale_after == 3 * DAY
    assert promise(created=NOW - MINUTE, hours=[2]).due_at is None


def test_without_a_schedule_a_view_is_stale_after_a_day() -> None:
    assert promise_of([], NOW, longest_job=HOUR) == Promise(DAY)
    assert state(DAY, Promise()) is FreshnessState.FRESH
    assert state(DAY + MINUTE, Promise()) is FreshnessState.STALE


def test_of_several_schedules_the_most_frequent_one_counts() -> None:
    each = [FireTimes(ScheduleSpec.parse(spec), OLD) for spec in ({"hours": [2]}, {"minutes": [0]})]

    assert promise_of(each, NOW, longest_job=2 * HOUR).stale_after == 3 * HOUR


def test_what_was_never_collected_completely_is_never_whatever_failed() -> None:
    assert judge(None, promise(minutes=[0]), NOW, failed=True).state is FreshnessState.NEVER


def test_a_failed_attempt_makes_a_view_late_until_it_is_stale() -> None:
    made = promise(minutes=[0])

    assert state(HOUR, made, failed=True) is FreshnessState.LATE
    assert state(4 * HOUR, made, failed=True) is FreshnessState.STALE


def test_a_fire_time_is_missed_once_the_next_one_has_come() -> None:
    hourly = promise(minutes=[0])

    # 12:00 may still run; 11:00 may not.
    assert state(HOUR + 5 * MINUTE, hourly) is FreshnessState.FRESH
    assert state(HOUR + 11 * MINUTE, hourly) is FreshnessState.LATE


def test_a_nightly_fire_time_is_missed_as_soon_as_its_job_can_run_no_longer() -> None:
    last_night = promise(hours=[2])
    just_now = promise(hours=[11])

    assert state(DAY, last_night) is FreshnessState.LATE
    assert state(DAY, just_now) is FreshnessState.FRESH


def test_the_words_of_a_verdict_name_times_and_limits() -> None:
    made = promise(minutes=[0])

    assert judge(NOW - 26 * HOUR, made, NOW, failed=False).reason == (
        "no complete success for 26 hours; 3 intervals of its schedule are 3 hours"
    )
    assert judge(NOW - 71 * MINUTE, made, NOW, failed=False).reason == (
        "the fire time 2026-01-08T11:00:00.000Z led to no complete success"
    )


@pytest.mark.parametrize(
    ("length", "words"),
    [(0 * MINUTE, "0 seconds"), (timedelta(seconds=1), "1 second"), (90 * MINUTE, "90 minutes"), (2 * DAY, "2 days")],
)
def test_lengths_in_words(length: timedelta, words: str) -> None:
    assert in_words(length) == words


@given(
    age=st.timedeltas(min_value=timedelta(0), max_value=9 * DAY),
    older=st.timedeltas(min_value=timedelta(0), max_value=9 * DAY),
    schedule=st.sampled_from([{"interval": 60}, {"minutes": [0, 30]}, {"hours": [2]}, {"cron": "5 4 * * 1-5"}]),
    failed=st.booleans(),
)
def test_a_view_never_gets_better_by_ageing(age: timedelta, older: timedelta, schedule: Any, failed: bool) -> None:
    made = promise(**schedule)

    assert state(age + older, made, failed=failed).severity <= state(age, made, failed=failed).severity
