"""Run the test suites and tell how long each took.

Usage: ``python tests/run_suites.py [--deep] [--lanes N] [SUITE | FOLDER …]``

A folder of a large suite is a run of its own, with databases of its own; N runs go side by side. Those that start whole
fleets and kill their processes come last, side by side with each other only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
SUITES = ("unit", "contract", "integration", "e2e", "chaos")
FLEETS = frozenset({"integration/outages", "e2e", "chaos"})
NO_TESTS_COLLECTED = 5

_printing = threading.Lock()


@dataclass(frozen=True)
class Result:
    """What became of one run."""

    name: str
    seconds: float
    status: int


def main() -> int:
    """Run the suites; return 0 if all passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"{', '.join(SUITES)}, or a folder of one")
    parser.add_argument("--deep", action="store_true", help="also run what is marked deep")
    parser.add_argument("--lanes", type=int, default=2, help="how many runs go side by side")
    arguments = parser.parse_args()
    if unknown := [
        suite for suite in arguments.suites if suite.split("/")[0] not in SUITES or not (TESTS / suite).exists()
    ]:
        parser.error(f"no such suite: {', '.join(unknown)}")
    runs = [run for suite in arguments.suites or SUITES for run in runs_of(suite)]
    began = time.monotonic()
    results: list[Result] = []
    for part in ([run for run in runs if run not in FLEETS], [run for run in runs if run in FLEETS]):
        with ThreadPoolExecutor(arguments.lanes) as pool:
            results += pool.map(lambda run: execute(run, deep=arguments.deep), part)
    print(f"\n{'run':<28} seconds  result")
    for result in results:
        print(f"{result.name:<28} {result.seconds:7.1f}  {'passed' if result.status == 0 else 'FAILED'}")
    print(f"{'all':<28} {time.monotonic() - began:7.1f}")
    return 0 if results and all(result.status == 0 for result in results) else 1


def runs_of(suite: str) -> Iterator[str]:
    """Yield the runs of a suite: its folders where it has some, longest first, then what lies beside them."""
    folder = TESTS / suite
    if suite != "integration":
        yield from [suite] if any(folder.rglob("test_*.py")) else []
        return
    sizes = {each: len(list(each.rglob("test_*.py"))) for each in folder.iterdir() if each.is_dir()}
    yield from (f"{suite}/{each.name}" for each in sorted(sizes, key=lambda each: -sizes[each]) if sizes[each])
    yield from (f"{suite}/{each.name}" for each in sorted(folder.glob("test_*.py")))


def execute(run: str, *, deep: bool) -> Result:
    """Run pytest over one folder or file, and print its output in one piece."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--durations=3", str(TESTS / run)]
    command += [] if deep else ["-m", "not deep"]
    title = f"── {run} ".ljust(80, "─")
    done = subprocess.run(
        command, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    with _printing:
        print(f"{title}\n{done.stdout}", flush=True)
    # A run of which all is deep has nothing to do today.
    return Result(run, time.monotonic() - began, 0 if done.returncode == NO_TESTS_COLLECTED else done.returncode)


if __name__ == "__main__":
    sys.exit(main())
