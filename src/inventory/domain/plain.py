"""Plain values that travel between layers, by what they are; and how JSON that people write becomes one.

The numbers of messages are doubles: no number that people write changes on its way, and no key is dropped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Never, TypeAlias

Json: TypeAlias = Mapping[str, Any]
"""A decoded Struct, or a part of one: plugin options, metadata, a secret's data, a resource as a plugin sent it."""

MutableJson: TypeAlias = dict[str, Any]
"""The same while it is built, such as a request."""

Params: TypeAlias = Mapping[str, Any]
"""The fields of a decoded request, by name."""

Document: TypeAlias = dict[str, Any]
"""A raw MongoDB document of no declared form, a filter, an update or a stage: what the driver takes and returns.

Whole stored documents have the types in ``model.documents``, such as ``StoredJob``.
"""

LARGEST_EXACT: Final = 2**53
"""Beyond it (and beyond its negative), doubles skip integers: IEEE 754, as in ``google.protobuf.Struct``."""


class RepeatedKeyError(ValueError):
    """An object has the same key twice, of which JSON parsers drop one."""

    def __init__(self) -> None:
        super().__init__("a key is there twice")


def read_json(
    text: str,
    *,
    parse_int: Callable[[str], Any] | None = None,
    parse_float: Callable[[str], Any] | None = None,
) -> Any:
    """Return the value of a JSON text; a number that a double cannot hold is the text as written.

    Args:
        text: the JSON.
        parse_int, parse_float: instead of :func:`read_whole` and of the same for fractions.

    Raises:
        RepeatedKeyError: a key is there twice.
        ValueError, RecursionError: it is not JSON, or nested too deeply.
    """
    return json.loads(
        text,
        parse_int=parse_int or read_whole,
        parse_float=parse_float or _fraction,
        parse_constant=_refuse,
        object_pairs_hook=_object,
    )


def read_whole(text: str) -> int | str:
    """Return the integer, or the text as written if a double cannot hold it."""
    # int() refuses thousands of digits.
    return text if len(text) > len(str(-LARGEST_EXACT)) or abs(int(text)) > LARGEST_EXACT else int(text)


def _fraction(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == Decimal(text) else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RepeatedKeyError
    return found


def _refuse(constant: str) -> Never:
    raise ValueError(constant)
