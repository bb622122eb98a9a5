"""``python -m tests.upgrade``: from the commit UPGRADE_FROM to this code under load; ``make upgrade-test``."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import conclude
from tests.old_version import PARENT
from tests.upgrade.run import run_upgrade


def main() -> int:
    """Run; return 1 where something was violated. The logs then stay."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    phase = float(os.environ.get("UPGRADE_SECONDS") or 60) / 4
    folder = Path(tempfile.mkdtemp(prefix="inventory-upgrade-"))
    report = run_upgrade(folder, seed=seed, phase_seconds=phase, commit=os.environ.get("UPGRADE_FROM") or PARENT)
    return conclude(report, folder)


if __name__ == "__main__":
    sys.exit(main())
