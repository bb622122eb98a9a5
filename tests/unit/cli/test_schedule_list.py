"""The schedules of all collectors as one list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from inventory.cli import cli

Json = dict[str, Any]

SCHEDULES = {f"collector-{number:04}": [f"sched-{number:04}-{each}" for each in range(2)] for number in range(1, 1502)}
"""Two schedules for each of more collectors than a page holds."""


def answer(_: object, method: str, **request: Any) -> Json:
    """Answer as a server would that has ``SCHEDULES``."""
    query = request.get("query", {})
    page = query.get("page", {"start": 1, "limit": 0})
    match method:
        case "Collector.list":
            all_of_them: list[Json] = [{"collector_id": each} for each in SCHEDULES]
        case "Collector.list_schedules":
            all_of_them = [{"schedule_id": each} for each in SCHEDULES[request["collector_id"]]]
        case _:
            mine = SCHEDULES[request["collector_id"]]
            return {"results": [{"schedule_id": each, "next_fire_at": f"after {each}"} for each in mine]}
    if any(key["desc"] for key in query.get("sort", {}).get("keys", [])):
        all_of_them.reverse()
    begin = page["start"] - 1
    shown = [] if query.get("count_only") else all_of_them[begin : begin + page["limit"]]
    return {"results": shown, "total_count": len(all_of_them)}


def listed(*options: str) -> Json:
    """Return what the list shows."""
    result = CliRunner().invoke(cli, ["--endpoint", "127.0.0.1:1", "schedule", "list", "--json", *options])
    assert result.exit_code == 0, result.output
    found: Json = json.loads(result.output)
    return found


@pytest.mark.parametrize(
    ("options", "first", "count"),
    [
        (("--limit", "3"), 0, 3),
        (("--limit", "3", "--page", "2"), 3, 3),
        (("--limit", "2000", "--page", "2"), 2000, 1002),
    ],
)
def test_a_page_goes_on_over_collectors(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], first: int, count: int
) -> None:
    monkeypatch.setattr("inventory.cli.client.Client.call", answer)
    every = [each for mine in SCHEDULES.values() for each in mine]

    found = listed(*options)

    assert [row["schedule_id"] for row in found["results"]] == every[first : first + count]
    assert [row["next_fire_at"] for row in found["results"]] == [f"after {each}" for each in every[first:][:count]]
    assert found["total_count"] == len(every)


def test_a_sorted_page_is_that_of_all_collectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.cli.client.Client.call", answer)
    every = sorted((each for mine in SCHEDULES.values() for each in mine), reverse=True)

    found = listed("--sort", "-schedule_id", "--limit", "3", "--page", "2")

    assert [row["schedule_id"] for row in found["results"]] == every[3:6]
