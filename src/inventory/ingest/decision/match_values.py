"""Values as match rules compare them: what counts as none, and what MongoDB finds equal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from inventory.domain.plain import Json

NO_VALUE: Final[tuple[Any, ...]] = (None, "", [], {})
"""What counts as "no value there"; stored fields of text are absent then, free-form ones may be any of these."""


def value_at(document: Any, path: str) -> Any:
    """Return what lies at the dotted ``path`` of nested dicts, or None."""
    if not path:
        return document
    for part in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document


def has_no_value(value: Any) -> bool:
    """Whether ``value`` counts as none; False and 0 are values."""
    return value is None or value == "" or value == [] or value == {}


def comparable(value: Any) -> Any:
    """Return a hashable stand-in that is equal exactly where MongoDB finds the values equal."""
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
    """Return ``value`` with whole numbers as such: MongoDB finds 80 and 80.0 equal, in lists too."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_whole(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _whole(part) for key, part in value.items()}
    return value


def stored_values(document: Json, paths: Iterable[str]) -> tuple[Any, ...]:
    """Return what a found document has at ``paths``, to be compared with :attr:`Condition.values`."""
    return tuple(comparable(value_at(document, path)) for path in paths)
