"""Pages that begin after the last row of the page before, so that a deep page costs as much as the first.

A cursor holds the sort values and ``_id`` of a page's last row. The next page is found by comparing with them, which an
index in the requested order answers without reading what lies before; to skip a number of rows, MongoDB reads them all.
Values are compared as MongoDB sorts them: absent and null are equal, and come first in ascending order.

Orders by content of any type, such as a path into collected data, have no such comparison: there a cursor is a number
of rows to skip, at most ``MOST_SKIPPED``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bson import ObjectId
from bson.errors import InvalidId

from inventory.domain.plain import Document
from inventory.errors import InvalidParameterError
from inventory.query.fields import FieldKind, ResourceSchema, SortOrder

MOST_SKIPPED: Final = 10_000
MOST_COUNTED: Final = 10_000
"""Matches are counted up to this number: counting a million takes MongoDB longer than finding a page of them."""
_COMPARED: Final = frozenset({FieldKind.STRING, FieldKind.ENUM, FieldKind.DATETIME})
_MOST_CHARACTERS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins.

    Attributes:
        values: of the last row of the page before, by path; none if rows are skipped instead.
        skip: number of rows before the page, where they cannot be compared.
    """

    values: Mapping[str, Any] | None = None
    skip: int = 0


def is_comparable(schema: ResourceSchema, order: SortOrder) -> bool:
    """Return whether rows in this order can be compared with the last row of a page."""
    return all(path == "_id" or _is_single(schema, path) for path, _ in order)


def _is_single(schema: ResourceSchema, path: str) -> bool:
    field = schema.fields.get(path)
    return field is not None and field.kind in _COMPARED and not field.many


def encode(order: SortOrder, last: Mapping[str, Any]) -> str:
    """Return the cursor of the page after the row ``last``."""
    return _encoded({"order": [list(each) for each in order], "values": [_plain(last.get(path)) for path, _ in order]})


def encode_skip(order: SortOrder, skip: int) -> str:
    """Return the cursor of the page after ``skip`` rows."""
    return _encoded({"order": [list(each) for each in order], "skip": skip})


def decode(text: str, order: SortOrder) -> Cursor:
    """Return what a cursor says; an empty one is the beginning.

    Raises:
        InvalidParameterError: it is no cursor, or one of another order.
    """
    if not text:
        return Cursor()
    try:
        if len(text) > _MOST_CHARACTERS:
            raise ValueError
        content = json.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=="))
        if content["order"] != [list(each) for each in order]:
            raise InvalidParameterError(key="after", reason="it belongs to a list in another order")
        if "skip" in content:
            return Cursor(skip=min(max(int(content["skip"]), 0), MOST_SKIPPED))
        values = [_value(path, each) for (path, _), each in zip(order, content["values"], strict=True)]
    except InvalidParameterError:
        raise
    except (ValueError, TypeError, LookupError, InvalidId, RecursionError, OverflowError):
        raise InvalidParameterError(key="after", reason="it is not the `next` of a page") from None
    return Cursor(values={path: value for (path, _), value in zip(order, values, strict=True)})


def following(order: SortOrder, values: Mapping[str, Any]) -> Document:
    """Return the filter for the rows after the one with ``values``."""
    branches: list[Document] = []
    equal: Document = {}
    for path, direction in order:
        branches += [{**equal, path: beyond} for beyond in _beyond(values[path], direction)]
        equal[path] = values[path]
    first, direction = order[0]
    bound = _bound(values[first], direction)
    # The first value's bound follows from the branches, but only when stated it limits what is read of an index.
    return {"$and": [*([{first: bound}] if bound is not None else []), {"$or": branches}]}


def _beyond(value: Any, direction: int) -> list[Any]:
    """Return the conditions on what comes after ``value``; any of them."""
    if value is None:
        return [{"$ne": None}] if direction > 0 else []
    return [{"$gt": value}] if direction > 0 else [{"$lt": value}, None]


def _bound(value: Any, direction: int) -> Any:
    if value is None:
        return None if direction > 0 else {"$eq": None}
    return {"$gte": value} if direction > 0 else {"$not": {"$gt": value}}


def _encoded(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.astimezone(UTC).isoformat()}
    return {"id": str(value)} if isinstance(value, ObjectId) else value


def _value(path: str, plain: Any) -> Any:
    """Return a value of a cursor: a text, a time, an id, or null; nothing that MongoDB would read as an operator."""
    if isinstance(plain, dict):
        return ObjectId(plain["id"]) if path == "_id" else datetime.fromisoformat(plain["time"]).astimezone(UTC)
    if path == "_id" or not (plain is None or isinstance(plain, str)):
        raise ValueError
    return plain
