"""Plain dicts (protobuf's JSON mapping with the .proto's names) → typed queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from inventory.domain.numbers import whole
from inventory.errors import InvalidParameterError, InvalidParameterTypeError, QueryError
from inventory.query.ast import Condition, Criteria, ListQuery, Node, Operator, PageRange, ReferenceCondition, SortKey
from inventory.query.fields import KeyTarget, ResourceSchema
from inventory.query.keys import encoded
from inventory.query.operators import MAX_PATTERN_BYTES, typed_condition

MAX_CONDITIONS = 1000
"""Maximum number of conditions of one query, in filter and filter_or together."""
MAX_WORDS = 64
"""Most words of a keyword."""
MAX_SORT_KEYS = 16
"""Most keys of an order; MongoDB ends at 32."""
MAX_ONLY = 256
"""Most fields named in ``only``."""

RawQuery = Mapping[str, object]
"""A query as a plain dict, as ``MessageToDict`` gives it."""


def parse_list(schema: ResourceSchema, raw: RawQuery, *, now: datetime) -> ListQuery:
    """Parse a ``spaceone.api.core.v1.Query``.

    Args:
        raw: the query as a plain dict; absent members mean their defaults.
        now: what ``now`` in a timediff means, UTC.

    Raises:
        BadRequestError: one of its subclasses says what is wrong with the query.
    """
    minimal = raw.get("minimal") is True
    return ListQuery(
        schema=schema,
        criteria=parse_criteria(schema, raw, now=now),
        sort=_parse_sort(schema, raw.get("sort")),
        page=parse_page(raw.get("page")),
        only=schema.minimal if minimal else parse_only(schema, strings(raw.get("only"), "query.only")),
        minimal=minimal,
        count_only=raw.get("count_only") is True,
    )


def parse_criteria(schema: ResourceSchema, raw: RawQuery, *, now: datetime) -> Criteria:
    """Parse ``filter``, ``filter_or`` and ``keyword``; raises as ``parse_list``."""
    every = entries(raw.get("filter"), "query.filter")
    some = entries(raw.get("filter_or"), "query.filter_or")
    if len(every) + len(some) > MAX_CONDITIONS:
        raise InvalidParameterError(key="query.filter", reason=f"at most {MAX_CONDITIONS} conditions")
    return Criteria(
        every=tuple(_parse_condition(schema, entry, now) for entry in every),
        some=tuple(_parse_condition(schema, entry, now) for entry in some),
        words=_parse_keyword(schema, raw.get("keyword")),
    )


def condition(schema: ResourceSchema, key: str, operator: str, value: object, *, now: datetime) -> Node:
    """Return one typed condition, on the resource or through a reference; raises as ``parse_list``."""
    target = schema.target(key)
    typed = typed_condition(target, operator, value, now=now)
    return typed if target.reference is None else ReferenceCondition(target.reference, typed)


def _parse_condition(schema: ResourceSchema, entry: RawQuery, now: datetime) -> Node:
    key = alias(entry, "key")
    operator = alias(entry, "operator")
    if not key:
        raise QueryError(reason="a condition needs a key, an operator and a value", key="query.filter")
    return condition(schema, key, operator, entry.get("value", entry.get("v")), now=now)


def alias(entry: RawQuery, name: str) -> str:
    """Return the member ``name`` or its one-letter short form, or the empty string.

    Raises:
        InvalidParameterTypeError: it is not a string.
    """
    value = entry.get(name) or entry.get(name[0]) or ""
    if not isinstance(value, str):
        raise InvalidParameterTypeError(key=f"query.{name}", expected="string")
    return value


def entries(raw: object, key: str) -> list[Mapping[str, object]]:
    """Return a list of dicts, or an empty one for None; anything else is an InvalidParameterTypeError."""
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(item, Mapping) for item in raw):
        raise InvalidParameterTypeError(key=key, expected="list of dicts")
    return raw


def strings(raw: object, key: str) -> list[str]:
    """Return a list of strings, or an empty one for None; anything else is an InvalidParameterTypeError."""
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise InvalidParameterTypeError(key=key, expected="list of strings")
    return raw


def integer(raw: object, key: str) -> int:
    """Return an integer (integral doubles count), or 0 for None; anything else is an InvalidParameterTypeError."""
    if raw is None:
        return 0
    if isinstance(raw, float):
        raw = whole(raw)
    if not isinstance(raw, int) or isinstance(raw, bool) or not -(2**31) <= raw < 2**32:
        raise InvalidParameterTypeError(key=key, expected="integer")
    return raw


def members(raw: object, key: str) -> Mapping[str, object]:
    """Return a dict, or an empty one for None; anything else is an InvalidParameterTypeError."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise InvalidParameterTypeError(key=key, expected="dict")
    return raw


