"""Counts the fields of a message from its bytes, before it is parsed.

A field takes two bytes on the wire, a hundred in memory, and some microseconds to decode. So even a request within the
size limit could block the interpreter for many seconds. Wire format: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from typing import Final

from inventory.errors import LimitExceededError
from inventory.protobuf.encoder import MessageDescriptor, fields_of

MAX_FIELDS: Final = 200_000
"""Fields of one request on all levels: a member of an object takes four of them, an item of a list two."""

_LEAST_BYTES: Final = 2
"""Minimum size of a field."""

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_SKIPPED: Final = {_FIXED64: 8, _FIXED32: 4}

_Plan = dict[int, "MessageDescriptor"]
_plans: Final[dict[str, _Plan]] = {}


class TooManyFieldsError(LimitExceededError):
    """A request has too many fields; retrying later does not help."""

    def __init__(self) -> None:
        super().__init__(limit=f"{MAX_FIELDS} values in one request")


def check_field_count(descriptor: MessageDescriptor, data: bytes, most: int = MAX_FIELDS) -> None:
    """Return if the message in ``data`` has at most ``most`` fields.

    Costs nothing for messages too short to have more, and some tenths of a second at worst: it stops at the first field
    too many. Bytes that are not a message are left to the parser.

    Raises:
        TooManyFieldsError: it has more.
    """
    if len(data) > most * _LEAST_BYTES:
        _count(descriptor, data, most)


def _count(descriptor: MessageDescriptor, data: bytes, most: int) -> None:
    # Messages whose end is not reached yet, outermost first; a loop, since nesting may be deep.
    outer: list[tuple[_Plan, int]] = []
    plan, end, at, seen = _plan(descriptor), len(data), 0, 0
    try:
        while True:
            while at >= end:
                if not outer:
                    return
                plan, end = outer.pop()
            seen += 1
            if seen > most:
                raise TooManyFieldsError
            tag = data[at]
            at += 1
            if tag > 0x7F:
                tag, at = _varint(data, at - 1)
            kind = tag & 7
            if kind == _DELIMITED:
                size = data[at]
                at += 1
                if size > 0x7F:
                    size, at = _varint(data, at - 1)
                inner = plan.get(tag >> 3)
                if inner is None:
                    at += size
                else:
                    outer.append((plan, end))
                    plan, end = _plan(inner), at + size
            elif kind == _VARINT:
                while data[at] > 0x7F:
                    at += 1
                at += 1
            else:
                # Groups begin and end with a tag only; the fields in between count like others.
                at += _SKIPPED.get(kind, 0)
    except IndexError:
        return


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80 or shift > 63:
            return value, at
        shift += 7


def _plan(descriptor: MessageDescriptor) -> _Plan:
    known = _plans.get(descriptor.full_name)
    if known is None:
        known = _plans[descriptor.full_name] = {
            field.number: field.message_type for field in fields_of(descriptor) if field.message_type is not None
        }
    return known
