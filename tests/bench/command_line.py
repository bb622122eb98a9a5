"""What the command line costs: CPU time of whole commands, beside what Python itself needs for as much.

``target`` is the CPU time that a command may take over the one that it takes: 1 and more is within it. The floor is an
interpreter that ends at once or, for a command that calls the server, one that has read grpc. Probes run
``inventory health`` every few seconds in every container, so its cost is that of an idle installation.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.bed import ROOT, Bed
from tests.bench.results import Row, Scale

RUNS = 5
"""How often a command and its floor run, in turns; medians count."""


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    arguments: Sequence[str]
    floor: str
    target_seconds: float
    environment: Mapping[str, str]


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each command."""
    runs = max(RUNS, scale.rounds)
    with bed.database(), bed.server(DEFAULT_DOMAIN_ID="domain-bench") as (_, address), bed.healthy("worker") as worker:
        at_worker = {"INVENTORY_WORKER_HEALTH_PORT": str(worker.port)}
        for case in (
            _Case("health", ["health", "worker"], "", 0.1, at_worker),
            _Case("--version", ["--version"], "", 0.15, {}),
            _Case("job list", ["--endpoint", address, "job", "list"], "import grpc", 0.35, {}),
        ):
            yield _measured(case, runs)


def _measured(case: _Case, runs: int) -> Row:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("INVENTORY_")}
    environment = outer | dict(case.environment)
    command = [sys.executable, "-m", "inventory", *case.arguments]
    own, floor = [], []
    _cpu_seconds(command, environment)  # the first run compiles what is imported
    for _ in range(runs):
        own.append(_cpu_seconds(command, environment))
        floor.append(_cpu_seconds([sys.executable, "-c", case.floor], environment))
    cpu, bare = median(own), median(floor)
    return Row(
        "cli",
        case.name,
        {"cpu_seconds": cpu, "target_seconds": case.target_seconds},
        {"cpu_seconds": bare},
        {"cpu": bare / cpu, "target": case.target_seconds / cpu},
    )


def _cpu_seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run a command to its end and return the CPU time that it took, s.

    Raises:
        RuntimeError: it failed.
    """
    started = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert started.stderr is not None
    with started.stderr as stderr:
        told = stderr.read()
    _, status, usage = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {started.returncode}: {told.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime
