"""What of a failed task is to be collected again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from inventory.domain.job.failed_task import failed_task

STARTED = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
EARLIER = datetime(2026, 1, 4, 12, 0, tzinfo=UTC)


def task(**fields: Any) -> dict[str, Any]:
    return {"secret_id": "secret-1", "filter": {"a": 1}, "full_collect": True, "started_at": STARTED, **fields}


def first(expanded: int | None = 2) -> dict[str, Any]:
    return {"number": 0, "plan_attempt": 2, "expanded_attempt": expanded, "status": "SUCCESS"}


def part(number: int, status: str, *, attempt: int = 2, seen: int = 5) -> dict[str, Any]:
    options = {"region": str(number)}
    return {
        "number": number,
        "plan_attempt": attempt,
        "status": status,
        "task_options": options,
        "resources_seen": seen,
    }


def test_a_task_without_slices_is_collected_anew() -> None:
    found = failed_task(task(), [{"number": 0, "plan_attempt": 1, "status": "FAILURE"}])

    assert (found.secret_id, found.filter, found.full_collect) == ("secret-1", {"a": 1}, True)
    assert (found.slices, found.view) == ((), {})


def test_of_a_task_with_slices_those_that_did_not_succeed_are_collected_again_in_order() -> None:
    found = failed_task(task(), [part(3, "CANCELED"), part(2, "SUCCESS"), first(), part(1, "FAILURE")])

    assert found.slices == [{"region": "1"}, {"region": "3"}]
    assert found.view == {"view_started_at": STARTED, "view_resources_seen": 5}


def test_slices_of_a_plan_that_was_given_up_do_not_count() -> None:
    found = failed_task(task(), [first(), part(1, "SUCCESS"), part(2, "FAILURE"), part(3, "FAILURE", attempt=1)])

    assert found.slices == [{"region": "2"}]


@pytest.mark.parametrize(
    "slices",
    [
        [first(), part(1, "FAILURE"), part(2, "FAILURE")],
        [first(), part(1, "SUCCESS"), part(2, "SUCCESS")],
        [first(None), part(1, "CANCELED")],
        [part(1, "SUCCESS"), part(2, "FAILURE")],
    ],
    ids=["none succeeded", "none failed", "never planned to the end", "slice 0 is lost"],
)
def test_where_nothing_would_be_saved_a_task_is_collected_anew(slices: list[dict[str, Any]]) -> None:
    assert failed_task(task(), slices).slices == ()


def test_a_retry_that_fails_again_hands_its_earlier_view_on() -> None:
    known = {"view_started_at": EARLIER, "view_resources_seen": 7}

    some = failed_task(task(**known), [first(), part(1, "SUCCESS"), part(2, "FAILURE")])
    none = failed_task(task(**known), [first(), part(1, "FAILURE"), part(2, "FAILURE")])

    assert some.view == {"view_started_at": EARLIER, "view_resources_seen": 12}
    assert (none.view, len(none.slices)) == (known, 2)
