"""What changed between two runs: the ratios, since single figures depend on what else the machine did."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.results import load

NOTEWORTHY = 0.15
"""Relative change of a ratio that noise alone rarely makes."""


def main(arguments: Sequence[str]) -> int:
    """Print both runs' ratios; return 1 where one got noteworthily worse."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench compare", description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    found = parser.parse_args(arguments)
    old, new = load(found.old), load(found.new)
    table = Table(title=f"{found.old.name} → {found.new.name}", title_justify="left")
    for name in ("case", "ratio", "old", "new", "change"):
        table.add_column(name, justify="left" if name in ("case", "ratio") else "right")
    worse = 0
    for key in [key for key in old if key in new]:
        for name, before in old[key]["ratios"].items():
            after = new[key]["ratios"].get(name)
            if after is None or not before:
                continue
            change = after / before - 1
            worse += change < -NOTEWORTHY
            colour = "red" if change < -NOTEWORTHY else "green" if change > NOTEWORTHY else "dim"
            table.add_row(key, name, f"{before:.2f}", f"{after:.2f}", f"[{colour}]{change:+.0%}[/{colour}]")
    console = Console()
    console.print(table)
    for side, keys in (("old", old.keys() - new.keys()), ("new", new.keys() - old.keys())):
        if keys:
            console.print(f"Only in the {side} run: {', '.join(sorted(keys))}")
    console.print(f"{worse} ratios fell by more than {NOTEWORTHY:.0%}.")
    return 1 if worse else 0
