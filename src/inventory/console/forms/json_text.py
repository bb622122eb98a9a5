"""Reads JSON and numbers that users entered."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from inventory.console.forms.field_error import FieldError
from inventory.domain import plain

MAX_DEPTH: Final = 80
"""Levels of nesting; a message of the API holds about 100 in all."""


def read_json(text: str, title: str) -> Any:
    """Return the value of a JSON field; an integer beyond 2^53, which a message cannot hold, is a text.

    Raises:
        FieldError: it is not JSON, or something that no message of the API can hold.
    """
    try:
        value = plain.read_json(text, parse_float=_finite, parse_int=_whole)
    except plain.RepeatedKeyError as exc:
        raise FieldError(f"{title}: {exc}") from None
    except (ValueError, RecursionError) as exc:
        where = f"line {exc.lineno}, column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else "a number"
        where = "its nesting" if isinstance(exc, RecursionError) else where
        raise FieldError(f"{title}: is not JSON ({where})") from None
    _check(value, title)
    return value


def read_object(text: str, title: str) -> dict[str, Any]:
    """Return the JSON object in a field; an empty field is an empty object.

    Raises:
        FieldError: it is not a JSON object.
    """
    value = read_json(text, title) if text.strip() else {}
    if not isinstance(value, dict):
        raise FieldError(f"{title}: must be a JSON object, such as {{}}")
    return value


def read_number(text: str, title: str) -> int | float:
    """Return the finite number in a field.

    Raises:
        FieldError: it is none, or an integer that no message can hold.
    """
    try:
        number = _whole(text) if text.lstrip("+-").isdecimal() else _finite(text)
    except ValueError:
        raise FieldError(f"{title}: {text[:40]!r} is not a number") from None
    if isinstance(number, str):
        raise FieldError(f"{title}: {text[:40]} is beyond 9007199254740992 (2^53), and would be rounded")
    return number


def _whole(text: str) -> int | str:
    _finite(text)
    return plain.read_whole(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _check(value: Any, title: str) -> None:
    """Return if a message can hold the value.

    Raises:
        FieldError: it is nested too deeply, or contains half a character.
    """
    level, depth = [value], 0
    while level:
        if depth > MAX_DEPTH:
            raise FieldError(f"{title}: is nested more than {MAX_DEPTH} levels deep")
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += each.keys()
                below += each.values()
            elif isinstance(each, list):
                below += each
            elif isinstance(each, str) and not _is_encodable(each):
                raise FieldError(f"{title}: contains half of a surrogate pair (\\uD800 to \\uDFFF)")
        level, depth = below, depth + 1


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
