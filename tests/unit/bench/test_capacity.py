"""What a load takes grows with it, and follows from the costs that were measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.capacity import Load, Units, main, needs, table, wall

UNITS = Units(0.0002, 0.0001, 2_000, 0.01, 500, 4_000, 3_000, 1_000, 800, 1_000)
ROWS = [
    ("steady state/200 accounts × 5,000, first collect", {"worker_cpu_ms": 9, "mongod_cpu_ms": 9, "written_bytes": 9}),
    (
        "steady state/200 accounts × 5,000, 0.5 % changed",
        {"worker_cpu_ms": 0.2, "mongod_cpu_ms": 0.1, "written_bytes": 2_000},
    ),
    ("drain/1,000 tasks of 20 collectors", {"cpu_ms": 10, "redis_backlog_mib": 1}),
    ("drain/1,000 tasks of 20 collectors, limits bind", {"cpu_ms": 99, "redis_backlog_mib": 99}),
    ("scheduler/10,000 of 100,000 due, 1 scheduler", {"rate": 1_000}),
    *(
        (f"storage/{name}", {"data_bytes": 10, "disk_bytes": 5, "index_bytes": 2})
        for name in ("cloud_service", "collection_state", "record")
    ),
]


def written(path: Path, rows: list[tuple[str, dict[str, float]]]) -> Path:
    path.write_text(json.dumps({"rows": [{"key": key, "figures": figures} for key, figures in rows]}))
    return path


def test_a_load_takes_what_its_resources_and_tasks_cost() -> None:
    found = needs(UNITS, Load(3_600_000, per_account=1_000))

    assert found["accounts"] == 3_600
    assert found["resources per second"] == 1_000
    assert found["worker cores"] == pytest.approx((0.2 + 0.01) / 0.7)
    assert found["MongoDB cores"] == pytest.approx(0.1 / 0.7)
    assert found["seconds until all schedules have fired"] == pytest.approx(3.6)


def test_ten_times_the_resources_take_ten_times_as_much() -> None:
    small, large = needs(UNITS, Load(10**6)), needs(UNITS, Load(10**7))

    for name, value in small.items():
        assert large[name] == pytest.approx(10 * value), name


def test_the_first_wall_is_the_one_that_is_passed_by_most() -> None:
    assert wall(needs(UNITS, Load(10**6))) == "none"
    assert wall(needs(UNITS, Load(10**9))).startswith("MongoDB's")


def test_the_table_is_computed_from_a_file_of_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "result.json", ROWS)

    assert main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| resources | 1,000 | 10,000 | 100,000 | 1,000,000 | 10,000,000 | 100,000,000 |"
    assert len(lines) == len(list(table(UNITS)))


def test_a_part_that_was_not_measured_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "result.json", ROWS[:2])

    with pytest.raises(SystemExit):
        main([str(path)])
    assert "drain/" in capsys.readouterr().err
