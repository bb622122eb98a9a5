"""Statistics queries as plain dicts → typed stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from inventory.errors import InvalidParameterError, QueryError, RequiredParameterError
from inventory.query.ast import SortKey
from inventory.query.fields import FREE_VALUE, Field, FieldKind, KeyTarget, ResourceSchema
from inventory.query.operators import typed_condition
from inventory.query.parser import (
    RawQuery,
    alias,
    entries,
    integer,
    members,
    parse_criteria,
    parse_page,
    sort_entries,
    sort_key,
)
from inventory.query.statistics.stages import (
    CountRows,
    Group,
    GroupCondition,
    GroupField,
    GroupKey,
    KeyScope,
    Limit,
    Project,
    ProjectField,
    Skip,
    Sort,
    Stage,
    StatQuery,
    Unwind,
    check_name,
)

MAX_STAGES = 50
"""Most stages of one query."""
MAX_MEMBERS = 200
"""Most keys and fields of one stage."""

GROUP_OPERATORS = (
    "count",
    "sum",
    "average",
    "max",
    "min",
    "first",
    "last",
    "push",
    "add_to_set",
    "merge_objects",
)
PROJECT_OPERATORS = ("size", "array_to_object", "object_to_array")
_CONDITIONAL = frozenset({"count", "sum", "average"})
_CONDITION_OPERATORS = ("eq", "not", "gt", "gte", "lt", "lte")
_SAME_KIND = frozenset({"max", "min", "first", "last"})

DATE_PARTS = ("year", "month", "day")
"""Date formats that give a number: of the year, of the month in it, of the day in that."""
_DATE_FORMAT = re.compile(r"(?:[^%\x00]|%[YmdHMSLjuUVwGzZ%])+")
"""The conversions that strftime and MongoDB's ``$dateToString`` share, and ``%L`` for milliseconds."""
_MAX_DATE_FORMAT = 128


def parse_stat(schema: ResourceSchema, raw: RawQuery, *, now: datetime) -> StatQuery:
    """Parse a ``spaceone.api.core.v1.StatisticsQuery``; arguments and errors as ``parser.parse_list``.

    Where both are sent, ``aggregate`` wins over ``distinct`` (contract, section 3).

    Raises:
        RequiredParameterError: neither ``aggregate`` nor ``distinct``.
        BadRequestError: one of its other subclasses says what is wrong with the query.
    """
    criteria = parse_criteria(schema, raw, now=now)
    page = parse_page(raw.get("page"))
    distinct = raw.get("distinct")
    stages = entries(raw.get("aggregate"), "query.aggregate")
    if distinct and not stages:
        target = schema.readable(distinct if isinstance(distinct, str) else "")
        if target.reference is not None:
            raise InvalidParameterError(key=target.key, reason="distinct takes a field of the resource itself")
        return StatQuery(schema, criteria, distinct=target, page=page)
    if not stages:
        raise RequiredParameterError(key="aggregate")
    if len(stages) > MAX_STAGES:
        raise InvalidParameterError(key="query.aggregate", reason=f"at most {MAX_STAGES} stages")
    return StatQuery(schema, criteria, stages=_parse_stages(schema, stages, now), page=page)


def _parse_stages(schema: ResourceSchema, raw_stages: Iterable[RawQuery], now: datetime) -> tuple[Stage, ...]:
    scope = KeyScope(schema)
    stages: list[Stage] = []
    for raw in raw_stages:
        named = [name for name in raw if raw[name] is not None]
        if len(named) != 1 or named[0] not in _STAGES:
            raise InvalidParameterError(key="query.aggregate", reason=f"a stage is one of {', '.join(_STAGES)}")
        stage, scope = _STAGES[named[0]](scope, raw[named[0]], now)
        stages.append(stage)
    return tuple(stages)


def _unwind(scope: KeyScope, raw: object, now: datetime) -> tuple[Stage, KeyScope]:  # noqa: ARG001
    path = alias(members(raw, "query.aggregate.unwind"), "path")
    if not path:
        raise RequiredParameterError(key="query.aggregate.unwind.path")
    target = scope.target(path)
    if target.members:
        reason = "unwind takes a path of names without dots and dollars"
        raise InvalidParameterError(key="query.aggregate.unwind.path", reason=reason)
    return Unwind(target), scope


