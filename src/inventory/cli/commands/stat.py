"""``stat`` of every kind of object: counts by fields, or the values of a field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from inventory.cli.client import connected
from inventory.cli.command_form import CommandGroup, wants_json
from inventory.cli.listing import filter_option
from inventory.cli.parameters import STRUCT
from inventory.cli.terminal import echo, json_text, one_line
from inventory.cli.view.output import add_row, console, plain_table, print_json
from inventory.domain.numbers import whole
from inventory.domain.plain import Json, MutableJson


def add_stat(group: CommandGroup, service: str, *, example: str) -> None:
    """Add ``stat`` of the API's ``service`` to ``group``."""

    @group.command("stat", example=example)
    @click.option("--by", multiple=True, metavar="KEY", help="count by this field; repeatable")
    @click.option("--sum", "sums", multiple=True, metavar="KEY", help="also add up this field; repeatable")
    @click.option("--distinct", metavar="KEY", help="list the values of this field instead")
    @click.option("--query", type=STRUCT, help="a whole StatisticsQuery instead, JSON or @FILE")
    @filter_option
    def stat(
        by: tuple[str, ...],
        sums: tuple[str, ...],
        distinct: str | None,
        query: Json | None,
        filter_: tuple[Json, ...],
    ) -> None:
        """Count by fields, or list the values of one."""
        asked = statistics_query(by=by, sums=sums, distinct=distinct, query=query, conditions=filter_)
        with connected() as client:
            answer = client.call(f"{service}.stat", query=asked)
        print_stat(answer, order=(*by, "count", *sums))


def statistics_query(
    *,
    by: tuple[str, ...] = (),
    sums: tuple[str, ...] = (),
    distinct: str | None = None,
    query: Json | None = None,
    conditions: tuple[Json, ...] = (),
) -> Json:
    """Return the ``query`` of a stat request.

    Raises:
        click.UsageError: more than one of query, distinct and by were given.
    """
    if sum(bool(each) for each in (query, distinct, by or sums)) > 1:
        raise click.UsageError("--query, --distinct and --by exclude each other")
    if query:
        return query
    found: MutableJson = {"filter": list(conditions)} if conditions else {}
    if distinct:
        return found | {"distinct": distinct}
    fields = [{"name": "count", "operator": "count"}]
    fields += [{"name": _column(key), "operator": "sum", "key": key} for key in sums]
    group = {"keys": [{"key": key, "name": _column(key)} for key in by], "fields": fields}
    return found | {"aggregate": [{"group": group}, {"sort": {"key": "count", "desc": True}}]}


def print_stat(answer: Json, *, order: Sequence[str]) -> None:
    """Print the answer of stat: a table or one value per line, or the answer itself as JSON.

    Args:
        order: the order of the columns; others come last.
    """
    if wants_json():
        print_json(answer)
    else:
        _print(answer.get("results", []), [_column(key) for key in order])


def _column(key: str) -> str:
    return key.replace(".", "_")


def _print(rows: list[Any], order: list[str]) -> None:
    if not all(isinstance(row, dict) for row in rows):
        for row in rows:
            echo(one_line(_text(row)))
        return
    names = sorted({name for row in rows for name in row})
    titles = sorted(names, key=lambda name: order.index(name) if name in order else len(order))
    table = plain_table(*titles)
    for row in rows:
        add_row(table, *(_text(row.get(name)) for name in titles))
    console().print(table)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return str(whole(value))
    if isinstance(value, dict | list):
        return json_text(value, indent=None)
    return "" if value is None else str(value)
