"""The list of resources: facets, search, columns, pages, export."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from inventory.console.api import ApiError, Json
from inventory.console.parts import Part, TemplateValues, grouped, part
from inventory.console.resource.layouts import table_fields
from inventory.console.resource.selection import (
    COLUMNS,
    EXPORTED,
    FACETS,
    LIMIT,
    ORDERED_BY_PATH,
    Selection,
    columns_of,
    only_of,
)
from inventory.console.resource.view_field import ViewField, value_at
from inventory.console.routes import ConsolePage
from inventory.console.visit import HEADERS, Visit

_SHOWN_VALUES: Final = 8
_MOST_VALUES: Final = 200
_EXPORT_PAGE: Final = 500
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""First characters of cells that spreadsheets would evaluate as formulas."""


async def facets(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return the values of each facet, with the number of resources that match each."""
    selection = Selection.of(visit)
    asked = [
        part(visit, "CloudService.stat", wait=wait, query=_facet_query(selection, name, key))
        for name, (key, _) in FACETS.items()
    ]
    answers = await asyncio.gather(*asked)
    late = any(each.is_late for each in answers)
    failed = next((each for each in answers if each.error), None)
    return {
        "part": Part(None) if late else failed or Part({}),
        "facets": [
            (name, title, key, answer.results, selection.facets[name])
            for (name, (key, title)), answer in zip(FACETS.items(), answers, strict=True)
        ],
        "selection": selection,
        "shown": _SHOWN_VALUES,
    }


def _facet_query(selection: Selection, name: str, key: str) -> Json:
    return selection.query(without=name, **grouped(key), page={"start": 1, "limit": _MOST_VALUES})


async def rows(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return one page of the list."""
    selection = Selection.of(visit)
    own = await _type_fields(visit, selection)
    columns = columns_of(visit, own)
    query = selection.list_query(limit=LIMIT, only=only_of(columns))
    return {
        "part": await part(visit, "ResourcePages.list", wait=wait, query=query, after=selection.after),
        "columns": columns,
        "choices": list({field.key: field for field in (*COLUMNS.values(), *own, *columns)}.values()),
        "selection": selection,
    }


async def _type_fields(visit: Visit, selection: Selection) -> tuple[ViewField, ...]:
    """Return the columns of the table that the plugin defines for the chosen type, if there is exactly one."""
    if selection.single_type is None:
        return ()
    provider, group, name = selection.single_type
    query = {"page": {"start": 1, "limit": 1}, "only": ["metadata"]}
    try:
        answer = await visit.call("CloudServiceType.list", provider=provider, group=group, name=name, query=query)
    except ApiError:
        return ()  # the rows can be shown without
    return table_fields(answer["results"][0].get("metadata")) if answer.get("results") else ()


async def show(visit: Visit) -> Response:
    """Show the page."""
    found, sides = await asyncio.gather(rows(visit), facets(visit))
    return visit.render("resources/list.html", it=found, sides=sides, selection=found["selection"])


async def show_rows(visit: Visit) -> Response:
    """Show the rows only, however long that takes."""
    it = await rows(visit, wait=True)
    return visit.render("part.html", template="resources/rows.html", it=it)


async def show_facets(visit: Visit) -> Response:
    """Show the facets only, however long that takes."""
    it = await facets(visit, wait=True)
    return visit.render("part.html", template="resources/facets.html", it=it)


# Export


async def export_csv(visit: Visit) -> Response:
    """Return all pages of the list as CSV."""
    columns, pages = await _exported(visit)

    async def lines() -> AsyncIterator[str]:
        yield _csv([[_cell(field.name) for field in columns]])
        async for page in pages:
            yield _csv([[_cell(value_at(row, field.key)) for field in columns] for row in page])

    return _file(lines(), "text/csv", "resources.csv")


async def export_json(visit: Visit) -> Response:
    """Return all pages of the list as JSON: a list of objects by column."""
    columns, pages = await _exported(visit)

    async def lines() -> AsyncIterator[str]:
        joint = "["
        async for page in pages:
            for row in page:
                values = {"cloud_service_id": row.get("cloud_service_id")}
                values |= {field.key: value_at(row, field.key) for field in columns}
                yield joint + "\n" + json.dumps(values, ensure_ascii=False)
                joint = ","
        yield "[]\n" if joint == "[" else "\n]\n"

    return _file(lines(), "application/json", "resources.json")


async def _exported(visit: Visit) -> tuple[list[ViewField], AsyncIterator[list[Json]]]:
    """Return the columns, and the rows page by page; the first is requested at once, so that errors are shown."""
    selection = Selection.of(visit)
    columns = columns_of(visit, await _type_fields(visit, selection))
    only = only_of(columns)

    query = selection.list_query(limit=_EXPORT_PAGE, only=only)
    first = await visit.call("ResourcePages.list", query=query)
    if first.get("has_more_than_counted"):
        await _check_size(visit, selection)

    async def pages() -> AsyncIterator[list[Json]]:
        page, left = first, EXPORTED
        while left > 0 and (found := page.get("results", [])[:left]):
            yield found
            left -= len(found)
            after = page.get("next", "")
            page = await visit.call("ResourcePages.list", query=query, after=after) if after else {}

    return columns, pages()


async def _check_size(visit: Visit, selection: Selection) -> None:
    """Refuse an export that would lack rows: a file cannot say that it is not whole.

    Raises:
        ApiError: more rows match than an export in this order has.
    """
    counted = await visit.call("CloudService.list", query=selection.query(count_only=True))
    total, most = int(counted.get("total_count", 0)), ORDERED_BY_PATH if selection.is_by_path else EXPORTED
    if total > most:
        where = f"sorted by {selection.sort.removeprefix('-')} " if selection.is_by_path else ""
        advice = "Sort by another column, or narrow the selection." if where else "Narrow the selection."
        reason = f"{total:,} resources match, and an export {where}has at most {most:,} rows. {advice}"
        raise ApiError(400, "ERROR_LIMIT_EXCEEDED", reason)


def _file(lines: AsyncIterator[str], media_type: str, name: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    encoded = (line.encode("utf-8", "replace") async for line in lines)
    return StreamingResponse(encoded, media_type=f"{media_type}; charset=utf-8", headers=headers)


def _csv(lines: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue()


def _cell(value: Any) -> str:
    """Return a value as a cell; a text that a spreadsheet would evaluate gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


PAGES: Final = (
    ConsolePage("/resources", "resources", show),
    ConsolePage("/resources/part/rows", "resources_rows", show_rows),
    ConsolePage("/resources/part/facets", "resources_facets", show_facets),
    ConsolePage("/resources/export.csv", "resources_csv", export_csv),
    ConsolePage("/resources/export.json", "resources_json", export_json),
)
