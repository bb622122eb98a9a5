"""Analyze queries: fields grouped by keys, some of the keys turned into lists of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import TypeAlias

from inventory.errors import InvalidParameterError, RequiredParameterError
from inventory.query.ast import PageRange, Query
from inventory.query.fields import KeyTarget, ResourceSchema
from inventory.query.keys import split_key
from inventory.query.parser import (
    MAX_SORT_KEYS,
    RawQuery,
    alias,
    entries,
    members,
    parse_criteria,
    parse_page,
    sort_pairs,
    strings,
)
from inventory.query.statistics.aggregate import MAX_MEMBERS, check_unique, parse_group_field
from inventory.query.statistics.stages import Group, GroupKey, KeyScope, check_name

TOTAL = "_total_"
"""Prefix of the members that sum up a field over its field_group."""
MAX_OPERANDS = 16
"""Most operands of one calculation."""
MAX_CALCULATION_DEPTH = 16
"""Deepest nesting of a calculation."""

TOTALS = frozenset({"sum", "count", "average", "max", "min"})
"""Operators whose fields get a total."""
CALCULATIONS = ("add", "subtract", "multiply", "divide")


@dataclass(frozen=True, slots=True)
class Calculation:
    """``operator`` over operands."""

    operator: str
    operands: tuple[Operand, ...]


Operand: TypeAlias = "str | float | Calculation"
"""A member of the row under its name in the pipeline (empty: one that no row has), a number, or a calculation."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A member of the answer, called ``name``."""

    name: str
    value: Operand


@dataclass(frozen=True, slots=True)
class AnalyzeQuery(Query):
    """A ``spaceone.api.core.v1.AnalyzeQuery``.

    Attributes:
        group: all keys, those of ``field_group`` included, and the fields.
        field_group: names of the keys that leave the group.
        select: the members of the answer, or empty for all.
        sort: (name of a member, 1 or -1).
    """

    group: Group = field(default_factory=lambda: Group((), ()))
    field_group: tuple[str, ...] = ()
    select: tuple[Selected, ...] = ()
    sort: tuple[tuple[str, int], ...] = ()
    page: PageRange = field(default_factory=PageRange)


def parse_analyze(schema: ResourceSchema, raw: RawQuery, *, now: datetime) -> AnalyzeQuery:
    """Parse a ``spaceone.api.core.v1.AnalyzeQuery``; arguments as ``parser.parse_list``.

    Raises:
        RequiredParameterError: no ``fields``.
        BadRequestError: one of its other subclasses says what is wrong with the query.
    """
    raw_fields = members(raw.get("fields"), "query.fields")
    if not raw_fields:
        raise RequiredParameterError(key="fields")
    group_by = strings(raw.get("group_by"), "query.group_by")
    regrouped = strings(raw.get("field_group"), "query.field_group")
    if len(group_by) + len(regrouped) + len(raw_fields) > MAX_MEMBERS:
        raise InvalidParameterError(key="query.group_by", reason=f"at most {MAX_MEMBERS} keys and fields")
    scope = KeyScope(schema)
    keys, field_group = _parse_keys(scope, group_by, regrouped, raw_fields)
    fields = tuple(
        parse_group_field(scope, check_name(name, "query.fields"), members(entry, at), now, at=at)
        for name, entry in raw_fields.items()
        for at in (f"query.fields.{name}",)
    )
    check_unique([key.name for key in keys] + [item.name for item in fields], "query.fields")
    query = AnalyzeQuery(
        schema=schema,
        criteria=parse_criteria(schema, raw, now=now),
        group=Group(keys, fields),
        field_group=field_group,
        page=parse_page(raw.get("page")),
    )
    select = _parse_select(query, members(raw.get("select"), "query.select"))
    return AnalyzeQuery(
        schema=schema,
        criteria=query.criteria,
        group=query.group,
        field_group=field_group,
        select=select,
        sort=_parse_sort(query, select, entries(raw.get("sort"), "query.sort")),
        page=query.page,
    )


def _parse_keys(
    scope: KeyScope, group_by: list[str], regrouped: list[str], field_names: Collection[str]
) -> tuple[tuple[GroupKey, ...], tuple[str, ...]]:
    """The keys with their names in the answer: the last segment, or the whole key where two would be the same."""
    targets = {key: scope.target(key) for key in (*group_by, *regrouped)}
    short = {key: _short_name(target) for key, target in targets.items()}
    uses = Counter(short.values())
    names = {key: key if uses[name] > 1 or name in field_names else name for key, name in short.items()}
    for key in regrouped:
        if key.startswith(TOTAL) or names[key].startswith(TOTAL) or names[key] == "value":
            reason = f"a key of field_group must not be called value or start with {TOTAL}"
            raise InvalidParameterError(key=key, reason=reason)
    keys = tuple(GroupKey(names[key], target) for key, target in targets.items())
    return keys, tuple(dict.fromkeys(names[key] for key in regrouped))


