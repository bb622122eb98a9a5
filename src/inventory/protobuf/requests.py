"""Converts protobuf messages to plain dicts, by the presence rules of the contract (section 1).

Scalars with their zero value count as absent; for fields declared ``optional`` it matters whether they were sent; a
Struct that is present but empty is a value, ``{}``. ``ListFields`` reports exactly that, so a request is walked once
and nothing is copied in between. Keys are the names of the .proto, which is also the form that the query parser takes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from inventory.domain.numbers import finite
from inventory.errors import InvalidParameterError
from inventory.protobuf.encoder import MessageDescriptor, fields_of
from inventory.protobuf.field_count import check_field_count

Plain = dict[str, Any]
"""A decoded message."""

_Reader = Callable[[Any, str], Any]
"""(value, dotted name of the field for errors) → plain value."""

_SINGLE: Final = struct.Struct("<f")
_NOT_FINITE: Final = "a number must be finite"

_plans: dict[str, dict[int, tuple[str, _Reader | None]]] = {}
"""By full name of a message type: by field number, the field's name and its reader (None: the unchanged value)."""


def parse(message_type: type[Message], data: bytes) -> Message:
    """Return the message in ``data``.

    Raises:
        InvalidParameterError: the bytes are not such a message.
        LimitExceededError: it has more fields than a request may have.
    """
    check_field_count(message_type.DESCRIPTOR, data)
    message = message_type()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise InvalidParameterError(key="request", reason="the bytes are not the method's request message") from None
    return message


def decode(message: Message, prefix: str = "") -> Plain:
    """Return the fields of ``message`` that are present.

    Args:
        message: any message; google.protobuf.Struct and related types may be its fields, but not the message itself.
        prefix: dotted path of the message, for errors.

    Raises:
        InvalidParameterError: a number that its enum does not have, a key or a number that cannot be stored.
    """
    plan = _plans.get(message.DESCRIPTOR.full_name) or _plan(message.DESCRIPTOR)
    plain: Plain = {}
    for field, value in message.ListFields():
        name, reader = plan[field.number]
        plain[name] = value if reader is None else reader(value, prefix + name)
    return plain


class _UnfitError(ValueError):
    """A member of a free-form value cannot be stored.

    Attributes:
        path: keys and positions from the value down to the member, innermost first.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []

    def below(self, key: str) -> InvalidParameterError:
        """Return the error for the client, for a value of the field ``key``."""
        return InvalidParameterError(key=".".join([key or "request", *reversed(self.path)]), reason=self.reason)


def struct_to_dict(struct: Struct, key: str = "") -> Plain:
    """Return the content of a Struct; numbers by the rule of :mod:`inventory.domain.numbers`.

    Raises:
        InvalidParameterError: a key contains NUL, which MongoDB cannot store, or a number is NaN or infinite, which
            JSON does not have; it names the path.
    """
    try:
        return _members(struct)
    except _UnfitError as unfit:
        raise unfit.below(key) from None


def value_to_plain(value: Value, key: str = "") -> Any:
    """Return the content of a Value; one without a kind is None. Raises as :func:`struct_to_dict`."""
    try:
        return _plain(value)
    except _UnfitError as unfit:
        raise unfit.below(key) from None


def list_to_plain(values: ListValue, key: str = "") -> list[Any]:
    """Return the content of a ListValue. Raises as :func:`struct_to_dict`."""
    try:
        return _elements(values)
    except _UnfitError as unfit:
        raise unfit.below(key) from None


def _members(struct: Struct) -> Plain:
    fields = struct.fields
    plain = {}
    name = ""
    try:
        for name in fields:
            if "\0" in name:
                raise _UnfitError("a key must not contain NUL")
            plain[name] = _plain(fields[name])
    except _UnfitError as unfit:
        if "\0" not in name:
            unfit.path.append(name)
        raise
    return plain


def _elements(values: ListValue) -> list[Any]:
    plain: list[Any] = []
    try:
        for value in values.values:
            plain.append(_plain(value))
    except _UnfitError as unfit:
        unfit.path.append(str(len(plain)))
        raise
    return plain


def _plain(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number = finite(value.number_value)
        if number is None:
            raise _UnfitError(_NOT_FINITE)
        return number
    if kind == "struct_value":
        return _members(value.struct_value)
    if kind == "list_value":
        return _elements(value.list_value)
    return value.bool_value if kind == "bool_value" else None


_WELL_KNOWN: Mapping[str, _Reader] = {
    "google.protobuf.Struct": struct_to_dict,
    "google.protobuf.Value": value_to_plain,
    "google.protobuf.ListValue": list_to_plain,
}


def _plan(descriptor: MessageDescriptor) -> dict[int, tuple[str, _Reader | None]]:
    plan = {field.number: (field.name, _reader(field)) for field in fields_of(descriptor)}
    _plans[descriptor.full_name] = plan
    return plan


def _reader(field: FieldDescriptor) -> _Reader | None:
    one = _single_reader(field)
    if not field.is_repeated:
        return one
    if one is None:
        return lambda values, _key: list(values)
    return lambda values, key: [one(value, key) for value in values]


def _single_reader(field: FieldDescriptor) -> _Reader | None:
    if field.message_type is not None:
        return _WELL_KNOWN.get(field.message_type.full_name) or _nested
    if field.enum_type is not None:
        return _enum_reader(field.enum_type)
    return shortest_float if field.type == FieldDescriptor.TYPE_FLOAT else None


def shortest_float(value: float, key: str = "") -> float:
    """Return the shortest decimal that equals ``value`` in single precision: 0.1 arrives as 0.10000000149011612.

    Raises:
        InvalidParameterError: it is NaN or infinite.
    """
    if not math.isfinite(value):
        raise InvalidParameterError(key=key or "request", reason=_NOT_FINITE)
    for digits in range(6, 9):
        shorter = float(f"{value:.{digits}g}")
        if _as_single(shorter) == value:
            return shorter
    return value


def _as_single(value: float) -> float:
    try:
        return float(_SINGLE.unpack(_SINGLE.pack(value))[0])
    except OverflowError:
        return math.inf


def _nested(message: Message, key: str) -> Plain:
    return decode(message, key + ".")


def _enum_reader(enum: EnumDescriptor) -> _Reader:
    names = {value.number: value.name for value in enum.values}
    known = ", ".join(name for number, name in names.items() if number)

    def read(number: int, key: str) -> str:
        name = names.get(number)
        if name is None:
            raise InvalidParameterError(key=key, reason=f"must be one of {known}")
        return name

    return read
