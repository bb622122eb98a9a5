"""Converts JSON to request messages, by protobuf's own mapping (https://protobuf.dev/programming-guides/json).

Both spellings of a name are accepted, that of the .proto (``plugin_id``) and JSON's (``pluginId``). A mismatch is
reported by the field's name and the expected type, never by its value, which may be a secret.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from inventory.errors import (
    BadRequestError,
    InvalidParameterError,
    InvalidParameterTypeError,
)
from inventory.gateway.errors import RequestTooLargeError

MAX_DEPTH: Final = 100
"""Maximum nesting of a body; protobuf's own limit, which counts a level of a Struct as three, is lower."""

MAX_VALUES: Final = 100_000
"""Maximum number of values in one body, the same as of a list in a request to the server: each takes microseconds to
convert, and a body of 16 MB could contain eight million."""

_TEXT_OR_MARK: Final = re.compile(rb'"(?:[^"\\]+|\\.)*+"|[\[{,]', re.DOTALL)
"""A string, or a character that precedes a value; inside a string, such a character does not count."""

_QUOTE: Final = ord('"')
_REQUEST: Final = "request"
_UNFIT: Final = (json_format.ParseError, ValueError, TypeError, OverflowError, AttributeError)
"""What json_format raises for values that do not fit."""

_RECURSION: Final = 4 * MAX_DEPTH
_WELL_KNOWN: Final = {
    "google.protobuf.Struct": "object",
    "google.protobuf.ListValue": "list",
    "google.protobuf.Value": "JSON",
}
_SCALARS: Final = {
    FieldDescriptor.CPPTYPE_STRING: "string",
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_INT32: "int32",
    FieldDescriptor.CPPTYPE_UINT32: "uint32",
    FieldDescriptor.CPPTYPE_INT64: "int64",
    FieldDescriptor.CPPTYPE_UINT64: "uint64",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
    FieldDescriptor.CPPTYPE_DOUBLE: "double",
}


def parse_request(descriptor: Descriptor, body: bytes) -> bytes:
    """Return ``body`` as a serialized message; an empty body is the empty request.

    Raises:
        InvalidParameterError, InvalidParameterTypeError: the body is not JSON, or does not fit the message.
        RequestTooLargeError: it contains more values than allowed.
    """
    _check_count(body)
    content = _load(body) if body else {}
    if not isinstance(content, dict):
        raise InvalidParameterTypeError(key=_REQUEST, expected="object")
    _check_shape(content)
    _check_text(body, content)
    _check_spellings(descriptor, content, "")
    message_type = GetMessageClass(descriptor)
    message = message_type()
    try:
        json_format.ParseDict(content, message, max_recursion_depth=_RECURSION)
        data = message.SerializeToString()
    except _UNFIT:
        # Without the cause: json_format quotes values, which a traceback in a log must not show.
        raise _blame(descriptor, content, "") from None
    try:
        message_type.FromString(data)
    except DecodeError:
        raise _too_deep() from None
    return data


def _check_count(body: bytes) -> None:
    """Return if ``body`` contains no more values than allowed, before anything is built from it."""
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) <= MAX_VALUES:
        return
    values = 0
    for texts, found in enumerate(_TEXT_OR_MARK.finditer(body)):
        values += body[found.start()] != _QUOTE
        # Each value may be a string and have a name: with more strings than that, the body is not JSON.
        if values > MAX_VALUES or texts > 4 * MAX_VALUES:
            raise RequestTooLargeError(limit=f"{MAX_VALUES} values in one request")


def _load(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise InvalidParameterError(key=_REQUEST, reason="the body is not UTF-8") from None
    except json.JSONDecodeError as exc:
        reason = f"the body is not JSON at line {exc.lineno}, column {exc.colno}"
        raise InvalidParameterError(key=_REQUEST, reason=reason) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # Python parses integers of up to some thousand digits.
        raise InvalidParameterError(key=_REQUEST, reason="a number is out of range") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidParameterError(key=_REQUEST, reason="a name occurs twice in one object")
    return found


def _no_constant(_name: str) -> Any:
    raise InvalidParameterError(key=_REQUEST, reason="JSON has no NaN and no Infinity")


def _too_deep() -> InvalidParameterError:
    return InvalidParameterError(key=_REQUEST, reason="nested too deeply")


def _check_shape(content: Any) -> None:
    """Return if ``content`` is neither too deep nor too large, and all its numbers are finite."""
    level, seen, depth = [content], 0, 0
    while level:
        depth, seen = depth + 1, seen + len(level)
        if depth > MAX_DEPTH:
            raise _too_deep()
        if seen > MAX_VALUES:
            raise RequestTooLargeError(limit=f"{MAX_VALUES} values in one request")
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, float) and not math.isfinite(value):
                raise InvalidParameterError(key=_REQUEST, reason="a number is out of range")
        level = below


def _check_text(body: bytes, content: Any) -> None:
    """Return if no string in ``content`` contains a lone surrogate, which only an escape can produce."""
    if b"\\ud" not in body.lower():
        return
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidParameterError(key=_REQUEST, reason="a text holds half a surrogate pair") from None


def _check_spellings(descriptor: Descriptor, content: Any, prefix: str) -> None:
    """Return if no field is given twice, once by each of its names: json_format would silently use the last one."""
    if descriptor.full_name in _WELL_KNOWN or not isinstance(content, dict):
        return
    seen: set[str] = set()
    for name, value in content.items():
        field = descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)
        if field is None:
            continue
        if field.name in seen:
            raise InvalidParameterError(
                key=prefix + field.name, reason="given twice, once by each of its names"
            ) from None
        seen.add(field.name)
        if field.message_type is not None:
            for member in value if isinstance(value, list) else (value,):
                _check_spellings(field.message_type, member, f"{prefix}{field.name}.")


def _blame(descriptor: Descriptor, content: dict[str, Any], prefix: str) -> BadRequestError:
    """Return the error that names the first field that does not fit."""
    names = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    for name, value in content.items():
        field = names.get(name)
        if field is None:
            return InvalidParameterError(key=prefix + name, reason="there is no such field")
        if not _fits(descriptor, {name: value}):
            return _blame_field(field, value, prefix + field.name)
    return InvalidParameterError(key=prefix.rstrip(".") or _REQUEST, reason="two names stand for the same field")


def _blame_field(field: FieldDescriptor, value: Any, key: str) -> BadRequestError:
    if field.message_type is not None and field.message_type.full_name not in _WELL_KNOWN:
        members = value if field.is_repeated and isinstance(value, list) else [value]
        for number, member in enumerate(members):
            where = f"{key}[{number}]" if field.is_repeated else key
            if isinstance(member, dict) and not _fits(field.message_type, member):
                return _blame(field.message_type, member, where + ".")
    expected = _expected(field)
    return InvalidParameterTypeError(key=key, expected=f"list of {expected}" if field.is_repeated else expected)


def _fits(descriptor: Descriptor, content: dict[str, Any]) -> bool:
    try:
        json_format.ParseDict(content, GetMessageClass(descriptor)(), max_recursion_depth=_RECURSION)
    except _UNFIT:
        return False
    return True


def _expected(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return _WELL_KNOWN.get(field.message_type.full_name, "object")
    if field.enum_type is not None:
        return "one of " + ", ".join(value.name for value in field.enum_type.values)
    return _SCALARS[field.cpp_type]
