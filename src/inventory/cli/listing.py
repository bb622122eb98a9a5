"""Options shared by all lists and their API queries; and lists that are refreshed until Ctrl-C."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click
from rich.console import Console, Group
from rich.live import Live

from inventory.cli.client import CallError
from inventory.cli.command_form import wants_json
from inventory.cli.view.output import Column, console, count_line, print_json, print_rows, styled, table_of
from inventory.domain.plain import Json, MutableJson
from inventory.query.condition_text import parse_condition

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

REFRESH_SECONDS: Final = 2.0
"""How often a watched list is refreshed, s."""

FILTER_HELP: Final = (
    "KEY=VALUE, KEY!=VALUE, KEY~PART, KEY!~PART, KEY>VALUE, KEY>=VALUE, KEY<VALUE, KEY<=VALUE; all given must hold"
)


class FilterParameter(click.ParamType[Json]):
    """One condition, such as ``state=ENABLED``."""

    name = "filter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Json:
        """Return the condition in the API's form."""
        if isinstance(value, dict):
            return value
        condition = parse_condition(value)
        if condition is None:
            self.fail(f"{value!r} is none of {FILTER_HELP.partition(';')[0]}", param, ctx)
        return condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The options given to a list.

    Attributes:
        conditions: in the API's form.
        keyword: words to search for.
        sort: keys, with a leading ``-`` for descending.
        page: from 1.
        limit: rows per page.
        watch: whether to refresh the list until Ctrl-C.
    """

    conditions: tuple[Json, ...] = ()
    keyword: str = ""
    sort: tuple[str, ...] = ()
    page: int = 1
    limit: int = 50
    watch: bool = False

    def query(self, *more: Json) -> Json:
        """Return the ``query`` of a list request, with ``more`` conditions."""
        query: MutableJson = {"page": page_of(self.page, self.limit)}
        if self.conditions or more:
            query["filter"] = [*self.conditions, *more]
        if self.keyword:
            query["keyword"] = self.keyword
        if self.sort:
            query["sort"] = {"keys": [{"key": key.lstrip("-"), "desc": key.startswith("-")} for key in self.sort]}
        return query


filter_option = click.option("--filter", "-f", "filter_", type=FilterParameter(), multiple=True, help=FILTER_HELP)


def page_of(page: int, limit: int) -> Json:
    """Return the ``page`` of a list request, of these options."""
    return {"start": (page - 1) * limit + 1, "limit": limit}


def page_options(*, limit: int, most: int | None = None) -> Callable[[FunctionT], FunctionT]:
    """Give a command the options ``page`` and ``limit`` for :func:`page_of`.

    Args:
        limit: rows per page by default.
        most: the maximum number of rows per page, or None for no maximum.
    """
    page = click.option("--page", type=click.IntRange(1), default=1, show_default=True)
    rows = click.option("--limit", type=click.IntRange(1, most), default=limit, show_default=True, help="rows per page")
    return lambda function: page(rows(function))


def list_options(*, limit: int = 50, watch: bool = False) -> Callable[[FunctionT], FunctionT]:
    """Give a command the options of lists; it receives them as one argument ``wanted``."""

    def decorate(function: FunctionT) -> FunctionT:
        @functools.wraps(function)
        def command(*args: Any, filter_: tuple[Json, ...], **rest: Any) -> Any:
            chosen = {name: rest.pop(name) for name in ("keyword", "sort", "page", "limit", "watch") if name in rest}
            return function(*args, wanted=Listing(conditions=filter_, **chosen), **rest)

        options: list[Callable[[Any], Any]] = [
            filter_option,
            click.option("--keyword", default="", help="only rows that contain this text"),
            click.option(
                "--sort", multiple=True, metavar="KEY", help="sort by KEY, or by -KEY for descending; repeatable"
            ),
            page_options(limit=limit),
        ]
        if watch:
            options.append(click.option("--watch", is_flag=True, help="refresh until Ctrl-C"))
        result: Any = command
        for option in reversed(options):
            result = option(result)
        decorated: FunctionT = result
        return decorated

    return decorate


def show_rows(wanted: Listing, fetch: Callable[[], Mapping[str, Any]], columns: Sequence[Column]) -> None:
    """Print what ``fetch`` returns once or, with ``--watch``, repeatedly until Ctrl-C."""
    if not wanted.watch:
        print_rows(fetch(), columns)
        return
    try:
        if wants_json():
            _stream(fetch, lambda answer: print_json(answer, indent=None))
        else:
            _live(console(), fetch, columns)
    except KeyboardInterrupt:
        return


def _live(out: Console, fetch: Callable[[], Mapping[str, Any]], columns: Sequence[Column]) -> None:
    if not out.is_terminal:
        _stream(fetch, lambda answer: out.print(table_of(answer.get("results", []), columns)))
        return
    shown: Any = ""
    with Live(console=out, auto_refresh=False) as live:
        while True:
            try:
                answer = fetch()
                shown = Group(table_of(answer.get("results", []), columns), count_line(answer))
                live.update(shown, refresh=True)
            except CallError as exc:
                if not exc.unreachable:
                    raise
                live.update(Group(shown, styled(("the server does not answer; retrying", "yellow"))), refresh=True)
            time.sleep(REFRESH_SECONDS)


def _stream(fetch: Callable[[], Mapping[str, Any]], tell: Callable[[Mapping[str, Any]], None]) -> None:
    """Emit each answer that differs from the previous one: a reader of a pipe wants only changes."""
    last: Mapping[str, Any] | None = None
    while True:
        try:
            answer = fetch()
        except CallError as exc:
            if not exc.unreachable:
                raise
        else:
            if answer != last:
                tell(answer)
                last = answer
        time.sleep(REFRESH_SECONDS)
