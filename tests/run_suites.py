"""Run the test suites and tell how long each took.

Usage: ``python tests/run_suites.py [--deep] [--lanes N] [SUITE …]``

A folder of a large suite is a run of its own, with databases of its own; N runs go side by side. What measures time or
kills processes runs alone, afterwards.
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
ALONE = frozenset({"e2e", "chaos", "integration/outages"})
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
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--deep", action="store_true", help="also run what is marked deep")
    parser.add_argument("--lanes", type=int, default=2, help="how many runs go side by side")
    arguments = parser.parse_args()
    if unknown := set(arguments.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    runs = [run for suite in arguments.suites or SUITES for run in runs_of(suite)]
    began = time.monotonic()
    with ThreadPoolExecutor(arguments.lanes) as pool:
        side_by_side = [run for run in runs if run not in ALONE]
        results = list(pool.map(lambda run: execute(run, deep=arguments.deep), side_by_side))
    results += [execute(run, deep=arguments.deep, show=True) for run in runs if run in ALONE]
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


def execute(run: str, *, deep: bool, show: bool = False) -> Result:
    """Run pytest over one folder or file; its output is printed in one piece, or as it comes."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--durations=3", str(TESTS / run)]
    command += [] if deep else ["-m", "not deep"]
    title = f"── {run} ".ljust(80, "─")
    if show:
        print(title, flush=True)
        status = subprocess.run(command, cwd=TESTS.parent, check=False).returncode
    else:
        done = subprocess.run(
            command, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        status = done.returncode
        with _printing:
            print(f"{title}\n{done.stdout}", flush=True)
    # A run of which all is deep has nothing to do today.
    return Result(run, time.monotonic() - began, 0 if status == NO_TESTS_COLLECTED else status)


if __name__ == "__main__":
    sys.exit(main())
