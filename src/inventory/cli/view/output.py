"""What the client commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from inventory.cli.client import ClientOptions, harmless

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

_JSON: Final = "inventory.json"


class _HarmlessConsole(Console):
    """Shows what others sent without letting it steer the terminal: names and messages are the plugins' own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield the segments; what rich itself tells the terminal stays as it is."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(harmless(segment.text), segment.style)


def console() -> Console:
    """Return a console on stdout; on a pipe it prints plain text, wide enough not to cut."""
    # What was collected is shown as it is: no :name: in it becomes a picture.
    out = _HarmlessConsole(emoji=False)
    return out if out.is_terminal else _HarmlessConsole(width=200, emoji=False)


def _note_json(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_JSON] = True


json_option = click.option(
    "--json", is_flag=True, expose_value=False, callback=_note_json, help="print JSON instead of text"
)
"""The same as before the command; people expect it behind."""


def wants_json(context: click.Context) -> bool:
    """Return whether ``--json`` was given, here or before the command."""
    options = context.find_object(ClientOptions)
    return bool(options and options.as_json) or bool(context.meta.get(_JSON))


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


def table_of(rows: Sequence[Row], columns: Sequence[Column]) -> Table:
    """Return a table with a line a row."""
    table = plain_table(*(title for title, _ in columns))
    for row in rows:
        table.add_row(*(cell(row, key) for _, key in columns))
    return table


def plain_table(*titles: str) -> Table:
    """Return an empty table without borders; long cells are folded, never cut."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def print_rows(context: click.Context, answer: Mapping[str, Any], columns: Sequence[Column]) -> None:
    """Print a list answer: a table with how many there are, or the answer itself as JSON."""
    if wants_json(context):
        print_json(answer)
        return
    out = console()
    out.print(table_of(answer.get("results", []), columns))
    out.print(count_line(answer))


def count_line(answer: Mapping[str, Any]) -> str:
    """Return how many of how many are shown."""
    shown = len(answer.get("results", []))
    return f"[dim]{shown} of {answer.get('total_count', 0)}[/]"


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def say(context: click.Context, answer: Mapping[str, Any], words: str) -> None:
    """Print ``words`` for people, the answer itself as JSON."""
    if wants_json(context):
        print_json(answer)
    else:
        click.echo(harmless(words))


def duration(row: Row) -> str:
    """Return how long something ran, or has been running."""
    began = row.get("started_at") or row.get("created_at")
    if not began:
        return ""
    end = datetime.fromisoformat(row["finished_at"]) if row.get("finished_at") else datetime.now(UTC)
    seconds = (end - datetime.fromisoformat(began)).total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
