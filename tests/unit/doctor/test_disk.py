"""The disk of MongoDB, as people see it in `df`."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.doctor.mongodb import check_disk
from inventory.domain.finding import Level

GIB = 1024**3


class _Database:
    """Answers `dbStats` as MongoDB does: what it counts as used includes the blocks reserved for root."""

    def __init__(self, *, total: int, available: int) -> None:
        self._stats = {"fsTotalSize": total * GIB, "fsUsedSize": (total - available) * GIB}

    def command(self, _: str) -> dict[str, Any]:
        return self._stats


@pytest.mark.parametrize(
    ("available", "level", "shown"),
    [
        (60, Level.OK, "60.0 of 100.0 GiB (60%)"),
        (14, Level.WARN, "14.0 of 100.0 GiB (14%)"),
        (4, Level.FAIL, "4.0 of 100.0 GiB (4%)"),
    ],
)
def test_what_is_available_is_shown_as_df_shows_it(available: int, level: Level, shown: str) -> None:
    (finding,) = check_disk(_Database(total=100, available=available))  # type: ignore[arg-type]
    assert finding.level is level
    assert f"{shown} are available on MongoDB's disk (Avail in `df`" in finding.message