def _group(scope: KeyScope, raw: object, now: datetime) -> tuple[Stage, KeyScope]:
    group = members(raw, "query.aggregate.group")
    raw_keys = entries(group.get("keys"), "query.aggregate.group.keys")
    raw_fields = entries(group.get("fields"), "query.aggregate.group.fields")
    if not raw_keys and not raw_fields:
        raise RequiredParameterError(key="query.aggregate.group.keys")
    if len(raw_keys) + len(raw_fields) > MAX_MEMBERS:
        raise InvalidParameterError(key="query.aggregate.group", reason=f"at most {MAX_MEMBERS} keys and fields")
    keys = tuple(_group_key(scope, entry) for entry in raw_keys)
    at = "query.aggregate.group.fields"
    fields = tuple(parse_group_field(scope, _name(entry, at), entry, now, at=at) for entry in raw_fields)
    names = [key.name for key in keys] + [field.name for field in fields]
    check_unique(names, "query.aggregate.group")
    kinds = {key.name: key.target.field if key.is_plain else FREE_VALUE for key in keys}
    kinds.update({field.name: _field_kind(field) for field in fields})
    return Group(keys, fields), KeyScope(scope.schema, kinds, tuple(key.name for key in keys))


def _field_kind(field: GroupField) -> Field:
    return field.target.field if field.target is not None and field.operator in _SAME_KIND else FREE_VALUE


def check_unique(names: list[str], key: str) -> None:
    """Refuse two members of one name with an InvalidParameterError."""
    if len(set(names)) != len(names):
        raise InvalidParameterError(key=key, reason="two members have the same name")


def _name(entry: RawQuery, at: str) -> str:
    name = alias(entry, "name")
    if not name:
        raise RequiredParameterError(key=f"{at}.name")
    return check_name(name, f"{at}.name")


def _key(scope: KeyScope, entry: RawQuery, at: str) -> KeyTarget:
    key = alias(entry, "key")
    if not key:
        raise RequiredParameterError(key=f"{at}.key")
    return scope.target(key)


def _group_key(scope: KeyScope, entry: RawQuery) -> GroupKey:
    at = "query.aggregate.group.keys"
    name, target = _name(entry, at), _key(scope, entry, at)
    raw_format = entry.get("date_format") or ""
    if not isinstance(raw_format, str):
        raise InvalidParameterError(key="query.aggregate.group.keys.date_format", reason="a date format is a text")
    if raw_format in DATE_PARTS:
        return GroupKey(name, target, date_part=raw_format)
    if raw_format and (len(raw_format) > _MAX_DATE_FORMAT or not _DATE_FORMAT.fullmatch(raw_format)):
        reason = "a date format is year, month, day or made of %Y %m %d %H %M %S %L %j %u %U %V %w %G %z %Z %%"
        raise InvalidParameterError(key="query.aggregate.group.keys.date_format", reason=reason)
    return GroupKey(name, target, date_format=raw_format)


def parse_group_field(scope: KeyScope, name: str, entry: RawQuery, now: datetime, *, at: str) -> GroupField:
    """Parse a field of a group (of stat or analyze) that is to be called ``name``; errors as ``parse_stat``.

    Args:
        scope: what it may name.
        name: what it is to be called.
        entry: the field.
        at: where in the request it is, for errors.
    """
    operator = alias(entry, "operator")
    if not operator:
        raise RequiredParameterError(key=f"{at}.operator")
    if operator not in GROUP_OPERATORS:
        reason = f"unknown group operator, the known ones are {', '.join(GROUP_OPERATORS)}"
        raise QueryError(reason=reason, key=f"{at}.operator")
    sub_fields = _sub_fields(entry.get("fields"), f"{at}.fields")
    if sub_fields and operator not in {"push", "add_to_set"}:
        raise InvalidParameterError(key=f"{at}.fields", reason="only push takes fields")
    conditions = entries(entry.get("conditions"), f"{at}.conditions")
    if conditions and operator not in _CONDITIONAL:
        reason = "only count, sum and average take conditions"
        raise InvalidParameterError(key=f"{at}.conditions", reason=reason)
    if len(sub_fields) + len(conditions) > MAX_MEMBERS:
        raise InvalidParameterError(key=at, reason=f"at most {MAX_MEMBERS} members")
    subs = tuple((_name(sub, f"{at}.fields"), _key(scope, sub, f"{at}.fields")) for sub in sub_fields)
    check_unique([sub_name for sub_name, _ in subs], f"{at}.fields")
    return GroupField(
        name=name,
        operator=operator,
        target=None if subs or operator == "count" else _key(scope, entry, at),
        members=subs,
        conditions=tuple(_condition(scope, condition, now, f"{at}.conditions") for condition in conditions),
    )


