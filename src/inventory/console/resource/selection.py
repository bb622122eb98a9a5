"""The parameters of the resource list's URL: facets, search, columns, order and page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inventory.console.api import Json
from inventory.console.resource.view_field import ViewField
from inventory.console.visit import Visit
from inventory.domain.plain import MutableJson
from inventory.query.condition_text import parse_search

LIMIT: Final = 50
EXPORTED: Final = 100_000
"""The maximum number of exported rows."""
ORDERED_BY_PATH: Final = 10_000
"""The maximum number of rows in an order by a path, whose values have any type: ``ResourcePage.next`` ends there."""

FACETS: Final[Mapping[str, tuple[str, str]]] = {
    "provider": ("provider", "Provider"),
    "group": ("cloud_service_group", "Group"),
    "type": ("cloud_service_type", "Type"),
    "region": ("region_code", "Region"),
    "account": ("account", "Account"),
    "project": ("project_id", "Project"),
}
"""The field and its name, by URL parameter."""

COLUMNS: Final[Mapping[str, ViewField]] = {
    field.key: field
    for field in (
        ViewField("name", "Name"),
        ViewField("cloud_service_type", "Type"),
        ViewField("cloud_service_group", "Group"),
        ViewField("provider", "Provider"),
        ViewField("region_code", "Region"),
        ViewField("account", "Account"),
        ViewField("project_id", "Project"),
        ViewField("instance_type", "Instance type"),
        ViewField("instance_size", "Size"),
        ViewField("ip_addresses", "Addresses", "list"),
        ViewField("state", "State"),
        ViewField("cloud_service_id", "Id"),
        ViewField("reference.resource_id", "Id at the provider"),
        ViewField("created_at", "Created", "datetime"),
        ViewField("updated_at", "Updated", "datetime"),
        ViewField("deleted_at", "Deleted", "datetime"),
    )
}
"""Columns that exist for every resource."""

DEFAULT_COLUMNS: Final = ("name", "cloud_service_type", "provider", "region_code", "account", "updated_at")
SHORT_COLUMNS: Final = ("name", "region_code", "account")
"""Shown next to the columns of a type's own table."""
_STATES: Final = ("ACTIVE", "DELETED")
_EARLIER: Final = 12
"""How many pages back the URL of a page leads; all the beginnings would make it too long."""
_MAX_COLUMNS: Final = 30
_PATH: Final = re.compile(r"(data|tags|reference|metadata)(\.[^.$\0]+)+")


