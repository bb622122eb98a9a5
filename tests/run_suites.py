"""Run the test suites and tell how long each took.

Usage: ``python tests/run_suites.py [--deep] [--lanes N] [SUITE | FOLDER …]``

A large folder of a suite is a run of its own, with databases of its own; small ones share a run, since each start takes
seconds. N runs go side by side: three by default, since each waits a third of its time. Those that start whole fleets
and kill their processes come last, at most two side by side: beside a run that keeps a processor busy they ran out of
time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
SUITES = ("unit", "contract", "integration", "e2e", "chaos")
FLEETS = ("integration/outages", "e2e", "chaos")
FLEET_LANES = 2
SMALL_ONES = "integration, the small ones"
LONGEST = (
    SMALL_ONES,
    *("integration/wire", "integration/jobs", "integration/console", "unit", "integration/ingest"),
    *("integration/devruntime", "integration/scheduler", "integration/api", "integration/gateway"),
)
"""The runs that take longest, as measured: they begin first, so that none is left over in the end."""
SMALL = 6
"""A folder of fewer files with tests than this shares its run."""
NO_TESTS_COLLECTED = 5

_printing = threading.Lock()


@dataclass(frozen=True)
class Run:
    """What one pytest session runs: folders or files below ``tests``."""

    name: str
    paths: Sequence[str]


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
    parser.add_argument("--lanes", type=int, default=3, help="how many runs go side by side")
    arguments = parser.parse_args()
    if unknown := [
        suite for suite in arguments.suites if suite.split("/")[0] not in SUITES or not (TESTS / suite).exists()
    ]:
        parser.error(f"no such suite: {', '.join(unknown)}")
    began = time.monotonic()
    runs = [run for suite in arguments.suites or SUITES for run in runs_of(suite)]
    results = execute_all(runs, lanes=arguments.lanes, deep=arguments.deep)
    print(f"\n{'run':<30} seconds  result")
    for result in results:
        print(f"{result.name:<30} {result.seconds:7.1f}  {'passed' if result.status == 0 else 'FAILED'}")
    print(f"{'all':<30} {time.monotonic() - began:7.1f}")
    return 0 if results and all(result.status == 0 for result in results) else 1


def runs_of(suite: str) -> Iterator[Run]:
    """Yield the runs of a suite: where it has folders, one of all that is small, and one for each other."""
    folder = TESTS / suite
    if suite != "integration":
        yield from [Run(suite, [suite])] if any(folder.rglob("test_*.py")) else []
        return
    sizes = {f"{suite}/{each.name}": len(list(each.rglob("test_*.py"))) for each in folder.iterdir() if each.is_dir()}
    large = [name for name, size in sizes.items() if size >= SMALL or name in FLEETS]
    small = [name for name, size in sizes.items() if size > 0 and name not in large]
    small += [f"{suite}/{each.name}" for each in folder.glob("test_*.py")]
    yield Run(SMALL_ONES, sorted(small))
    yield from (Run(name, [name]) for name in sorted(large, key=lambda name: -sizes[name]))


def execute_all(runs: Sequence[Run], *, lanes: int, deep: bool) -> list[Result]:
    """Execute all runs, ``lanes`` at a time: first those of single processes, then the fleets."""
    fleets = _in_order_of(FLEETS, [run for run in runs if run.name in FLEETS])
    others = _in_order_of(LONGEST, [run for run in runs if run.name not in FLEETS])
    results: list[Result] = []
    for part, most in ((others, lanes), (fleets, min(lanes, FLEET_LANES))):
        with ThreadPoolExecutor(most) as pool:
            results += pool.map(lambda run: execute(run, deep=deep), part)
    return results


def _in_order_of(names: Sequence[str], runs: Sequence[Run]) -> list[Run]:
    """Return the runs of these names, in their order, before the others."""
    return sorted(runs, key=lambda run: names.index(run.name) if run.name in names else len(names))


def execute(run: Run, *, deep: bool) -> Result:
    """Run pytest over one run's folders and files, and print its output in one piece."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--durations=3", *(str(TESTS / path) for path in run.paths)]
    command += [] if deep else ["-m", "not deep"]
    title = f"── {run.name} ".ljust(80, "─")
    done = subprocess.run(
        command, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    with _printing:
        print(f"{title}\n{done.stdout}", flush=True)
    # A run of which all is deep has nothing to do today.
    return Result(run.name, time.monotonic() - began, 0 if done.returncode == NO_TESTS_COLLECTED else done.returncode)


if __name__ == "__main__":
    sys.exit(main())