def _short_name(target: KeyTarget) -> str:
    if target.members:
        return target.members[-1]
    segments = split_key(target.key)
    if segments[0] == "tags" and len(segments) > 2 and target.path.startswith("tags.") and target.path.count(".") == 2:
        return ".".join(segments[2:])
    return segments[-1]


def row_members(query: AnalyzeQuery) -> dict[str, str]:
    """Name in the answer → member in the pipeline, of all that a row has."""
    found = {key.name: f"k{i}" for i, key in enumerate(query.group.keys) if key.name not in query.field_group}
    for i, item in enumerate(query.group.fields):
        found[item.name] = f"f{i}"
        if query.field_group and item.operator in TOTALS:
            found[TOTAL + item.name] = f"t{i}"
    return found


def _parse_select(query: AnalyzeQuery, raw: Mapping[str, object]) -> tuple[Selected, ...]:
    if len(raw) > MAX_MEMBERS:
        raise InvalidParameterError(key="query.select", reason=f"at most {MAX_MEMBERS} members")
    row = row_members(query)
    return tuple(_parse_selected(check_name(name, "query.select"), entry, row) for name, entry in raw.items())


def _parse_selected(name: str, entry: object, row: Mapping[str, str]) -> Selected:
    key = f"query.select.{name}"
    if isinstance(entry, str):
        return Selected(name, _member(row, entry, key))
    return Selected(name, _calculation(row, members(entry, key), key))


def _calculation(row: Mapping[str, str], raw: Mapping[str, object], key: str, depth: int = 1) -> Calculation:
    operator = alias(raw, "operator")
    if not operator:
        raise RequiredParameterError(key=f"{key}.operator")
    if operator not in CALCULATIONS:
        reason = f"unknown select operator, the known ones are {', '.join(CALCULATIONS)}"
        raise InvalidParameterError(key=f"{key}.operator", reason=reason)
    if depth > MAX_CALCULATION_DEPTH:
        raise InvalidParameterError(key=key, reason=f"a calculation nests at most {MAX_CALCULATION_DEPTH} levels")
    operands = raw.get("fields")
    if not isinstance(operands, list) or not 1 <= len(operands) <= MAX_OPERANDS:
        reason = f"a list of 1 to {MAX_OPERANDS} members, numbers or calculations"
        raise InvalidParameterError(key=f"{key}.fields", reason=reason)
    return Calculation(operator, tuple(_operand(row, operand, f"{key}.fields", depth) for operand in operands))


def _operand(row: Mapping[str, str], raw: object, key: str, depth: int) -> Operand:
    if isinstance(raw, Mapping):
        return _calculation(row, raw, key, depth + 1)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        if not isfinite(raw):
            raise InvalidParameterError(key=key, reason="a number must be finite")
        return float(raw)
    return _member(row, raw, key)


def _member(row: Mapping[str, str], name: object, key: str) -> str:
    """Return the pipeline's name of a row's member, empty where no row has it."""
    if not isinstance(name, str):
        raise InvalidParameterError(key=key, reason="a member is named by a string")
    if name in row:
        return row[name]
    split_key(name)
    return ""


def _parse_sort(
    query: AnalyzeQuery, select: tuple[Selected, ...], raw: list[Mapping[str, object]]
) -> tuple[tuple[str, int], ...]:
    if len(raw) > MAX_SORT_KEYS:
        raise InvalidParameterError(key="query.sort", reason=f"at most {MAX_SORT_KEYS} keys")
    row = row_members(query)
    names = {key.target.key: key.name for key in query.group.keys} | {name: name for name in row}
    selected = {item.name: f"s{i}" for i, item in enumerate(select)}
    fields = {item.name for item in query.group.fields}
    order: dict[str, int] = {}
    for key, direction in sort_pairs(raw):
        name = names.get(key, key)
        if query.field_group and name in fields and key not in selected:
            name = TOTAL + name
        member = selected.get(key) or _member(row, name, "query.sort")
        if member:
            order.setdefault(member, direction)
    return tuple(order.items())
