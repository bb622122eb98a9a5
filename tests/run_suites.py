"""Run the test suites one after the other and tell how long each took.

Usage: ``python tests/run_suites.py [--deep] [SUITE …]``
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parent
BUDGET_SECONDS = {"unit": 90, "contract": 60, "integration": 180, "e2e": 90, "chaos": 60}
NO_TESTS_COLLECTED = 5


def main() -> int:
    """Run the suites; return 0 if all passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*BUDGET_SECONDS, []])
    parser.add_argument("--deep", action="store_true", help="also run what is marked deep")
    arguments = parser.parse_args()
    marker = [] if arguments.deep else ["-m", "not deep"]
    report: list[tuple[str, float, int]] = []
    for suite in arguments.suites or BUDGET_SECONDS:
        if not any((TESTS / suite).rglob("test_*.py")):
            continue
        print(f"── {suite} " + "─" * (70 - len(suite)), flush=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "--durations=5", *marker, str(TESTS / suite)]
        status = subprocess.run(command, cwd=TESTS.parent, check=False).returncode
        report.append((suite, time.monotonic() - began, status))
    print("\nsuite        seconds  budget  result")
    for suite, seconds, status in report:
        print(f"{suite:<12} {seconds:7.1f}  {BUDGET_SECONDS[suite]:6d}  {'passed' if status == 0 else 'FAILED'}")
    return 0 if report and all(status == 0 for _, _, status in report) else 1


if __name__ == "__main__":
    sys.exit(main())