FIRST_PAGE: Final[Json] = {"after": None, "row": None, "before": None}
"""What the URL of a page has in addition to that of the first one."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The requested selection.

    Attributes:
        facets: values by parameter.
        states: ``ACTIVE`` or ``DELETED``, or both; empty: ACTIVE.
        q: search as it was typed.
        sort: a key, a leading ``-`` for descending; empty: the newest first.
        after: where the page begins: ``next`` of the page before; empty for the first one.
        start: the number of the page's first row, from 1; only shown.
        earlier: where the pages before it begin, the nearest one last, as far as the URL keeps them.
    """

    facets: Mapping[str, tuple[str, ...]]
    states: tuple[str, ...]
    q: str
    sort: str
    after: str
    start: int
    earlier: tuple[str, ...] = ()

    @classmethod
    def of(cls, visit: Visit) -> Selection:
        """Return the selection in a visit's URL."""
        sort = visit.text("sort")
        key = sort.removeprefix("-")
        return cls(
            facets={name: tuple(visit.texts(name)) for name in FACETS},
            states=tuple(each for each in visit.texts("state") if each in _STATES),
            q=visit.text("q").strip(),
            sort=sort if key in COLUMNS or _PATH.fullmatch(key) else "",
            after=visit.text("after"),
            start=visit.whole("row", 1) if visit.text("after") else 1,
            earlier=tuple(visit.texts("before")[-_EARLIER:]) if visit.text("after") else (),
        )

    def conditions(self, *, without: str = "") -> list[Json]:
        """Return the conditions, except those of the facet ``without``."""
        found = [
            {"k": FACETS[name][0], "v": list(values), "o": "in"}
            for name, values in self.facets.items()
            if values and name != without
        ]
        if self.states:
            found.append({"k": "state", "v": list(self.states), "o": "in"})
        return found + [_any_type(each) for each in parse_search(self.q).conditions]

    def query(self, *, without: str = "", **more: Any) -> MutableJson:
        """Return the query of a list or of statistics, without a page."""
        query: MutableJson = dict(more)
        if conditions := self.conditions(without=without):
            query["filter"] = conditions
        if keyword := parse_search(self.q).keyword:
            query["keyword"] = keyword
        return query

    def list_query(self, *, limit: int, only: list[str]) -> Json:
        """Return the query of pages of a list."""
        query = self.query(page={"limit": limit}, only=only)
        if self.sort:
            query["sort"] = {"key": self.sort.removeprefix("-"), "desc": self.sort.startswith("-")}
        return query

    @property
    def single_type(self) -> tuple[str, str, str] | None:
        """The provider, group and type, if exactly one is chosen; its plugin may define a table for it."""
        chosen = [self.facets[name] for name in ("provider", "group", "type")]
        return (chosen[0][0], chosen[1][0], chosen[2][0]) if all(len(each) == 1 for each in chosen) else None

    def following(self, after: str, count: int) -> MutableJson:
        """Return the URL parameters of the next page, which begins at ``after``, ``count`` rows after this one."""
        earlier = [*self.earlier, self.after] if self.after else []
        return {"after": after, "row": self.start + count, "before": earlier[-_EARLIER:]}

    @property
    def preceding(self) -> MutableJson | None:
        """The URL parameters of the page before; None where it is unknown, or this is the first one."""
        if self.after and self.start <= LIMIT + 1:
            return dict(FIRST_PAGE)
        if not self.earlier:
            return None
        return {"after": self.earlier[-1], "row": self.start - LIMIT, "before": list(self.earlier[:-1]) or None}

    @property
    def is_by_path(self) -> bool:
        """Whether the order is by a path into collected content."""
        return bool(self.sort) and self.sort.removeprefix("-") not in COLUMNS

    @property
    def is_narrowed(self) -> bool:
        """Whether any condition is set."""
        return bool(self.q or self.states or any(self.facets.values()))


def columns_of(visit: Visit, type_fields: tuple[ViewField, ...]) -> list[ViewField]:
    """Return the columns that the URL names, or else those of the type, or else the default ones."""
    known = dict(COLUMNS) | {field.key: field for field in type_fields if field.key not in COLUMNS}
    given = [*visit.text("columns").split(","), *visit.texts("column")]
    if any(given):
        keys = list(dict.fromkeys(key for key in given if key in known or _PATH.fullmatch(key)))
    elif type_fields:
        own = [field.key for field in type_fields if not field.options.get("is_optional")]
        keys = list(dict.fromkeys([*SHORT_COLUMNS[:1], *own, *SHORT_COLUMNS[1:]]))
    else:
        keys = list(DEFAULT_COLUMNS)
    return [known.get(key) or ViewField(key, key) for key in keys[:_MAX_COLUMNS]] or [COLUMNS["name"]]


def only_of(columns: list[ViewField]) -> list[str]:
    """Return the fields that the list requires for its columns and links."""
    return list(dict.fromkeys(["cloud_service_id", "name", "state", *(_readable(field.key) for field in columns)]))


def _readable(key: str) -> str:
    """Return the path that the API can read: for positions in lists, and for tags of a provider, the whole of them."""
    head, _, rest = key.partition(".")
    return head if head in ("tags", "metadata") or re.search(r"(^|\.)\d", rest) else key


def _any_type(condition: Json) -> Json:
    """Return a condition on collected data that also matches numbers and booleans, as typed by the user."""
    value = condition["v"]
    if condition["o"] not in ("eq", "not") or not isinstance(value, str) or not condition["k"].startswith("data."):
        return condition
    try:
        plain = json.loads(value)
    except (ValueError, RecursionError):
        return condition
    if isinstance(plain, bool | int | float):
        return {**condition, "v": [value, plain], "o": "in" if condition["o"] == "eq" else "not_in"}
    return condition
