"""Encodes plain values directly to protobuf's wire format, without message objects.

Filling a Struct through the message API costs more than anything else in a list of resources. The wire format is
simple (https://protobuf.dev/programming-guides/encoding), so an encoder is compiled once per message type from its
descriptor and writes a document straight to bytes. The fields of a message are still defined only by the .proto.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from inventory.domain.clock import isoformat
from inventory.domain.numbers import all_finite

MAX_LEVELS: Final = 99
"""Maximum levels of messages in a Struct within a list of resources: protobuf reads 100, and the list takes one. Deeper
values are sent as JSON text, so that one odd resource does not make a whole list unreadable."""
_DICT_LEVELS: Final = 3
"""Levels of a dict: the Struct, its member and the member's Value."""
_LIST_LEVELS: Final = 2
"""Levels of a list: the ListValue and its element's Value."""

if TYPE_CHECKING:
    from google._upb._message import Descriptor as _UpbDescriptor

MessageDescriptor: TypeAlias = "Descriptor | _UpbDescriptor"
"""The descriptor of a message type; its class depends on how protobuf was built."""

Writer = Callable[[Any], bytes]
"""A value → its bytes on the wire, including the tag for fields; empty for an absent value."""

_INT32_MAX: Final = 2**31 - 1
_NULL: Final = b"\x08\x00"
"""A ``google.protobuf.Value`` that is null."""
_double: Final = struct.Struct("<d").pack
_float: Final = struct.Struct("<f").pack


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SHORT: Final = tuple(_varint(number) for number in range(4096))


def varint(number: int) -> bytes:
    """Return a non-negative integer as a base-128 varint."""
    return _SHORT[number] if number < 4096 else _varint(number)


def delimited(tag: bytes, content: bytes) -> bytes:
    """Return a length-delimited field."""
    size = len(content)
    return tag + (_SHORT[size] if size < 4096 else _varint(size)) + content


def tag(number: int, wire_type: int) -> bytes:
    """Return the tag of a field. Wire types: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes."""
    return _varint(number << 3 | wire_type)


def struct_bytes(content: Mapping[str, Any], level: int = _DICT_LEVELS) -> bytes:
    """Return a dict as the bytes of a ``google.protobuf.Struct``.

    Args:
        content: the dict.
        level: the nesting level of its members' values.
    """
    parts = []
    for key, value in content.items():
        name = key.encode("utf-8", "replace")
        item = value_bytes(value, level)
        entry = b"\x0a" + varint(len(name)) + name + b"\x12" + varint(len(item)) + item
        parts.append(b"\x0a" + varint(len(entry)) + entry)
    return b"".join(parts)


def list_bytes(values: Any, level: int = _LIST_LEVELS) -> bytes:
    """Return a list as the bytes of a ``google.protobuf.ListValue``; ``level`` as in :func:`struct_bytes`."""
    return b"".join([delimited(b"\x0a", value_bytes(value, level)) for value in values])


def value_bytes(value: Any, level: int = 0) -> bytes:
    """Return a value as the bytes of a ``google.protobuf.Value``; ``level`` is its nesting level.

    Times become ISO 8601 text. Values without a JSON counterpart (an ObjectId, NaN or an infinity) become null:
    protobuf's JSON mapping fails on a Value that is not finite, and a client would lose the whole list.
    """
    kind = type(value)
    if kind is str:
        return delimited(b"\x1a", value.encode("utf-8", "replace"))
    if kind is bool:
        return b"\x20\x01" if value else b"\x20\x00"
    if kind is int or (kind is float and isfinite(value)):
        return b"\x11" + _double(value)
    if value is None:
        return _NULL
    return _other_value_bytes(value, level)


def _other_value_bytes(value: Any, level: int) -> bytes:
    if isinstance(value, Mapping):
        if level + _DICT_LEVELS > MAX_LEVELS:
            return _as_text(value)
        return delimited(b"\x2a", struct_bytes(value, level + _DICT_LEVELS))
    if isinstance(value, (list, tuple)):
        if level + _LIST_LEVELS > MAX_LEVELS:
            return _as_text(value)
        return delimited(b"\x32", list_bytes(value, level + _LIST_LEVELS))
    if isinstance(value, datetime):
        return value_bytes(isoformat(value))
    if isinstance(value, int):
        return b"\x11" + _double(value)
    if hasattr(value, "as_doc"):  # MongoDB's drivers read {"$ref", "$id"} as a DBRef
        return _other_value_bytes(value.as_doc(), level)
    return _NULL


def _as_text(value: Any) -> bytes:
    return value_bytes(_json_text(value))


