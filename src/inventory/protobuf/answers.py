"""Converts answers to JSON, by protobuf's own mapping with the names of the .proto, without unset and zero fields.

Two things differ from ``json_format``: integral numbers in a Struct are written as integers (``3``, not ``3.0``), and a
number that JSON does not have (NaN, the infinities) becomes null instead of failing the whole answer.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from inventory.domain.numbers import finite

_FLOAT_DIGITS: Final = range(6, 10)
"""Range of decimal digits in which the shortest form is found that restores the same single-precision number."""


def to_json(descriptor: Descriptor, data: bytes) -> bytes:
    """Return a serialized message as JSON in UTF-8."""
    content = plain(GetMessageClass(descriptor).FromString(data))
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def plain(message: Message) -> Any:
    """Return a message as plain JSON values."""
    well_known = _WELL_KNOWN.get(message.DESCRIPTOR.full_name)
    if well_known is not None:
        return well_known(message)
    return {field.name: _field(field, value) for field, value in message.ListFields()}


def _field(field: FieldDescriptor, value: Any) -> Any:
    one = _reader(field)
    return [one(item) for item in value] if field.is_repeated else one(value)


def _reader(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.message_type is not None:
        return plain
    if field.enum_type is not None:
        names = field.enum_type.values_by_number
        return lambda number: names[number].name if number in names else number
    return _SCALARS[field.type]


def _struct(message: Struct) -> dict[str, Any]:
    fields = message.fields
    return {name: _value(fields[name]) for name in fields}


def _list(message: ListValue) -> list[Any]:
    return [_value(value) for value in message.values]


def _value(message: Value) -> Any:
    kind = message.WhichOneof("kind")
    if kind == "string_value":
        return message.string_value
    if kind == "number_value":
        return _double(message.number_value)
    if kind == "struct_value":
        return _struct(message.struct_value)
    if kind == "list_value":
        return _list(message.list_value)
    return message.bool_value if kind == "bool_value" else None


def _double(number: float) -> float | int | None:
    return finite(number)


def _float(number: float) -> float | int | None:
    if not math.isfinite(number) or number.is_integer():
        return _double(number)
    packed = struct.pack("<f", number)
    short = (float(f"{number:.{digits}g}") for digits in _FLOAT_DIGITS)
    return next(text for text in short if struct.pack("<f", text) == packed)


_WELL_KNOWN: Final[dict[str, Callable[[Any], Any]]] = {
    "google.protobuf.Struct": _struct,
    "google.protobuf.ListValue": _list,
    "google.protobuf.Value": _value,
}


def _same(value: Any) -> Any:
    return value


_SCALARS: Final[dict[int, Callable[[Any], Any]]] = {
    FieldDescriptor.TYPE_STRING: _same,
    FieldDescriptor.TYPE_BOOL: _same,
    FieldDescriptor.TYPE_INT32: _same,
    FieldDescriptor.TYPE_UINT32: _same,
    FieldDescriptor.TYPE_INT64: str,
    FieldDescriptor.TYPE_UINT64: str,
    FieldDescriptor.TYPE_FLOAT: _float,
    FieldDescriptor.TYPE_DOUBLE: _double,
}
"""64-bit integers are strings in protobuf's mapping. Kinds of fields that the API does not use are not supported."""
