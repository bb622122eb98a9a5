"""Which schedules are valid, and what is said about those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.domain.schedule.fire_times import ScheduleSpec
from inventory.errors import BadRequestError, UnsupportedScheduleError


@pytest.mark.parametrize(
    "schedule",
    [
        {"hours": [0, 23]},
        {"minutes": [0, 59]},
        {"hours": [6, 5], "minutes": [30]},
        {"interval": 1},
        {"interval": 3600},
        {"cron": "*/5 0-12,23 1 JAN-jun mon,7"},
    ],
)
def test_a_valid_schedule_is_kept_as_it_was_sent(schedule: dict[str, Any]) -> None:
    spec = ScheduleSpec.parse(schedule)
    assert spec.document() == schedule
    assert ScheduleSpec.parse(spec.document()) == spec


def test_a_number_that_was_sent_twice_is_kept_once() -> None:
    assert ScheduleSpec.parse({"hours": [5, 1, 5]}).document() == {"hours": [5, 1]}


@pytest.mark.parametrize(
    ("schedule", "field", "code"),
    [
        (None, "schedule", "ERROR_REQUIRED_PARAMETER"),
        ([], "schedule", "ERROR_INVALID_PARAMETER_TYPE"),
        ({}, "schedule", "ERROR_INVALID_PARAMETER"),
        ({"hours": [], "cron": ""}, "schedule", "ERROR_INVALID_PARAMETER"),
        ({"hours": [24]}, "schedule.hours", "ERROR_INVALID_PARAMETER"),
        ({"hours": [-1]}, "schedule.hours", "ERROR_INVALID_PARAMETER"),
        ({"hours": [True]}, "schedule.hours", "ERROR_INVALID_PARAMETER_TYPE"),
        ({"hours": 5}, "schedule.hours", "ERROR_INVALID_PARAMETER_TYPE"),
        ({"minutes": [60]}, "schedule.minutes", "ERROR_INVALID_PARAMETER"),
        ({"minutes": ["5"]}, "schedule.minutes", "ERROR_INVALID_PARAMETER_TYPE"),
        ({"interval": -1}, "schedule.interval", "ERROR_INVALID_PARAMETER"),
        ({"interval": 3601}, "schedule.interval", "ERROR_INVALID_PARAMETER"),
        ({"interval": 1.5}, "schedule.interval", "ERROR_INVALID_PARAMETER_TYPE"),
        ({"interval": 60, "minutes": [1]}, "schedule", "ERROR_INVALID_PARAMETER"),
        ({"cron": "* * * * *", "hours": [1]}, "schedule", "ERROR_INVALID_PARAMETER"),
        ({"cron": "* * * * *", "interval": 60}, "schedule", "ERROR_INVALID_PARAMETER"),
        ({"cron": 5}, "schedule.cron", "ERROR_INVALID_PARAMETER_TYPE"),
    ],
)
def test_an_invalid_schedule_names_its_field(schedule: Any, field: str, code: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        ScheduleSpec.parse(schedule)
    assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.parametrize(
    "cron",
    [
        "* * * *",
        "* * * * * *",
        "@hourly",
        "a b c d e",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "1,,2 * * * *",
        "- * * * *",
        "* * L * *",
        "* * * * 5#2",
        "* * * * 5L",
        "* * * MONTUE *",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "٣ * * * *",
        "* * * *\n*",
        "* " * 400,
        "\0 * * * *",
        "1" * 250 + " * * * *",
    ],
)
def test_a_cron_that_cannot_be_read_or_never_fires_is_refused(cron: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        ScheduleSpec.parse({"cron": cron})
    assert (caught.value.code, caught.value.field) == ("ERROR_INVALID_PARAMETER", "schedule.cron")


@pytest.mark.parametrize("supported", [["hours"], ["hours", "cron"], []])
def test_a_plugin_limits_the_kinds(supported: list[str]) -> None:
    with pytest.raises(UnsupportedScheduleError) as caught:
        ScheduleSpec.parse({"interval": 60}).check_supported({"supported_schedules": supported})
    assert caught.value.field == "schedule.interval"
    with pytest.raises(UnsupportedScheduleError):
        ScheduleSpec.parse({"hours": [1], "minutes": [1]}).check_supported({"supported_schedules": supported})


@pytest.mark.parametrize("metadata", [{}, {"supported_schedules": None}, {"supported_schedules": ["interval"]}])
def test_a_plugin_that_says_nothing_limits_nothing(metadata: dict[str, Any]) -> None:
    ScheduleSpec.parse({"interval": 60}).check_supported(metadata)
