"""What was measured: rows for people (a table) and tools (JSON)."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parents[2] / "bench-results"
RATIO_GOOD = 0.8
RATIO_POOR = 0.5


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        clients: numbers of RPC clients.
        rounds: how often service and floor take turns; medians count.
        rpc_seconds, warm_seconds: of one measurement and before it, s.
        existing: how many resources there are before an ingest.
        ingested: how many are ingested at a time.
        ingest_rounds: how often service and floor take turns there.
        large: how many of the large resources.
        fan_outs: (secrets, resources of each); one secret group exists for 50, 500 and 1,000.
        schedules, due: how many there are, and are due at once.
        drained_collectors: whose tasks all wait at once, 50 of each.
        takeovers: how often a worker is killed in each way.
        steady: (accounts, resources of each) of the steady state.
        collectors, resources: how many are stored where the cost of RPCs must not grow with them.
    """

    clients: Sequence[int] = (1, 16, 64)
    rounds: int = 3
    rpc_seconds: float = 0.8
    warm_seconds: float = 0.2
    existing: Sequence[int] = (1_000, 10_000, 50_000)
    ingested: int = 2_000
    ingest_rounds: int = 3
    large: int = 600
    fan_outs: Sequence[tuple[int, int]] = ((50, 100), (500, 20))
    schedules: int = 100_000
    due: int = 10_000
    drained_collectors: int = 200
    takeovers: int = 2
    steady: tuple[int, int] = (200, 5_000)
    collectors: Sequence[int] = (1_000, 10_000, 100_000)
    resources: Sequence[int] = (10_000, 100_000)


FULL = Scale()
QUICK = Scale(
    clients=(1, 16),
    rounds=1,
    rpc_seconds=0.8,
    warm_seconds=0.2,
    existing=(1_000, 10_000),
    ingested=1_000,
    ingest_rounds=1,
    large=300,
    fan_outs=((50, 100),),
    schedules=10_000,
    due=1_000,
    drained_collectors=20,
    takeovers=1,
    steady=(20, 1_000),
    collectors=(1_000, 10_000),
    resources=(1_000, 10_000),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One measured case.

    Attributes:
        group: the part of the benchmark.
        case: what was measured.
        figures: of the service, unit at the end of the name; ``rate`` is per second.
        floor: the same figures of the floor.
        ratios: what to look at; 1 is the floor's speed, 0.5 half of it.
        clients: concurrent clients, 0 where there are none.
    """

    group: str
    case: str
    figures: Mapping[str, float]
    floor: Mapping[str, float] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    clients: int = 0

    @property
    def key(self) -> str:
        """Names the case across runs."""
        return f"{self.group}/{self.case}" + (f"@{self.clients}" if self.clients else "")


def machine() -> dict[str, Any]:
    """Describe the machine, what runs on it, and how busy others keep it."""
    return {
        "packages": {name: version(name) for name in ("grpcio", "protobuf", "pymongo", "redis", "dramatiq")},
        "cpus": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": [round(each, 2) for each in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def new_path() -> Path:
    """Return where the results of a run that begins now go."""
    FOLDER.mkdir(exist_ok=True)
    return FOLDER / time.strftime("%Y%m%d-%H%M%S.json")


def save(rows: Sequence[Row], about: Mapping[str, Any], path: Path) -> None:
    """Write the results as JSON."""
    content = {"about": dict(about), "rows": [{"key": row.key, **asdict(row)} for row in rows]}
    path.write_text(json.dumps(content, indent=1))


def load(path: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a file of results by key."""
    return {row["key"]: row for row in json.loads(path.read_text())["rows"]}


def print_rows(rows: Sequence[Row], console: Console) -> None:
    """Print a table for each group."""
    for group in dict.fromkeys(row.group for row in rows):
        mine = [row for row in rows if row.group == group]
        names = list(dict.fromkeys(name for row in mine for name in row.figures))
        ratios = list(dict.fromkeys(name for row in mine for name in row.ratios))
        table = Table(title=group, title_justify="left")
        table.add_column("case", no_wrap=True)
        for name in [*names, *(f"ratio {name}" for name in ratios)]:
            table.add_column(name.replace("_", " "), justify="right")
        for row in mine:
            case = f"{row.case} × {row.clients}" if row.clients else row.case
            cells = [_with_floor(row, name) for name in names]
            table.add_row(case, *cells, *(_ratio(row.ratios.get(name)) for name in ratios))
        console.print(table)
    console.print("Small figures below are the floor's. Ratio: 1 is as fast as the floor, 0.5 half as fast.")


def _with_floor(row: Row, name: str) -> str:
    if name not in row.figures:
        return ""
    own = f"{row.figures[name]:,.4g}" if row.figures[name] < 1000 else f"{row.figures[name]:,.0f}"
    if name not in row.floor:
        return own
    bare = row.floor[name]
    return f"{own}\n[dim]{bare:,.4g}[/dim]" if bare < 1000 else f"{own}\n[dim]{bare:,.0f}[/dim]"


def _ratio(value: float | None) -> str:
    if value is None:
        return ""
    colour = "green" if value >= RATIO_GOOD else "yellow" if value >= RATIO_POOR else "red"
    return f"[{colour}]{value:.2f}[/{colour}]"
