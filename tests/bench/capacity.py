"""``python -m tests.bench.capacity RESULT.json``: what 1,000 to 100,000,000 resources take, from measured unit costs.

A model, not a measurement: costs per resource, per task and per change, as ``python -m tests.bench --only steady --only
drain --only scheduler`` found them, times how many there are. A core is one of the machine that was measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.results import load

SIZES = tuple(10**power for power in range(3, 9))
USED = 0.7
"""Share of a core that is planned for; the rest is for peaks, retries and what else a process does."""
HOUR = 3600.0
YEAR_HOURS = 24.0 * 365
GIB = 1024.0**3
MIB = 1024.0**2
PRIMARY_CORES = 16.0
"""Cores of a large MongoDB node: a replica set writes on one."""
PRIMARY_MEMORY_GIB = 128.0
"""Memory of one: the indexes, and what is read and written of the data, must fit."""
WORKING_SHARE = 0.2
"""Of the data, what is read again and again."""


@dataclass(frozen=True, slots=True)
class Units:
    """Measured costs.

    Attributes:
        worker, mongod: CPU of one resource in the steady state, s.
        written: bytes that MongoDB writes for it to files and journal.
        task: worker's CPU of a task without resources, s.
        message: bytes in Redis for one waiting task.
        data, disk, index: bytes of one resource with its state and its first record.
        record: bytes on disk and of indexes of one further change.
        fires: jobs that schedules make per second, by one scheduler.
    """

    worker: float
    mongod: float
    written: float
    task: float
    message: float
    data: float
    disk: float
    index: float
    record: float
    fires: float

    @classmethod
    def read(cls, rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Units:
        """Take them from the rows of a result.

        Raises:
            KeyError: a part was not measured; the message names it.
        """
        steady = _figures(rows, "steady state/", "% changed")
        drain = _figures(rows, "drain/", "collectors")
        kept = {name: _figures(rows, f"storage/{name}") for name in ("cloud_service", "collection_state", "record")}
        tasks = float(_key(rows, "drain/", "collectors").partition("/")[2].split()[0].replace(",", ""))
        return cls(
            worker=steady["worker_cpu_ms"] / 1000,
            mongod=steady["mongod_cpu_ms"] / 1000,
            written=steady["written_bytes"],
            task=drain["cpu_ms"] / 1000,
            message=drain["redis_backlog_mib"] * MIB / tasks,
            data=sum(each["data_bytes"] for each in kept.values()),
            disk=sum(each["disk_bytes"] for each in kept.values()),
            index=sum(each["index_bytes"] for each in kept.values()),
            record=kept["record"]["disk_bytes"] + kept["record"]["index_bytes"],
            fires=_figures(rows, "scheduler/", "1 scheduler")["rate"],
        )


@dataclass(frozen=True, slots=True)
class Load:
    """What is collected.

    Attributes:
        resources: how many are alive.
        per_account: of them in an account, which is one task.
        interval: between two collects of an account, s.
        changed: share that has changed from one collect to the next.
    """

    resources: int
    per_account: int = 5_000
    interval: float = HOUR
    changed: float = 0.005

    @property
    def accounts(self) -> int:
        """How many accounts, at least one."""
        return max(1, -(-self.resources // self.per_account))


def needs(units: Units, load: Load) -> dict[str, float]:
    """Return what a load takes, by name with its unit."""
    collected = load.resources / load.interval
    tasks = load.accounts / load.interval
    changes = load.resources * load.changed * HOUR / load.interval * YEAR_HOURS
    index = load.resources * units.index / GIB
    return {
        "accounts": load.accounts,
        "resources per second": collected,
        "worker cores": (collected * units.worker + tasks * units.task) / USED,
        "MongoDB cores": collected * units.mongod / USED,
        "data GiB": load.resources * units.data / GIB,
        "disk GiB": load.resources * units.disk / GIB,
        "index GiB": index,
        "MongoDB memory GiB": index + WORKING_SHARE * load.resources * units.data / GIB,
        "written MiB per second": collected * units.written / MIB,
        "history GiB per year": changes * units.record / GIB,
        "Redis MiB": load.accounts * units.message / MIB,
        "seconds until all schedules have fired": load.accounts / units.fires,
    }


def wall(found: Mapping[str, float]) -> str:
    """Return what is reached first with one replica set, or that nothing is."""
    shares = {
        "MongoDB's CPU": found["MongoDB cores"] / PRIMARY_CORES,
        "MongoDB's memory": found["MongoDB memory GiB"] / PRIMARY_MEMORY_GIB,
    }
    name, share = max(shares.items(), key=lambda each: each[1])
    return f"{name}: {share:.1f} nodes" if share > 1 else "none"


def table(units: Units, make: Callable[[int], Load] = Load) -> Iterator[str]:
    """Yield the lines of a Markdown table, a column for each size."""
    columns = [needs(units, make(size)) for size in SIZES]
    yield f"| resources | {' | '.join(f'{size:,}' for size in SIZES)} |"
    yield "| --- |" + " --: |" * len(SIZES)
    for name in columns[0]:
        yield f"| {name} | {' | '.join(_short(each[name]) for each in columns)} |"
    yield f"| first wall of one replica set | {' | '.join(wall(each) for each in columns)} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _key(rows: Mapping[str, object], *parts: str) -> str:
    for key in rows:
        if key.startswith(parts[0]) and all(part in key for part in parts) and "limits bind" not in key:
            return key
    raise KeyError(f"the result has no row {' … '.join(parts)}: measure that part")


def _figures(rows: Mapping[str, Mapping[str, Mapping[str, float]]], *parts: str) -> Mapping[str, float]:
    return rows[_key(rows, *parts)]["figures"]


def main(arguments: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.capacity", description=__doc__)
    usual = Load(resources=1)
    parser.add_argument("result", type=Path)
    parser.add_argument("--per-account", type=int, default=usual.per_account, help="resources of an account")
    parser.add_argument("--interval", type=float, default=usual.interval, help="seconds between two collects")
    parser.add_argument("--changed", type=float, default=usual.changed, help="share that changes in between")
    given = parser.parse_args(arguments)
    try:
        units = Units.read(load(given.result))
    except KeyError as exc:
        parser.error(str(exc.args[0]))
    print("\n".join(table(units, lambda size: Load(size, given.per_account, given.interval, given.changed))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
