"""The pure part of the ingest needs no database, network or queue: what it names of them is for type checkers only."""

from __future__ import annotations

import subprocess
import sys

PURE = ("change", "changeset", "history", "match", "match_lookups", "match_values")
DRIVERS = {"bson", "dramatiq", "grpc", "mongoengine", "pymongo", "redis"}


def test_deciding_what_changes_loads_no_driver() -> None:
    imports = ", ".join(f"inventory.ingest.decision.{name}" for name in PURE)
    program = f"import sys, {imports}; print(*sorted({DRIVERS!r} & sys.modules.keys()))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == []
