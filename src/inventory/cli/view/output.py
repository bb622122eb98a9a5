"""Output of the client commands: tables for people, JSON for scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from inventory.cli.command_form import wants_json
from inventory.cli.terminal import echo, harmless, json_text, one_line
from inventory.cli.view.console import TerminalConsole

Row = Mapping[str, Any]
Column = tuple[str, str | Callable[[Row], "str | Text"]]
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


def console(file: TextIO | None = None) -> Console:
    """Return a console on ``file``, by default stdout; on a pipe it prints plain text without cutting lines."""
    out = TerminalConsole(file=file)
    return out if out.is_terminal else TerminalConsole(file=file, width=200)


def cell(row: Row, key: str | Callable[[Row], str | Text]) -> Text:
    """Return the content of one cell; a value that cannot be displayed does not affect the others."""
    if callable(key):
        return as_text(key(row))
    value: Any = row
    for part in key.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return status(one_line(", ".join(map(str, value)) if isinstance(value, list) else str(value)))


def status(word: str) -> Text:
    """Return a status or state in its color; any other text unchanged."""
    return Text(harmless(word), STATUS_STYLE.get(word, ""))


def as_text(content: str | Text) -> Text:
    """Return text that is printed literally, on one line."""
    return content if isinstance(content, Text) else Text(one_line(content))


def styled(*parts: str | tuple[str, str] | Text) -> Text:
    """Return one text made of plain texts and (text, style) pairs; none is interpreted as markup."""
    return Text.assemble(*parts)


def table_of(rows: Sequence[Row], columns: Sequence[Column]) -> Table:
    """Return a table with one line per row."""
    table = plain_table(*(title for title, _ in columns))
    for row in rows:
        add_row(table, *(cell(row, key) for _, key in columns))
    return table


def add_row(table: Table, *cells: str | Text, style: str | None = None) -> None:
    """Add a row whose texts are printed literally."""
    table.add_row(*map(as_text, cells), style=style)


def plain_table(*titles: str) -> Table:
    """Return an empty table without borders; long cells are folded, never cut."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        table.add_column(as_text(title), overflow="fold")
    return table


def print_rows(answer: Mapping[str, Any], columns: Sequence[Column]) -> None:
    """Print the answer of a list: a table with the number of rows, or the answer itself as JSON."""
    if wants_json():
        print_json(answer)
        return
    out = console()
    out.print(table_of(answer.get("results", []), columns))
    out.print(count_line(answer))


def count_line(answer: Mapping[str, Any]) -> Text:
    """Return the line that says how many of how many rows are shown."""
    shown = len(answer.get("results", []))
    return Text(f"{shown} of {answer.get('total_count', 0)}", "dim")


def print_json(answer: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document."""
    echo(json_text(answer, indent=indent))


def say(answer: Mapping[str, Any], words: str) -> None:
    """Print ``words`` in one line for people, or the answer itself as JSON."""
    if wants_json():
        print_json(answer)
    else:
        echo(one_line(words))


def duration(row: Row) -> str:
    """Return how long something ran, or has been running; empty if its times are invalid."""
    began = row.get("started_at") or row.get("created_at")
    if not began:
        return ""
    try:
        end = datetime.fromisoformat(row["finished_at"]) if row.get("finished_at") else datetime.now(UTC)
        seconds = (end - datetime.fromisoformat(began)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
