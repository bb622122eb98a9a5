"""``python -m tests.chaos``: the long run, CHAOS_SECONDS (600) from CHAOS_SEED (at random); ``make chaos``."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.fleet import Size
from tests.chaos.run import Plan, Run, conclude

SETTINGS = {"SLICES_PER_COLLECTOR": 3, "SLICES_PER_ENDPOINT": 9, "SERVER_PROCESSES": 2}


def main() -> int:
    """Run; return 1 where something was violated. The logs then stay."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    seconds = float(os.environ.get("CHAOS_SECONDS") or 600)
    plan = Plan(
        seed=seed,
        seconds=seconds,
        every=3.0,
        collectors=18,
        interval=11,
        pause=1.0,
        settle=max(180.0, seconds / 2),  # the backlog grows with the run
        size=Size(servers=2, failover=True, network=True, settings=SETTINGS),
    )
    folder = Path(tempfile.mkdtemp(prefix="inventory-chaos-"))
    report = Run(plan, folder).run()
    return conclude(report, folder)


if __name__ == "__main__":
    sys.exit(main())
