"""``python -m tests.bench``: measure all, or some, beside the floors.

``compare OLD.json NEW.json``: what changed; ``guard``: is it slower than the baseline; ``readme RESULT.json``: the
Markdown of a result.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.bench import (
    command_line,
    compare,
    drain,
    fanout,
    flat,
    full_hour,
    guard,
    ingest,
    overload,
    plot,
    processes,
    readme,
    rpc,
    startup,
    steady,
    storm,
    takeover,
    workers,
)
from tests.bench.bed import KEPT_LOGS, Bed
from tests.bench.results import FULL, QUICK, Row, Scale, machine, new_path, print_rows, save

CASES: Mapping[str, Callable[[Bed, Scale], Iterator[Row]]] = {
    "processes": processes.measure,
    "startup": startup.measure,
    "cli": command_line.measure,
    "rpc": rpc.measure,
    "flat": flat.measure,
    "ingest": ingest.measure,
    "workers": workers.measure,
    "fanout": fanout.measure,
    "scheduler": full_hour.measure,
    "steady": steady.measure,
    "drain": drain.measure,
    "takeover": takeover.measure,
    "overload": overload.measure,
    "storm": storm.measure,
}


MILLION = 1_000_000
UP_TO_A_MILLION = (1_000, 10_000, 100_000, MILLION)
INTERRUPTED = 130
"""The exit code after Ctrl-C, as a shell has it."""
FILE_WIDTH = 160
"""Columns of the tables where they go to a file."""


def main() -> int:
    """Return the exit code."""
    other = {"compare": compare.main, "guard": guard.main, "readme": readme.main}.get("".join(sys.argv[1:2]))
    if other is not None:
        return other(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(CASES), help="run only this part (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="smaller and less exact")
    parser.add_argument(
        "--million", action="store_true", help="also with a million resources stored: a quarter of an hour more"
    )
    parser.add_argument(
        "--scale", type=int, action="append", help="resources stored before an ingest is measured (may be repeated)"
    )
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    scale = QUICK if arguments.quick else FULL
    if arguments.million:
        scale = replace(scale, resources=(*scale.resources, MILLION), existing=UP_TO_A_MILLION)
    if arguments.scale:
        scale = replace(scale, existing=tuple(sorted(arguments.scale)))
    about: dict[str, object] = {**machine(), "quick": arguments.quick}
    console.print(f"[dim]{about}. What else runs here slows all of it: look at the ratios.[/dim]")
    rows: list[Row] = []
    failed = []
    path = new_path()
    interrupted = False
    for name in arguments.only or CASES:
        try:
            failed += [] if _measure(name, scale, rows, about, console) else [name]
        except KeyboardInterrupt:
            interrupted = True
        save(rows, about, path)  # what there is, should it be cut short
        if interrupted:
            break
    print_rows(rows, console)
    console.print(f"Results: {_shown(path)}")
    if picture := plot.throughput(rows, path.with_suffix(".png")):
        console.print(f"Plot: {_shown(picture)}")
    if failed:
        console.print(f"[red]Failed: {', '.join(failed)}[/red]; logs: {_shown(KEPT_LOGS)}")
    if interrupted:
        return INTERRUPTED
    return 1 if failed else 0


def _measure(name: str, scale: Scale, rows: list[Row], about: dict[str, object], console: Console) -> bool:
    """Measure one part on stores of its own; one that fails does not spoil the others."""
    began = time.monotonic()
    try:
        with Bed() as bed:
            about["databases_in_memory"] = bed.in_memory
            for row in CASES[name](bed, scale):
                rows.append(row)
                console.print(_line(row), highlight=False)
    except Exception:  # what was measured until then is told all the same
        console.print_exception()
        return False
    console.print(f"[dim]{name}: {time.monotonic() - began:.0f} s[/dim]")
    return True


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _line(row: Row) -> str:
    parts = [f"{name} {value:.4g}" for name, value in row.figures.items()]
    parts += [f"[bold]ratio {name} {value:.2f}[/bold]" for name, value in row.ratios.items()]
    return f"{row.key}: " + ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