def _json_text(value: Any) -> str:
    try:
        return json.dumps(value, default=_json_default, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(all_finite(value), default=_json_default, ensure_ascii=False)


def _json_default(value: Any) -> Any:
    if hasattr(value, "as_doc"):
        return dict(value.as_doc())
    return isoformat(value) if isinstance(value, datetime) else None


def fields_of(descriptor: MessageDescriptor) -> Sequence[FieldDescriptor]:
    """Return the fields of a message type, by the name that the classes of both builds share."""
    return cast("Sequence[FieldDescriptor]", descriptor.fields)


class MessageEncoder:
    """Encodes documents as one message type.

    Members of a document that the message does not have are ignored; fields that are missing, None or of the wrong type
    stay unset, so that one odd document does not hide the rest of a list. Enums are stored by name, times as datetimes.
    A nested message may be given as its bytes.
    """

    def __init__(self, descriptor: MessageDescriptor) -> None:
        self.full_name = descriptor.full_name
        self._fields = tuple((field.name, _field_writer(field)) for field in fields_of(descriptor))

    def __call__(self, document: Mapping[str, Any]) -> bytes:
        """Return ``document`` in wire format."""
        get = document.get
        parts = []
        for name, write in self._fields:
            value = get(name)
            if value is not None:
                parts.append(write(value))
        return b"".join(parts)


def _field_writer(field: FieldDescriptor) -> Writer:
    if not field.is_repeated:
        return _single_writer(field, keep_zero=field.has_presence)
    # Repeated numbers are written unpacked: parsers accept both forms, and these lists are short.
    one = _single_writer(field, keep_zero=True)
    return lambda values: b"".join([one(value) for value in values if value is not None]) if _is_list(values) else b""


def _is_list(values: Any) -> bool:
    return isinstance(values, (list, tuple))


def _single_writer(field: FieldDescriptor, *, keep_zero: bool) -> Writer:
    if field.message_type is not None:
        return _message_writer(field.number, field.message_type)
    if field.enum_type is not None:
        return _enum_writer(field.number, field.enum_type)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _string_writer(field.number, keep_zero=keep_zero)
    if field.type == FieldDescriptor.TYPE_BOOL:
        true, false = tag(field.number, 0) + b"\x01", (tag(field.number, 0) + b"\x00") if keep_zero else b""
        return lambda value: true if value else false
    if field.type in {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT32}:
        return _integer_writer(field.number, keep_zero=keep_zero)
    if field.type in {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE}:
        return _real_writer(field, keep_zero=keep_zero)
    raise TypeError(f"{field.full_name} has a type that no message of ours uses")


def _message_writer(number: int, message: Descriptor) -> Writer:
    head = tag(number, 2)
    name = message.full_name
    if name == "google.protobuf.Struct":
        return lambda value: _struct_field(head, value)
    if name == "google.protobuf.ListValue":
        return lambda value: delimited(head, list_bytes(value)) if isinstance(value, list) else b""
    encode = MessageEncoder(message)

    def write(value: Any) -> bytes:
        if isinstance(value, Mapping):
            return delimited(head, encode(value))
        return delimited(head, value) if type(value) is bytes else b""

    return write


def _struct_field(head: bytes, value: Any) -> bytes:
    if hasattr(value, "as_doc"):  # a whole field that reads {"$ref", "$id"}
        value = value.as_doc()
    return delimited(head, struct_bytes(value)) if isinstance(value, Mapping) else b""


def _enum_writer(number: int, enum: EnumDescriptor) -> Writer:
    head = tag(number, 0)
    known = {value.name: head + varint(value.number) for value in enum.values if value.number}
    return lambda value: known.get(value, b"") if isinstance(value, str) else b""


def _string_writer(number: int, *, keep_zero: bool) -> Writer:
    head = tag(number, 2)

    def write(value: Any) -> bytes:
        text = value if type(value) is str else isoformat(value) if isinstance(value, datetime) else str(value)
        return delimited(head, text.encode("utf-8", "replace")) if text or keep_zero else b""

    return write


def _integer_writer(number: int, *, keep_zero: bool) -> Writer:
    head = tag(number, 0)

    def write(value: Any) -> bytes:
        try:
            integer = min(max(int(value), -_INT32_MAX - 1), _INT32_MAX)
        except (TypeError, ValueError, OverflowError):
            return b""
        return head + varint(integer & 0xFFFFFFFFFFFFFFFF) if integer or keep_zero else b""

    return write


def _real_writer(field: FieldDescriptor, *, keep_zero: bool) -> Writer:
    single = field.type == FieldDescriptor.TYPE_FLOAT
    head, pack = tag(field.number, 5 if single else 1), _float if single else _double
    largest = 3.4028234663852886e38 if single else sys.float_info.max

    def write(value: Any) -> bytes:
        if not isinstance(value, (int, float)) or isnan(value):
            return b""
        return head + pack(min(max(value, -largest), largest)) if value or keep_zero else b""

    return write