def parse_page(raw: object) -> PageRange:
    """Parse a ``PageRange``; ``start`` below 1 means 1."""
    page = members(raw, "query.page")
    start, limit = integer(page.get("start"), "query.page.start"), integer(page.get("limit"), "query.page.limit")
    if start < 0 or limit < 0:
        raise InvalidParameterError(key="query.page", reason="start and limit must not be negative")
    return PageRange(start=max(start, 1), limit=limit)


def sort_entries(raw: object) -> list[tuple[str, int]]:
    """Return (key, 1 or -1) of a ``Sort`` message; ``key`` wins over ``keys``; the first mention of a key counts."""
    sort = members(raw, "query.sort")
    listed = [sort] if sort.get("key") else entries(sort.get("keys"), "query.sort.keys")
    if len(listed) > MAX_SORT_KEYS:
        raise InvalidParameterError(key="query.sort", reason=f"at most {MAX_SORT_KEYS} keys")
    return sort_pairs(listed)


def sort_pairs(listed: Iterable[RawQuery]) -> list[tuple[str, int]]:
    """Return (key, 1 or -1) of ``SortKey`` messages; the first mention of a key counts."""
    pairs: dict[str, int] = {}
    for entry in listed:
        pairs.setdefault(alias(entry, "key"), -1 if entry.get("desc") is True else 1)
    return list(pairs.items())


def _parse_sort(schema: ResourceSchema, raw: object) -> tuple[SortKey, ...]:
    order: dict[str, SortKey] = {}
    lists = set()
    for key, direction in sort_entries(raw):
        target = schema.readable(key)
        if target.is_absent:
            continue
        if target.reference is not None:
            raise InvalidParameterError(key=key, reason="a list cannot be sorted by a field of another resource")
        if target.in_list:
            lists.add(target.path.partition(".")[0])
        order.setdefault(key if target.members else target.path, sort_key(target, direction, len(order)))
    if len(lists) > 1:
        raise InvalidParameterError(key="query.sort", reason="only one of the keys may lead into a list")
    keys = list(order.values()) or [SortKey(path, direction) for path, direction in schema.default_sort]
    return tuple(key for each in keys for key in _exact(schema, each))


def _exact(schema: ResourceSchema, key: SortKey) -> Iterator[SortKey]:
    if key.path in schema.ordered_by:
        yield SortKey(schema.ordered_by[key.path], key.direction)
    yield key


def sort_key(target: KeyTarget, direction: int, number: int) -> SortKey:
    """Return the sort key; a value that no path reaches is computed under a separate name."""
    if not target.members:
        return SortKey(target.path, direction)
    return SortKey(f"_sort{number}", direction, target)


def parse_only(schema: ResourceSchema, only: Iterable[str]) -> tuple[str, ...] | None:
    """Check the fields of ``only`` and return them as API paths with aliases resolved; None if there are none.

    Fields that the resource lacks are left out, so the result may be empty: then nothing is shown.

    Raises:
        InvalidParameterError: one of them is malformed.
    """
    named = False
    paths: dict[str, None] = {}
    for count, key in enumerate(only):
        named = True
        if count >= MAX_ONLY:
            raise InvalidParameterError(key="query.only", reason=f"at most {MAX_ONLY} fields")
        if key in schema.wire_sources:
            paths[key] = None
            continue
        target = schema.readable(key)
        if not target.is_absent:
            paths[key if target.reference or target.members else target.path] = None
    return tuple(paths) if named else None


def _parse_keyword(schema: ResourceSchema, raw: object) -> tuple[Condition, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, str):
        raise InvalidParameterTypeError(key="query.keyword", expected="string")
    if len(encoded(raw, "query.keyword")) > MAX_PATTERN_BYTES:
        raise InvalidParameterError(key="query.keyword", reason=f"at most {MAX_PATTERN_BYTES} bytes")
    words = list(dict.fromkeys(raw.split()))
    if len(words) > MAX_WORDS:
        raise InvalidParameterError(key="query.keyword", reason=f"at most {MAX_WORDS} words")
    return tuple(Condition(schema.target(path), Operator.CONTAIN, word) for word in words for path in schema.keyword)
