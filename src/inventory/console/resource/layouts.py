"""Layouts of a plugin's view definition with the values of a resource: items, tables, lists of these, raw data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from inventory.console.resource.view_field import ViewField, fields_of, value_at

MAX_LAYOUTS: Final = 20
MAX_ROWS: Final = 100
_MAX_RAW: Final = 20_000
_TABLES: Final = frozenset({"table", "simple-table", "query-search-table", "search-table", "raw-table"})


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout with its values.

    Attributes:
        name: its heading.
        lines: names and values of an item.
        columns: columns of a table.
        rows: rows of a table, with a value for each column.
        rows_left: number of further rows.
        raw: for any other kind: the data as JSON.
    """

    name: str
    lines: tuple[tuple[str, Markup], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Markup, ...], ...] = ()
    rows_left: int = 0
    raw: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to show."""
        return not (self.lines or self.columns or self.raw)


def layouts_of(resource: Mapping[str, Any], type_metadata: Mapping[str, Any]) -> list[Layout]:
    """Return the layouts of a resource: those that its plugin sent with it, or else the table fields of its type."""
    metadata = resource.get("metadata")
    per_provider = metadata.get(resource.get("provider", "")) if isinstance(metadata, Mapping) else None
    found: list[Layout] = []
    for source in (per_provider, type_metadata):
        listed = value_at(source, "view.sub_data.layouts") if isinstance(source, Mapping) else None
        for content in listed[:MAX_LAYOUTS] if isinstance(listed, list) else ():
            _gather(content, resource, found)
        if found:
            return found
    fields = table_fields(type_metadata)
    return [_item("", fields, resource)] if fields else []


def table_fields(type_metadata: Any) -> tuple[ViewField, ...]:
    """Return the columns of the table of a type; empty if it defines no table."""
    return fields_of(value_at(type_metadata, "view.table.layout.options"))


def _gather(content: Any, resource: Mapping[str, Any], found: list[Layout]) -> None:
    if not isinstance(content, Mapping) or len(found) >= MAX_LAYOUTS:
        return
    options = content.get("options")
    options = options if isinstance(options, Mapping) else {}
    if content.get("type") == "list":
        inner = options.get("layouts")
        for each in inner[:MAX_LAYOUTS] if isinstance(inner, list) else ():
            _gather(each, resource, found)
        return
    made = _layout(str(content.get("name") or ""), str(content.get("type") or ""), options, resource)
    if not made.is_empty:
        found.append(made)


def _layout(name: str, kind: str, options: Mapping[str, Any], resource: Mapping[str, Any]) -> Layout:
    root = options.get("root_path")
    value = value_at(resource, root) if isinstance(root, str) and root else resource
    fields = fields_of(options)
    if kind == "item" and fields:
        return _item(name, fields, value)
    if kind in _TABLES and fields:
        rows = value if isinstance(value, list) else [value] if value and value is not resource else []
        return Layout(
            name,
            columns=tuple(each.name for each in fields),
            rows=tuple(tuple(each.shown(row) for each in fields) for row in rows[:MAX_ROWS]),
            rows_left=max(len(rows) - MAX_ROWS, 0),
        )
    if value is resource or value in (None, "", [], {}):
        return Layout(name)
    return Layout(name, raw=json.dumps(value, ensure_ascii=False, indent=2)[:_MAX_RAW])


def _item(name: str, fields: tuple[ViewField, ...], value: Any) -> Layout:
    return Layout(name, lines=tuple((each.name, each.shown(value)) for each in fields))
