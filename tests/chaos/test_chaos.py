"""A short run of the chaos; ``make chaos`` is the long one."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.chaos.fleet import Size
from tests.chaos.run import Plan, Run

SECONDS = 24.0


@pytest.mark.timeout(900)
def test_whatever_is_killed_everything_ends_right(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))

    plan = Plan(seed=seed, seconds=SECONDS, every=0.8, collectors=7, interval=3, size=Size(network=True))

    report = Run(plan, tmp_path).run()

    print(report.text())
    assert report.violations == [], report.text()
