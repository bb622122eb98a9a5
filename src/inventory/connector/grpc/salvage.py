"""Reads as much as possible of a plugin's message that protobuf rejects (contract §7).

protobuf rejects a whole message because of one text that is not UTF-8, content that is nested too deeply, or bytes that
are not a message. Here texts are repaired, and of the rest, the readable part is returned with the reason: enough to
identify the resource. Encoding: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from inventory.domain.numbers import finite
from inventory.domain.texts import from_bytes

CANNOT_BE_DECODED: Final = "cannot be decoded"
TOO_DEEP: Final = "nested too deeply"

_VARINT, _EIGHT_BYTES, _SIZED, _GROUP, _GROUP_END, _FOUR_BYTES = range(6)
_MAX_LEVELS: Final = 100
"""Levels of messages that protobuf reads; more deeply nested content could not be shown to any client."""
_VARINT_BYTES: Final = 10
_INT32_SIGN: Final = 1 << 31

WireField = tuple[int, int, Any]
"""Number, wire type, and value: an int, or the bytes."""


@dataclass(slots=True)
class Salvaged:
    """The readable part of a message.

    Attributes:
        fault: why its content cannot be used; empty if all of it could be read.
    """

    state: int = 0
    message: str = ""
    resource_type: str = ""
    match_rules: dict[str, Any] = field(default_factory=dict)
    resource: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def salvage(data: bytes) -> Salvaged:
    """Return the readable part of a ``ResourceInfo``; never raises, whatever ``data`` is."""
    found = Salvaged()
    reader = _Reader()
    for number, wire_type, value in reader.fields(data):
        if wire_type == _VARINT and number == 1:
            found.state = _int32(value)
        elif wire_type != _SIZED:
            continue
        elif number == 2:
            found.message = from_bytes(value)
        elif number == 3:
            found.resource_type = from_bytes(value)
        elif number == 4:
            found.match_rules.update(reader.struct(value, 1))
        elif number == 6:
            found.resource.update(reader.struct(value, 1))
        elif number == 7:
            reader.struct(value, 1)
    found.fault = reader.fault
    return found


class _Reader:
    """Reads nested messages and records the first fault; of a broken part, what precedes the fault is returned."""

    def __init__(self) -> None:
        self.fault = ""

    def _note(self, fault: str) -> None:
        self.fault = self.fault or fault

    def fields(self, data: bytes) -> Iterator[WireField]:
        """Yield the fields of a message up to the first broken one."""
        at, end = 0, len(data)
        try:
            while at < end:
                number, wire_type, value, at = _field(data, at, 0)
                yield number, wire_type, value
        except (_BrokenError, IndexError):
            self._note(CANNOT_BE_DECODED)

    def struct(self, data: bytes, level: int) -> dict[str, Any]:
        """Return the content of a Struct at nesting level ``level``."""
        plain: dict[str, Any] = {}
        for number, wire_type, entry in self.fields(data):
            if number == 1 and wire_type == _SIZED:
                self._add_member(plain, entry, level + 1)
        return plain

    def _add_member(self, plain: dict[str, Any], entry: bytes, level: int) -> None:
        key, value = "", b""
        for number, wire_type, part in self.fields(entry):
            if wire_type == _SIZED and number == 1:
                key = from_bytes(part)
            elif wire_type == _SIZED and number == 2:
                value = part
        plain[key] = self._value(value, level + 1)

    def _value(self, data: bytes, level: int) -> Any:
        if level > _MAX_LEVELS:
            self._note(TOO_DEEP)
            return None
        plain: Any = None
        for number, wire_type, value in self.fields(data):
            match number, wire_type:
                case 1, 0:
                    plain = None
                case 2, 1:
                    plain = finite(struct.unpack("<d", value)[0])
                case 3, 2:
                    plain = from_bytes(value)
                case 4, 0:
                    plain = value != 0
                case 5, 2:
                    plain = self.struct(value, level + 1)
                case 6, 2:
                    plain = self._list(value, level + 1)
        return plain

    def _list(self, data: bytes, level: int) -> list[Any]:
        return [
            self._value(value, level + 1)
            for number, wire_type, value in self.fields(data)
            if number == 1 and wire_type == _SIZED
        ]


class _BrokenError(ValueError):
    """The bytes are not a field."""


def _field(data: bytes, at: int, groups: int) -> tuple[int, int, Any, int]:
    """Return number, wire type and value of the field that begins ``at``, and the position of the next one."""
    tag, at = _varint(data, at)
    number, wire_type = tag >> 3, tag & 7
    if not 0 < number < 1 << 29 or groups > _MAX_LEVELS:
        raise _BrokenError
    if wire_type == _VARINT:
        value, end = _varint(data, at)
        return number, wire_type, value, end
    if wire_type == _GROUP:
        return number, wire_type, b"", _group_end(data, at, number, groups + 1)
    if wire_type == _SIZED:
        size, at = _varint(data, at)
    elif wire_type in (_EIGHT_BYTES, _FOUR_BYTES):
        size = 8 if wire_type == _EIGHT_BYTES else 4
    else:
        raise _BrokenError
    if at + size > len(data):
        raise _BrokenError
    return number, wire_type, data[at : at + size], at + size


def _group_end(data: bytes, at: int, number: int, groups: int) -> int:
    """Return the position after the group ``number``; its content is skipped."""
    while True:
        tag, after = _varint(data, at)
        if tag & 7 == _GROUP_END:
            if tag >> 3 != number:
                raise _BrokenError
            return after
        at = _field(data, at, groups)[3]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for position in range(_VARINT_BYTES):
        part = data[at + position]
        number |= (part & 0x7F) << 7 * position
        if part < 0x80:
            return number, at + position + 1
    raise _BrokenError


def _int32(number: int) -> int:
    number &= 2 * _INT32_SIGN - 1
    return number - 2 * _INT32_SIGN if number >= _INT32_SIGN else number
