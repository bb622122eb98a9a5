"""Values as match rules compare them: which count as missing, and which MongoDB considers equal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from inventory.domain.plain import Json

NO_VALUE: Final[tuple[Any, ...]] = (None, "", [], {})
"""Values that count as missing; stored text fields are absent then, free-form ones may have any of these."""


def value_at(document: Any, path: str) -> Any:
    """Return the value at the dotted ``path`` of nested dicts, or None."""
    if not path:
        return document
    for part in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document


def has_no_value(value: Any) -> bool:
    """Whether ``value`` counts as missing; False and 0 are values."""
    return value is None or value == "" or value == [] or value == {}


def comparable(value: Any) -> Any:
    """Return a hashable stand-in; two are equal exactly if MongoDB considers the values equal."""
    if type(value) is str:
        return value or None
    if has_no_value(value):
        return None
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, Mapping | list | tuple):
        return ("json", json.dumps(_whole(value), default=str))
    return value


def _whole(value: Any) -> Any:
    """Return ``value`` with integral numbers as integers: MongoDB considers 80 and 80.0 equal, also in lists."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_whole(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _whole(part) for key, part in value.items()}
    return value


def stored_values(document: Json, paths: Iterable[str]) -> tuple[Any, ...]:
    """Return a found document's values at ``paths``, for comparison with :attr:`MatchCondition.values`."""
    return tuple(comparable(value_at(document, path)) for path in paths)
