"""A picture of throughput against concurrency; needs matplotlib (extra ``bench``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.results import Row

COLUMNS = 4
INCHES = 3.2


def throughput(rows: Sequence[Row], path: Path) -> Path | None:
    """Draw the RPCs' throughput over the number of clients, each beside its floor; None where that cannot be."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    measured = [row for row in rows if row.group == "rpc" and row.clients and row.floor]
    names = list(dict.fromkeys(row.case for row in measured))
    if not names:
        return None
    noop = {row.clients: row.figures["rate"] for row in rows if row.group == "rpc" and row.case == "noop"}
    lines = -(-len(names) // COLUMNS)
    figure = Figure(figsize=(INCHES * COLUMNS, INCHES * lines), layout="constrained")
    for number, name in enumerate(names):
        axes = figure.add_subplot(lines, COLUMNS, number + 1)
        mine = [row for row in measured if row.case == name]
        clients = [row.clients for row in mine]
        axes.plot(clients, [row.figures["rate"] for row in mine], marker="o", label="inventory")
        axes.plot(clients, [row.floor["rate"] for row in mine], marker="o", linestyle="--", label="its floor")
        axes.plot(list(noop), list(noop.values()), color="grey", linestyle=":", label="no-op")
        axes.set(title=name, xscale="log", yscale="log", xlabel="clients", ylabel="calls per second")
        axes.set_xticks(clients, [str(each) for each in clients])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        if not number:
            axes.legend()
    figure.savefig(path, dpi=120)
    return path