def _sub_fields(raw: object, at: str) -> list[Mapping[str, object]]:
    """The fields of a push: a list of {key, name}, or a dict {name: key}."""
    if isinstance(raw, Mapping):
        return [{"name": name, "key": key} for name, key in raw.items()]
    return entries(raw, at)


def _condition(scope: KeyScope, entry: RawQuery, now: datetime, at: str) -> GroupCondition:
    operator = alias(entry, "operator")
    if operator not in _CONDITION_OPERATORS:
        known = ", ".join(_CONDITION_OPERATORS)
        reason = f"a condition of a group has a key, a value and an operator, one of {known}"
        raise QueryError(reason=reason, key=at)
    target = _key(scope, entry, at)
    typed = typed_condition(target, operator, entry.get("value", entry.get("v")), now=now)
    return GroupCondition(target, operator, typed.value)


def _count(scope: KeyScope, raw: object, now: datetime) -> tuple[Stage, KeyScope]:  # noqa: ARG001
    name = _name(members(raw, "query.aggregate.count"), "query.aggregate.count")
    return CountRows(name), KeyScope(scope.schema, {name: Field(FieldKind.INTEGER)})


def _sort(scope: KeyScope, raw: object, now: datetime) -> tuple[Stage, KeyScope]:  # noqa: ARG001
    targets = [(scope.target(key), direction) for key, direction in sort_entries(raw)]
    if not targets:
        raise RequiredParameterError(key="query.aggregate.sort.key")
    order: dict[tuple[str, ...], SortKey] = {}
    for target, direction in targets:
        if not target.is_absent:
            order.setdefault((target.path, *target.members), sort_key(target, direction, len(order)))
    return Sort(tuple(order.values()), tuple(target for target, _ in targets)), scope


def _project(scope: KeyScope, raw: object, now: datetime) -> tuple[Stage, KeyScope]:  # noqa: ARG001
    project = members(raw, "query.aggregate.project")
    raw_fields = entries(project.get("fields"), "query.aggregate.project.fields")
    if not raw_fields:
        raise RequiredParameterError(key="query.aggregate.project.fields")
    if len(raw_fields) > MAX_MEMBERS:
        raise InvalidParameterError(key="query.aggregate.project", reason=f"at most {MAX_MEMBERS} fields")
    fields = tuple(_project_field(scope, entry) for entry in raw_fields)
    check_unique([field.name for field in fields], "query.aggregate.project")
    kinds = {field.name: FREE_VALUE if field.operator else field.target.field for field in fields}
    kept = () if project.get("exclude_keys") is True else tuple(key for key in scope.keys if key not in kinds)
    kinds.update({key: (scope.members or {})[key] for key in kept})
    keys = tuple(key for key in scope.keys if key in kinds)
    return Project(fields, kept), KeyScope(scope.schema, kinds, keys)


def _project_field(scope: KeyScope, entry: RawQuery) -> ProjectField:
    operator = alias(entry, "operator")
    at = "query.aggregate.project.fields"
    if operator and operator not in PROJECT_OPERATORS:
        reason = f"unknown project operator, the known ones are {', '.join(PROJECT_OPERATORS)}"
        raise QueryError(reason=reason, key=f"{at}.operator")
    return ProjectField(_name(entry, at), _key(scope, entry, at), operator)


def _limit(scope: KeyScope, raw: object, now: datetime) -> tuple[Stage, KeyScope]:  # noqa: ARG001
    count = integer(raw, "query.aggregate.limit")
    if count < 1:
        raise InvalidParameterError(key="query.aggregate.limit", reason="a limit is at least 1")
    return Limit(count), scope


def _skip(scope: KeyScope, raw: object, now: datetime) -> tuple[Stage, KeyScope]:  # noqa: ARG001
    count = integer(raw, "query.aggregate.skip")
    if count < 0:
        raise InvalidParameterError(key="query.aggregate.skip", reason="a skip must not be negative")
    return Skip(count), scope


_STAGES: dict[str, Callable[[KeyScope, object, datetime], tuple[Stage, KeyScope]]] = {
    "unwind": _unwind,
    "group": _group,
    "count": _count,
    "sort": _sort,
    "project": _project,
    "limit": _limit,
    "skip": _skip,
}
