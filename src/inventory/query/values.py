"""Validates and types clients' values: numbers, bools, dates and relative times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from math import isfinite

from inventory.domain.keys import escape_key
from inventory.domain.numbers import whole
from inventory.errors import InvalidParameterError, OperatorValueTypeError
from inventory.query.ast import Value
from inventory.query.fields import Field, FieldKind
from inventory.query.keys import encoded

MAX_VALUE_DEPTH = 64
"""Deepest nesting of a value; MongoDB's limit is 100 levels including the surrounding filter."""
_INT64 = 2**63

_ESCAPED_LEVELS = {FieldKind.TAGS: 2, FieldKind.TAG_MAP: 1}

_PCRE_SPECIAL = str.maketrans({**{character: "\\" + character for character in r".^$*+?()[]{}|\/-#&~"}, "\0": "\\x00"})
_TIMEDIFF = re.compile(r"\s*now(?:/([dwm]))?\s*(?:([+-])\s*(\d{1,9})\s*([smhdw])\s*)?", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIMEDIFF_FORM = "now, now/d, now/w or now/m, optionally followed by + or -, a number and s, m, h, d or w"


def plain_value(value: object, key: str, depth: int = 0) -> Value:
    """Return ``value`` with integral doubles as integers, in a form that BSON can store.

    Raises:
        InvalidParameterError: nested too deeply, a NUL in a member's name, a number that is not finite or exceeds 64
            bits, a text that is not valid Unicode, or something that is not a JSON value.
    """
    if isinstance(value, str):
        encoded(value, key)
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise InvalidParameterError(key=key, reason="a number must be finite")
        return whole(value)
    if isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise InvalidParameterError(key=key, reason="an integer must fit into 64 bits")
        return value
    if depth >= MAX_VALUE_DEPTH:
        raise InvalidParameterError(key=key, reason=f"a value nests at most {MAX_VALUE_DEPTH} levels")
    if isinstance(value, list):
        return [plain_value(item, key, depth + 1) for item in value]
    if isinstance(value, dict):
        if any(not isinstance(name, str) or "\0" in name for name in value):
            raise InvalidParameterError(key=key, reason="the names in a dict must be strings without NUL")
        encoded("".join(value), key)
        return {name: plain_value(item, key, depth + 1) for name, item in value.items()}
    raise InvalidParameterError(key=key, reason="the value has an unknown type")


def contain_pattern(text: str) -> str:
    """Return the PCRE that matches ``text`` literally."""
    return text.translate(_PCRE_SPECIAL)


def typed_scalar(value: Value, field: Field, key: str, operator: str) -> Value:
    """Return a plain single value with the type of the field. None stays None; a free-form field accepts anything.

    Lenient if the meaning is clear: a number for a text field, a numeric text for a number, ``true`` for a bool.

    Raises:
        OperatorValueTypeError: the field can never have this value.
    """
    if value is None or field.kind is FieldKind.FREE:
        return value
    match field.kind:
        case FieldKind.STRING | FieldKind.ENUM:
            return _text(value, key, operator)
        case FieldKind.INTEGER | FieldKind.FLOAT:
            return _number(value, key, operator)
        case FieldKind.BOOLEAN:
            return _boolean(value, key, operator)
        case FieldKind.DATETIME:
            return iso_datetime(value, key, operator) if value != "" else None
    if field.kind is FieldKind.TAG_MAP and not isinstance(value, dict):
        # ``tags.KEY`` without a provider: a text never equals a provider's tags, so it finds nothing.
        return value
    if isinstance(value, dict):
        return _escaped(value, _ESCAPED_LEVELS.get(field.kind, 0))
    raise OperatorValueTypeError(key=key, operator=operator, expected="a dict")


def _escaped(value: dict[str, Value], levels: int) -> dict[str, Value]:
    """``value`` with the keys of its first ``levels`` levels escaped like stored tags."""
    if not levels:
        return value
    return {
        escape_key(name): _escaped(item, levels - 1) if isinstance(item, dict) else item for name, item in value.items()
    }


def _text(value: Value, key: str, operator: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise OperatorValueTypeError(key=key, operator=operator, expected="a string")


def _number(value: Value, key: str, operator: str) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= 64:
        try:
            number = plain_value(float(value), key)
        except (ValueError, InvalidParameterError):
            number = None
        if isinstance(number, int | float):
            return number
    raise OperatorValueTypeError(key=key, operator=operator, expected="a number")


def _boolean(value: Value, key: str, operator: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise OperatorValueTypeError(key=key, operator=operator, expected="a bool")


def iso_datetime(value: Value, key: str, operator: str) -> datetime:
    """Return an ISO 8601 text as an aware UTC time in milliseconds; a text without a zone is UTC.

    Raises:
        OperatorValueTypeError: it is not a date-time.
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        pass
    raise OperatorValueTypeError(key=key, operator=operator, expected="an ISO 8601 date-time")


def relative_datetime(value: Value, key: str, operator: str, *, now: datetime) -> datetime:
    """Return the time that a text such as ``now/d - 7d`` means at ``now`` (UTC).

    ``now``, or the start of its day, week (on Monday) or month; then plus or minus a time span.

    Raises:
        OperatorValueTypeError: the text has another form, or the time is outside the calendar.
    """
    match = _TIMEDIFF.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise OperatorValueTypeError(key=key, operator=operator, expected=_TIMEDIFF_FORM)
    start_of, sign, number, unit = match.groups()
    moment = _start_of(now, start_of)
    if sign is None:
        return moment
    try:
        span = timedelta(**{_UNITS[unit]: int(number)})
        return moment + span if sign == "+" else moment - span
    except OverflowError:
        raise OperatorValueTypeError(key=key, operator=operator, expected="within the calendar") from None


def _start_of(now: datetime, period: str | None) -> datetime:
    if period is None:
        return now
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "w":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1) if period == "m" else midnight
