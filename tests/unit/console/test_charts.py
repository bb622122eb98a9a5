"""Geometry of the charts."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from inventory.console.charts.days import last_days, stacked_days
from inventory.console.charts.scale import nice_top
from inventory.console.charts.timeline import LEAST_WIDTH, timeline
from inventory.console.charts.treemap import treemap

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@given(st.lists(st.integers(0, 10**7), max_size=40))
def test_tiles_fill_the_map_in_proportion_and_do_not_overlap(values: list[int]) -> None:
    values = sorted(values, reverse=True)
    tiles = treemap(values, 1000, 300)

    total = sum(values)
    assert [tile.index for tile in tiles] == [number for number, value in enumerate(values) if value]
    for tile in tiles:
        area = tile.width * tile.height
        assert abs(area - 300_000 * values[tile.index] / total) <= max(1e-6 * 300_000, 1e-6 * area)
        assert tile.x >= -1e-6
        assert tile.y >= -1e-6
        assert tile.x + tile.width <= 1000 + 1e-6
        assert tile.y + tile.height <= 300 + 1e-6
    for one in tiles:
        for other in tiles[one.index + 1 :]:
            apart_x = one.x + one.width <= other.x + 1e-6 or other.x + other.width <= one.x + 1e-6
            apart_y = one.y + one.height <= other.y + 1e-6 or other.y + other.height <= one.y + 1e-6
            assert apart_x or apart_y


@given(st.floats(0, 1e12))
def test_a_scale_ends_at_a_round_number_not_far_above(most: float) -> None:
    top = nice_top(most)

    assert top >= most
    assert top <= max(2.5 * most, 1)
    assert str(top)[0] in "125"


def test_bars_stand_upon_each_other() -> None:
    days = last_days(date(2026, 1, 5), 2)

    chart = stacked_days([{"2026-01-05": 3}, {"2026-01-05": 7, "2025-01-01": 9}], days, width=100, height=50)

    empty, full = chart.days
    assert chart.top == 10
    assert (empty.day, empty.parts) == (date(2026, 1, 4), ())
    assert [(part.count, part.y, part.height) for part in full.parts] == [(3, 35, 15), (7, 0, 35)]


def test_jobs_lie_where_their_time_is() -> None:
    collector = {"collector_info": {"collector_id": "c", "name": "mine"}}
    jobs = [
        {"created_at": "2026-01-05T11:00:00Z", **collector},
        {"created_at": "2026-01-04T18:00:00Z", "finished_at": "2026-01-05T00:00:00Z", **collector},
        {"created_at": "2026-01-03T18:00:00Z", "finished_at": "2026-01-04T13:00:00Z"},
        {"created_at": "never"},
    ]

    chart = timeline(jobs, NOW, hours=24, width=240, most=5)

    mine, deleted = chart.rows
    assert [(bar.x, bar.width) for bar in mine.bars] == [(230, 10), (60, 60)]
    assert (deleted.name, [(bar.x, bar.width) for bar in deleted.bars]) == ("deleted collectors", [(0, 10)])
    assert [mark.hour for _, mark in chart.hours] == [15, 18, 21, 0, 3, 6, 9, 12]


def test_a_job_that_has_just_begun_can_be_seen() -> None:
    chart = timeline([{"created_at": NOW.isoformat()}], NOW, hours=24, width=240, most=5)

    (bar,) = chart.rows[0].bars
    assert (bar.x, bar.width) == (240 - LEAST_WIDTH, LEAST_WIDTH)
