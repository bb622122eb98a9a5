"""A short upgrade under load; ``make upgrade-test`` is the longer one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.old_version import has_commit
from tests.upgrade.run import run_upgrade


@pytest.mark.deep
@pytest.mark.timeout(300)
@pytest.mark.skipif(not has_commit(), reason="the clone is shallow: it lacks the commit to upgrade from")
def test_old_and_new_processes_side_by_side_lose_nothing(tmp_path: Path) -> None:
    report = run_upgrade(tmp_path, seed=9, phase_seconds=6)

    print(report.text())
    assert report.violations == [], report.text()
