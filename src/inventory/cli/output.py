"""What the client commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inventory.cli.client import ClientOptions

Row = Mapping[str, Any]
Column = tuple[str, str | Callable[[Row], str]]
"""A column's title, and a dotted key or a function of the row."""

STATUS_STYLE = {
    "SUCCESS": "green",
    "ENABLED": "green",
    "ACTIVE": "green",
    "ERROR": "red",
    "FAILURE": "red",
    "TIMEOUT": "red",
    "DELETED": "red",
    "CANCELED": "yellow",
    "DISABLED": "yellow",
    "IN_PROGRESS": "cyan",
    "PENDING": "dim",
}


def console() -> Console:
    """Return a console on stdout; on a pipe it prints plain text, wide enough not to cut."""
    # What was collected is shown as it is: no :name: in it becomes a picture.
    out = Console(emoji=False)
    return out if out.is_terminal else Console(width=200, emoji=False)


def wants_json(context: click.Context) -> bool:
    """Return whether ``--json`` was given, here or before the command."""
    options = context.find_object(ClientOptions)
    return bool(options and options.as_json) or bool(context.params.get("as_json"))


def cell(row: Row, key: str | Callable[[Row], str]) -> str:
    """Return what stands in one cell."""
    if callable(key):
        return key(row)
    value: Any = row
    for part in key.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    style = STATUS_STYLE.get(text)
    return f"[{style}]{text}[/]" if style else escape(text)


def print_rows(context: click.Context, answer: Mapping[str, Any], columns: Sequence[Column]) -> None:
    """Print a list answer: a table with how many there are, or the answer itself as JSON."""
    if wants_json(context):
        print_json(answer)
        return
    rows = answer.get("results", [])
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title, _ in columns:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(cell(row, key) for _, key in columns))
    out = console()
    out.print(table)
    out.print(f"[dim]{len(rows)} of {answer.get('total_count', len(rows))}[/]")


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def duration(row: Row) -> str:
    """Return how long something ran, or has been running."""
    began = row.get("started_at") or row.get("created_at")
    if not began:
        return ""
    end = datetime.fromisoformat(row["finished_at"]) if row.get("finished_at") else datetime.now(UTC)
    seconds = (end - datetime.fromisoformat(began)).total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


json_option = click.option("--json", "as_json", is_flag=True, help="print JSON instead of tables")
"""The same as before the command; people expect it behind."""
