"""What `schedule explain` says of a fire time that nobody was there for."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.cli.view.explain import print_explanation

FACTS = {
    "schedule_id": "sched-1",
    "schedule": {"minutes": [0]},
    "collector_enabled": True,
    "next_fire_at": "2026-01-05T14:00:00.000Z",
}


@pytest.mark.parametrize(
    ("first", "change", "told"),
    [
        ("2026-01-05T14:00:00.000Z", {}, False),
        ("2026-01-05T18:00:00.000Z", {}, True),
        ("2026-01-05T18:00:00.000Z", {"collector_enabled": False}, False),
    ],
)
def test_an_overdue_fire_time_is_told_as_such(
    first: str, change: dict[str, Any], told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    print_explanation({"facts": FACTS | change, "next_times": [first]})
    shown = " ".join(capsys.readouterr().out.split())
    assert (f"is overdue, no scheduler ran: {first} instead" in shown) is told
