"""Has it become slower? A short run against the ratios of the committed baseline; exit code 1 where it has.

Compared is what noise touches least: CPU time per call and per resource beside the floor's of the same run, in medians
of several repetitions, and with more tolerance the rates. What looks slower is measured once more before it counts.
``--write`` makes the baseline: the lower of two runs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import command_line, ingest, rpc
from tests.bench.bed import Bed
from tests.bench.results import Row, Scale, machine

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE: Mapping[str, float] = {"cpu": 0.35, "rate": 0.5}
"""By how much a ratio may fall; shared machines are that noisy."""
PARTS = {"cli": command_line.measure, "rpc": rpc.measure, "ingest": ingest.measure}
SCALE = Scale(
    clients=(1, 16),
    rounds=5,
    rpc_seconds=0.3,
    warm_seconds=0.1,
    existing=(1_000,),
    ingested=1_000,
    ingest_rounds=3,
    large=150,
)

Ratios = dict[str, dict[str, float]]
"""By the case's key: ratio by name."""


def main(arguments: Sequence[str]) -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench guard", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the baseline instead of comparing with it")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    found = parser.parse_args(arguments)
    console = Console()
    began = time.monotonic()
    now = _measured(console, PARTS)
    if found.write:
        now = _merged(now, _measured(console, PARTS), min)  # a lucky run is no baseline
        about = {name: value for name, value in machine().items() if name in ("cpus", "processor", "python")}
        found.baseline.write_text(json.dumps({"about": about, "ratios": now}, indent=1, sort_keys=True) + "\n")
        console.print(f"Written: {found.baseline}", highlight=False)
        return 0
    before: Ratios = json.loads(found.baseline.read_text())["ratios"]
    if slower := worse(before, now):
        console.print(f"Slower at first sight: {', '.join(slower)}. Once more.")
        now = _merged(now, _measured(console, {key.partition("/")[0] for key in slower}), max)
    console.print(_table(before, now))
    slower = worse(before, now)
    console.print(f"{time.monotonic() - began:.0f} s. " + (f"Slower: {', '.join(slower)}" if slower else "No slower."))
    return 1 if slower else 0


def worse(before: Ratios, now: Ratios) -> list[str]:
    """Return what fell by more than its tolerance, or is no longer measured."""
    return [
        f"{key} {name}"
        for key, ratios in before.items()
        for name, ratio in ratios.items()
        if now.get(key, {}).get(name, 0.0) < ratio * (1 - TOLERANCE[name])
    ]


def _merged(one: Ratios, other: Ratios, choose: Callable[[float, float], float]) -> Ratios:
    return {
        key: {name: choose(ratio, other.get(key, ratios).get(name, ratio)) for name, ratio in ratios.items()}
        for key, ratios in one.items()
    }


def _measured(console: Console, names: Iterable[str]) -> Ratios:
    rows: list[Row] = []
    for name in PARTS.keys() & names:
        with Bed() as bed:
            for row in PARTS[name](bed, SCALE):
                rows.append(row)
                console.print(f"[dim]{row.key}[/dim]", highlight=False)
    kept = {row.key: {name: round(row.ratios[name], 3) for name in TOLERANCE if name in row.ratios} for row in rows}
    return {key: ratios for key, ratios in kept.items() if ratios}


def _table(before: Ratios, now: Ratios) -> Table:
    table = Table()
    for name in ("case", "ratio", "baseline", "now"):
        table.add_column(name, justify="left" if name in ("case", "ratio") else "right")
    for key, ratios in before.items():
        for name, ratio in ratios.items():
            found = now.get(key, {}).get(name, 0.0)
            colour = "red" if found < ratio * (1 - TOLERANCE[name]) else "green" if found >= ratio else "dim"
            table.add_row(key, name, f"{ratio:.2f}", f"[{colour}]{found:.2f}[/{colour}]")
    return table
