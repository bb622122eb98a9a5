"""How long the service takes to start where data is present and nothing is to be migrated.

``target`` is the time that a start may take over the time that it takes: 1 and more is within it. A start is bound by
the processors, so its CPU time is given, too: it tells on a busy machine what its duration cannot.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from statistics import median
from typing import Final

from tests.bench.bed import ROOT, Bed, Process
from tests.bench.results import Row, Scale

UP_TARGET_SECONDS: Final = 8.0
"""From `inventory up --demo` until this machine is collected, on two cores."""
PROCESS_TARGET_SECONDS: Final = 2.0
"""Until a server, a worker or a scheduler is ready."""
COLLECTED: Final = "of this machine are in the inventory"
PATIENCE_SECONDS: Final = 120.0
RUNS: Final = 3


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for each kind of process, and one for all of them."""
    runs = max(RUNS, scale.rounds)
    with bed.database():
        for kind in ("server", "worker", "scheduler"):
            # The first run migrates, and compiles what is imported.
            taken = [_process(bed, kind) for _ in range(runs + 1)][1:]
            yield _row(kind, [each.started_seconds for each in taken], PROCESS_TARGET_SECONDS)
    _up(bed)
    whole = [_up(bed) for _ in range(runs)]
    row = _row("up --demo", [seconds for seconds, _ in whole], UP_TARGET_SECONDS)
    row.figures["cpu_seconds"] = median(cpu for _, cpu in whole)
    yield row


def _row(case: str, seconds: list[float], target: float) -> Row:
    taken = median(seconds)
    return Row("startup", case, {"seconds": taken, "target_seconds": target}, {}, {"target": target / taken})


def _process(bed: Bed, kind: str) -> Process:
    with contextlib.ExitStack() as stack:
        if kind == "server":
            return stack.enter_context(bed.server())[0]
        return stack.enter_context(bed.healthy(kind))


def _up(bed: Bed) -> tuple[float, float]:
    """Run the demonstration once; return the seconds until it has collected, and the CPU time until all has stopped.

    Raises:
        RuntimeError: it ended without having collected.
    """
    ports = ("--port", "--mongo-port", "--redis-port", "--plugin-port")
    argv = [sys.executable, "-m", "inventory", "up", "--demo", "--data-dir", str(bed.folder / "up")]
    outer = {name: value for name, value in os.environ.items() if not name.startswith("INVENTORY_")}
    names = ("WORKER_HEALTH_PORT", "SCHEDULER_HEALTH_PORT", "GATEWAY_PORT")
    before = _children_cpu_seconds()
    began = time.perf_counter()
    started = subprocess.Popen(
        [*argv, *(part for port in ports for part in (port, "0"))],
        env=outer | {f"INVENTORY_{name}": "0" for name in names},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert started.stdout is not None
    seconds, lines = 0.0, []
    patience = threading.Timer(PATIENCE_SECONDS, started.kill)
    patience.start()
    with started.stdout as output:
        for line in output:
            lines.append(line)
            if COLLECTED in line and not seconds:
                seconds = time.perf_counter() - began
                started.send_signal(signal.SIGINT)
    started.wait()
    patience.cancel()
    if not seconds:
        raise RuntimeError("up did not collect this machine:\n" + "".join(lines[-20:]))
    return seconds, _children_cpu_seconds() - before


def _children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
