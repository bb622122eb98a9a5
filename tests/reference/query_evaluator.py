"""A second, slow and simple implementation of the list query, over plain documents.

It shares nothing with ``inventory.query``: what MongoDB does with a path, a missing value or a list is written down
here once more, by hand, so that the translator can be compared with it over a real mongod.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()

_NEGATIONS = {"not": "eq", "not_in": "in", "not_contain": "contain", "not_contain_in": "contain_in"}
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def evaluate(
    documents: Sequence[Mapping[str, Any]],
    query: Mapping[str, Any],
    *,
    times: frozenset[str],
    known: frozenset[str],
    keyword_fields: Sequence[str],
    now: datetime,
) -> list[Any]:
    """Return the ``_id``s that answer ``query``, in its order.

    Where documents compare equal, ``_id`` decides, in the direction of the last key.

    Args:
        documents: as stored.
        query: a Query as a plain dict.
        times: keys that hold date-times.
        known: keys where null means absent for ``exists``.
        keyword_fields: where keywords are looked for.
        now: what timediff means by it.
    """

    def holds(document: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
        return _holds(document, entry["key"], entry["operator"], entry["value"], times, known, now)

    def matches(document: Mapping[str, Any]) -> bool:
        words = [
            {"key": field, "operator": "contain", "value": word}
            for word in query.get("keyword", "").split()
            for field in keyword_fields
        ]
        some = [*query.get("filter_or", []), *words]
        return all(holds(document, entry) for entry in query.get("filter", [])) and (
            not some or any(holds(document, entry) for entry in some)
        )

    order = query["sort"]["keys"]
    found = [document for document in documents if matches(document)]
    found.sort(key=lambda document: document["_id"], reverse=order[-1].get("desc", False))
    for entry in reversed(order):
        found.sort(key=_sort_key(entry["key"]), reverse=entry.get("desc", False))
    page = query.get("page", {})
    limit = page.get("limit", 0)
    start = max(page.get("start", 1), 1) - 1
    return [document["_id"] for document in (found[start : start + limit] if limit else found)]


def _sort_key(key: str) -> Callable[[Mapping[str, Any]], tuple[int, Any]]:
    def rank(document: Mapping[str, Any]) -> tuple[int, Any]:
        value: Any = document
        for segment in _segments(key):
            value = value.get(segment) if isinstance(value, Mapping) else None
        return (0, 0) if value is None else (1, value)

    return rank


def _holds(
    document: Mapping[str, Any],
    key: str,
    operator: str,
    wanted: Any,
    times: frozenset[str],
    known: frozenset[str],
    now: datetime,
) -> bool:
    if operator in _NEGATIONS:
        return not _holds(document, key, _NEGATIONS[operator], wanted, times, known, now)
    segments = _segments(key)
    values = list(_reach(document, segments))
    if operator.startswith("timediff_"):
        wanted, operator = _relative(wanted, now), operator.removeprefix("timediff_")
    elif key in times and operator not in {"exists", "in"}:
        wanted, operator = _moment(wanted), operator.removeprefix("datetime_")
    elif key in times and operator == "in":
        wanted = [_moment(item) for item in wanted]
    if operator == "exists":
        there = any(value is not MISSING for value in values)
        if key in known:
            there = not any(_equal(value, None) for value in values)
        return there is wanted
    if operator == "match":
        lists = [value for value in _reach(document, segments, expand=False) if isinstance(value, list)]
        return any(_element_matches(element, wanted) for found in lists for element in found)
    wants = wanted if operator in {"in", "contain_in", "regex_in"} else [wanted]
    test = _TESTS[operator]
    return any(test(value, want) for value in values for want in wants)


def _segments(key: str) -> list[str]:
    """The path to a key: all behind ``tags.PROVIDER.`` is one stored key, escaped."""
    if not key.startswith("tags."):
        return [segment.replace("\0", ".") for segment in key.replace("\\.", "\0").split(".")]
    _, provider, name = key.split(".", 2)
    return ["tags", provider, name.replace("%", "%25").replace(".", "%2E").replace("$", "%24")]


def _reach(value: Any, segments: Sequence[str], *, expand: bool = True) -> Iterator[Any]:
    """All that MongoDB looks at under a path: through lists, and at a list's elements besides the list."""
    if not segments:
        yield value
        if expand and isinstance(value, list):
            yield from value
    elif isinstance(value, Mapping):
        yield from _reach(value.get(segments[0], MISSING), segments[1:], expand=expand)
    elif isinstance(value, list):
        for element in value:
            if isinstance(element, Mapping):
                yield from _reach(element, segments, expand=expand)
    else:
        yield MISSING


def _element_matches(element: Any, wanted: Mapping[str, Any]) -> bool:
    if not isinstance(element, Mapping | list):
        return False
    return all(any(_equal(value, want) for value in _reach(element, _segments(name))) for name, want in wanted.items())


def _equal(value: Any, wanted: Any) -> bool:
    if wanted is None:
        return value is None or value is MISSING
    if isinstance(value, bool) or isinstance(wanted, bool):
        return isinstance(value, bool) and isinstance(wanted, bool) and value == wanted
    if isinstance(value, dict) and isinstance(wanted, dict):
        return list(value) == list(wanted) and all(_equal_whole(value[name], wanted[name]) for name in value)
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(_equal_whole, value, wanted))
    return (type(value) is type(wanted) and value == wanted) or (_both_numbers(value, wanted) and value == wanted)


def _equal_whole(value: Any, wanted: Any) -> bool:
    return value is None if wanted is None else _equal(value, wanted)


def _both_numbers(value: Any, wanted: Any) -> bool:
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in (value, wanted))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(value: Any, wanted: Any) -> bool:
        return (type(value) is type(wanted) or _both_numbers(value, wanted)) and compare(value, wanted)

    return test


def _contains(value: Any, wanted: Any) -> bool:
    return isinstance(value, str) and str(wanted).lower() in value.lower()


def _finds(value: Any, wanted: Any) -> bool:
    return isinstance(value, str) and re.search(wanted, value, re.IGNORECASE) is not None


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "in": _equal,
    "lt": _ordered(lambda value, wanted: value < wanted),
    "lte": _ordered(lambda value, wanted: value <= wanted),
    "gt": _ordered(lambda value, wanted: value > wanted),
    "gte": _ordered(lambda value, wanted: value >= wanted),
    "contain": _contains,
    "contain_in": _contains,
    "regex": _finds,
    "regex_in": _finds,
}


def _moment(text: Any) -> Any:
    if text is None or text == "":
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _relative(text: str, now: datetime) -> datetime:
    base, sign, span = text.partition("-") if "-" in text else text.partition("+")
    moment = {
        "now": now,
        "now/d": datetime(now.year, now.month, now.day, tzinfo=UTC),
        "now/w": datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=now.weekday()),
        "now/m": datetime(now.year, now.month, 1, tzinfo=UTC),
    }[base.strip()]
    if not sign:
        return moment
    seconds = timedelta(seconds=int(span.strip()[:-1]) * _SPANS[span.strip()[-1]])
    return moment + seconds if sign == "+" else moment - seconds
