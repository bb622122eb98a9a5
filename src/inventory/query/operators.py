"""Turns raw conditions into typed ones: which values and fields an operator accepts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from inventory.errors import (
    InvalidParameterError,
    OperatorBooleanTypeError,
    OperatorDictValueTypeError,
    OperatorListValueTypeError,
    OperatorValueTypeError,
    QueryError,
)
from inventory.query.ast import Condition, Operator, Value
from inventory.query.fields import Field, FieldKind, KeyTarget
from inventory.query.keys import encoded, split_key
from inventory.query.values import iso_datetime, plain_value, relative_datetime, typed_scalar

MAX_PATTERN_BYTES = 4096
"""Maximum length of a pattern, and of a text for contain."""
MAX_PATTERNS = 256
"""Maximum number of patterns of one contain_in, not_contain_in or regex_in."""

_TEXT_KINDS = frozenset({FieldKind.STRING, FieldKind.ENUM, FieldKind.FREE, FieldKind.TAG_MAP})
_PCRE_ONLY = re.compile(r"\(\?[|&R0-9+-]|\(\?[a-zA-Z^-]+\)|\(\*|\(\?P?[<'&>]|\\[pPXhHvVRKQEGgNkzZ]|\[\[:|\\x\{|\\c")
"""Syntax of PCRE, MongoDB's regex engine, that Python's ``re`` lacks: such patterns are checked only by MongoDB."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """A condition while it is checked."""

    target: KeyTarget
    operator: str
    now: datetime

    @property
    def key(self) -> str:
        return self.target.key

    @property
    def field(self) -> Field:
        return self.target.field


def typed_condition(target: KeyTarget, operator: str, raw: object, *, now: datetime) -> Condition:
    """Check ``raw`` against the operator and the field, and return the typed condition.

    Args:
        target: what the key means.
        operator: the operator's wire name.
        now: what ``now`` in a timediff means, UTC.

    Raises:
        QueryError: no such operator, or one that makes no sense on this field.
        OperatorListValueTypeError, OperatorValueTypeError, OperatorBooleanTypeError, OperatorDictValueTypeError:
            the value has the wrong type for the operator or the field.
        InvalidParameterError: the value cannot be compared with anything (not finite, nested too deep), or a pattern
            is wrong.
    """
    entry = _OPERATORS.get(operator)
    if entry is None:
        known = ", ".join(_OPERATORS)
        raise QueryError(reason=f"unknown operator, the known ones are {known}", key=target.key)
    kind, check = entry
    value = check(_Subject(target, operator, now), plain_value(raw, target.key))
    return Condition(target, kind, value)


def _equal(subject: _Subject, value: Value) -> Value:
    if isinstance(value, list):
        raise OperatorValueTypeError(key=subject.key, operator=subject.operator)
    return typed_scalar(value, subject.field, subject.key, subject.operator)


def _ordered(subject: _Subject, value: Value) -> Value:
    if isinstance(value, list):
        raise OperatorValueTypeError(key=subject.key, operator=subject.operator)
    typed = typed_scalar(value, subject.field, subject.key, subject.operator)
    if typed is None or isinstance(typed, dict):
        raise OperatorValueTypeError(
            key=subject.key, operator=subject.operator, expected="a string, a number, a bool or a date-time"
        )
    return typed


def _list(subject: _Subject, value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise OperatorListValueTypeError(key=subject.key, operator=subject.operator)
    return value


def _among(subject: _Subject, value: Value) -> Value:
    values = _list(subject, value)
    if subject.field.kind is not FieldKind.FREE and any(isinstance(item, list) for item in values):
        raise OperatorValueTypeError(key=subject.key, operator=subject.operator, expected="a list of single values")
    return [typed_scalar(item, subject.field, subject.key, subject.operator) for item in values]


def _exists(subject: _Subject, value: Value) -> Value:
    if not isinstance(value, bool):
        raise OperatorBooleanTypeError(key=subject.key, operator=subject.operator)
    return value


def _text(subject: _Subject, value: Value) -> str:
    if subject.field.kind not in _TEXT_KINDS:
        reason = f"operator {subject.operator} works on text, not on {subject.field.kind}"
        raise QueryError(reason=f"{reason}, key = {subject.key[:256]}", key=subject.key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise OperatorValueTypeError(key=subject.key, operator=subject.operator, expected="a string")
    if len(encoded(value, subject.key)) > MAX_PATTERN_BYTES:
        raise InvalidParameterError(key=subject.key, reason=f"a pattern has at most {MAX_PATTERN_BYTES} bytes")
    return value


def _texts(subject: _Subject, value: Value) -> list[Value]:
    values = _list(subject, value)
    if len(values) > MAX_PATTERNS:
        raise InvalidParameterError(key=subject.key, reason=f"at most {MAX_PATTERNS} patterns")
    return [_text(subject, item) for item in values]


def _pattern(subject: _Subject, value: Value) -> str:
    pattern = _text(subject, value)
    check_pattern(pattern, subject.key)
    return pattern


def _patterns(subject: _Subject, value: Value) -> list[Value]:
    return [_pattern(subject, item) for item in _texts(subject, value)]


def check_pattern(pattern: str, key: str) -> None:
    """Reject an invalid regular expression. MongoDB decides in the end, because PCRE differs from Python's ``re``.

    Raises:
        InvalidParameterError: the pattern is certainly wrong.
    """
    if "\0" in pattern:
        raise InvalidParameterError(key=key, reason="a pattern must not contain NUL")
    if _PCRE_ONLY.search(pattern):
        return
    try:
        re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError):
        raise InvalidParameterError(key=key, reason="not a valid regular expression") from None


def _match(subject: _Subject, value: Value) -> Value:
    if not isinstance(value, dict):
        raise OperatorDictValueTypeError(key=subject.key, operator=subject.operator)
    if not value:
        raise InvalidParameterError(key=subject.key, reason="the value of operator match must name a member")
    field = subject.field
    if field.kind not in {FieldKind.FREE, FieldKind.TAG_MAP} and not (field.kind is FieldKind.DOCUMENT and field.many):
        raise QueryError(reason=f"operator match works on lists of dicts, key = {subject.key[:256]}", key=subject.key)
    return {name: _member(subject, name, item) for name, item in value.items()}


def _member(subject: _Subject, name: str, value: Value) -> Value:
    """Return the value of one member of an element, typed if the members are known."""
    segments = split_key(name)
    member: Field | None = subject.field
    for segment in segments:
        if member is None or member.kind in {FieldKind.FREE, FieldKind.TAG_MAP}:
            break
        member = member.members.get(segment)
    if member is None:
        raise InvalidParameterError(key=f"{subject.key}.{name}", reason="this is not a member of the list's elements")
    if member.kind is FieldKind.TAG_MAP:
        return value
    if isinstance(value, list) and member.kind is not FieldKind.FREE:
        raise OperatorValueTypeError(key=f"{subject.key}.{name}", operator=subject.operator)
    return typed_scalar(value, member, f"{subject.key}.{name}", subject.operator)


def _require_datetime(subject: _Subject) -> None:
    if subject.field.kind is not FieldKind.DATETIME:
        reason = f"operator {subject.operator} works on date-times, not on {subject.field.kind}"
        raise QueryError(reason=f"{reason}, key = {subject.key[:256]}", key=subject.key)


def _datetime(subject: _Subject, value: Value) -> Value:
    _require_datetime(subject)
    if isinstance(value, list):
        raise OperatorValueTypeError(key=subject.key, operator=subject.operator)
    return iso_datetime(value, subject.key, subject.operator)


def _timediff(subject: _Subject, value: Value) -> Value:
    _require_datetime(subject)
    if isinstance(value, list):
        raise OperatorValueTypeError(key=subject.key, operator=subject.operator)
    return relative_datetime(value, subject.key, subject.operator, now=subject.now)


_Check = Callable[[_Subject, Value], Value]

_ORDER = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
_OPERATORS: dict[str, tuple[Operator, _Check]] = {
    "eq": (Operator.EQ, _equal),
    "not": (Operator.NOT, _equal),
    **{operator.value: (operator, _ordered) for operator in _ORDER},
    "in": (Operator.IN, _among),
    "not_in": (Operator.NOT_IN, _among),
    "exists": (Operator.EXISTS, _exists),
    "contain": (Operator.CONTAIN, _text),
    "not_contain": (Operator.NOT_CONTAIN, _text),
    "contain_in": (Operator.CONTAIN_IN, _texts),
    "not_contain_in": (Operator.NOT_CONTAIN_IN, _texts),
    "match": (Operator.MATCH, _match),
    "regex": (Operator.REGEX, _pattern),
    "regex_in": (Operator.REGEX_IN, _patterns),
    **{f"datetime_{operator}": (operator, _datetime) for operator in _ORDER},
    **{f"timediff_{operator}": (operator, _timediff) for operator in _ORDER},
}
