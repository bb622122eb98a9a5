"""``python -m tests.bench readme RESULT.json``: the results as the Markdown of the README's section Performance."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.rpc import BUDGET

Stored = Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Print the Markdown; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench readme", description=__doc__)
    parser.add_argument("result", type=Path)
    content = json.loads(parser.parse_args(arguments).result.read_text())
    print("\n".join(markdown(content["about"], content["rows"])))
    return 0


def markdown(about: Stored, rows: Sequence[Stored]) -> Iterator[str]:
    """Yield the lines: the machine, a table of the RPCs, and a table for each other group."""
    yield _machine(about)
    groups = dict.fromkeys(row["group"] for row in rows)
    for group in groups:
        mine = [row for row in rows if row["group"] == group]
        yield ""
        yield from _rpcs(mine) if group == "rpc" else _plain(group, mine)


def _machine(about: Stored) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in about.get("packages", {}).items())
    in_memory = "yes" if about["databases_in_memory"] else "no"
    return (
        f"Measured on {about['cpus']} cores ({about['processor'] or 'unknown'}), {about['memory_gib']:.0f} GiB, "
        f"Python {about['python']}, {packages}; databases in memory: {in_memory}; "
        f"load before {about['load_before'][0]:.1f}."
    )


def _rpcs(rows: Sequence[Stored]) -> Iterator[str]:
    clients = list(dict.fromkeys(row["clients"] for row in rows))
    yield f"| RPC | {' | '.join(f'{each} client' + 's' * (each > 1) for each in clients)} |"
    yield "| --- |" + " --- |" * len(clients)
    for case in dict.fromkeys(row["case"] for row in rows):
        cells = {row["clients"]: _rpc_cell(row) for row in rows if row["case"] == case}
        yield f"| {case.replace('_', ' ')} | {' | '.join(cells.get(each, '') for each in clients)} |"
    yield ""
    yield "Calls per second (**ratio to the floor**), p50 / p95 / p99 in ms."
    yield from _promises(rows)
    yield from _wholes(rows)


def _wholes(rows: Sequence[Stored]) -> Iterator[str]:
    whole = [row for row in rows if "rate_whole" in row["ratios"]]
    if whole:
        each = [f"`{row['case']}` by {row['clients']}: **{row['ratios']['rate_whole']:.2f}**" for row in whole]
        yield ""
        yield f"Beside their inserts and what else the contract demands, read and marked one by one: {', '.join(each)}."


def _promises(rows: Sequence[Stored]) -> Iterator[str]:
    for row in rows:
        if "p50_budget" in row["ratios"]:
            noop, find_one = row["floor"]["noop_p50_ms"], row["floor"]["find_one_p50_ms"]
            taken = row["figures"]["p50_ms"]
            yield ""
            yield (
                f"With one client, the p50 of `{row['case']}` is **{taken / (noop + find_one):.2f}** × (a no-op call + "
                f"one raw find_one) = {_short(taken)} ms / ({_short(noop)} ms + {_short(find_one)} ms); "
                f"promised: {BUDGET}."
            )


def _rpc_cell(row: Stored) -> str:
    figures = row["figures"]
    ratio = f" (**{row['ratios']['rate']:.2f}**)" if "rate" in row["ratios"] else ""
    times = " / ".join(_short(figures[name]) for name in ("p50_ms", "p95_ms", "p99_ms"))
    return f"{figures['rate']:,.0f}{ratio}, {times}"


def _plain(group: str, rows: Sequence[Stored]) -> Iterator[str]:
    figures = list(dict.fromkeys(name for row in rows for name in row["figures"]))
    ratios = list(dict.fromkeys(name for row in rows for name in row["ratios"]))
    titles = [name.replace("_", " ") for name in (*figures, *(f"ratio {each}" for each in ratios))]
    yield f"| {group} | {' | '.join(titles)} |"
    yield "| --- |" + " --: |" * (len(figures) + len(ratios))
    for row in rows:
        cells = [_short(row["figures"].get(name)) for name in figures]
        cells += [f"**{row['ratios'][name]:.2f}**" if name in row["ratios"] else "" for name in ratios]
        yield f"| {row['case']} | {' | '.join(cells)} |"


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
