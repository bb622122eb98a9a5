"""Parts of a page that come later: nothing is missing unnoticed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.console.static_site import StaticApi, visit

ANSWERS: Mapping[str, dict[str, Any]] = {
    "Collector.list": {"results": [{"collector_id": "collector-1", "name": "mine"}], "total_count": 1},
    "JobTask.stat": {"results": [{"day": f"{datetime.now(UTC):%Y-%m-%d}", "created": 3, "changed": 2, "deleted": 1}]},
}


def html_of(path: str, slow: str = "") -> str:
    """Return a page while a method is slow."""
    answer = visit(path, StaticApi(ANSWERS, (slow,)))
    assert answer.status_code == 200, answer.text
    return answer.text


def late_parts(path: str, slow: str) -> set[str]:
    """Return the parts that a page still has to load while a method is slow."""
    return {part.partition('"')[0] for part in html_of(path, slow).split('data-part="')[1:]}


def test_a_day_of_the_overview_shows_what_was_created_changed_and_deleted() -> None:
    html = html_of("/")

    assert ": 3 created, 2 changed, 1 deleted" in html
    assert "In 30 days 3 resources were created, 2 changed and 1 deleted." in html


@pytest.mark.parametrize(
    ("slow", "parts"),
    [
        ("CloudService.stat", {"kinds", "regions"}),
        ("JobTask.stat", {"changes"}),
        ("Job.list", {"jobs"}),
        ("Job.stat", {"jobs", "attention"}),
        ("Collector.list", {"attention"}),
        ("Freshness.list", {"attention"}),
        ("Deletion.list", {"attention"}),
        ("Operations.list_all_schedule_facts", {"attention"}),
        ("Region.list", set()),
    ],
)
def test_a_part_of_the_overview_waits_for_all_that_it_shows(slow: str, parts: set[str]) -> None:
    assert late_parts("/", slow) == {f"/overview/{part}" for part in parts}


@pytest.mark.parametrize(
    ("slow", "parts"),
    [("ResourcePages.list", {"/resources/part/rows"}), ("CloudService.stat", {"/resources/part/facets"})],
)
def test_rows_and_facets_come_apart(slow: str, parts: set[str]) -> None:
    assert late_parts("/resources", slow) == parts
