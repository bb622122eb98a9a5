"""Reads a serialized ``google.protobuf.Struct`` directly into plain values, without message objects.

Walking a message costs about a microsecond per value, most of it for the objects in between. Reading the bytes avoids
them, and what the resources of one stream have in common is read once: equal members are recognized by their bytes.
For resources of 14 KB with a hundred properties each this saves three quarters of the time, for small ones a third.

Encoding: https://protobuf.dev/programming-guides/encoding. A struct is a sequence of members, each a tag, a length, the
key (tag, length, text) and the value (tag, length, one field). Only the deterministic serialization of a message is
read; anything else is left to :func:`~inventory.protobuf.struct.to_dict`.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from inventory.domain.numbers import finite
from inventory.domain.texts import REPLACEMENT, fit, fitted
from inventory.protobuf.struct import to_dict

_MEMBER: Final = 0x0A
_KEY: Final = 0x0A
_VALUE: Final = 0x12
_ELEMENT: Final = 0x0A
_NULL: Final = 0x08
_NUMBER: Final = 0x11
_TEXT: Final = 0x1A
_BOOL: Final = 0x20
_STRUCT: Final = 0x2A
_LIST: Final = 0x32
_SIZED: Final = (_TEXT, _STRUCT, _LIST)
_DOUBLE: Final = struct.Struct("<d").unpack_from

_SMALL_BYTES: Final = 64
"""Members up to this size are cached: most names, types, numbers and flags, and few texts that never repeat."""
_SMALL_KEPT: Final = 4096
_KEYS_KEPT: Final = 4096
_LARGE: Final = "metadata"
"""The member that a plugin sends unchanged with each resource of a type (how to display it): two thirds of a real
plugin's message."""
_LARGE_KEPT: Final = 32


class _UnusualError(ValueError):
    """The bytes are not in the form that this module reads."""


class StructReader:
    """Reads the structs of one stream. Equal parts are the same objects in all results, which are read-only."""

    def __init__(self) -> None:
        self._small: dict[bytes, tuple[str, Any]] = {}
        self._keys: dict[bytes, str] = {}
        self._large: dict[bytes, Any] = {}

    def read(self, data: bytes) -> dict[str, Any]:
        """Return the content of the Struct whose deterministic serialization is ``data``.

        Numbers follow :mod:`inventory.domain.numbers`; NaN and the infinities become None; NULs are replaced.
        """
        try:
            return self._struct(data, 0, len(data))
        except (ValueError, IndexError, struct.error):
            plain: dict[str, Any] = fitted(to_dict(Struct.FromString(data)))
            return plain

    def _struct(self, data: bytes, start: int, end: int) -> dict[str, Any]:
        # The hottest loop of a collect: inlining calls here makes it a third faster.
        plain: dict[str, Any] = {}
        small, keys = self._small, self._keys
        while start < end:
            if data[start] != _MEMBER:
                raise _UnusualError
            size = data[start + 1]
            member = b""
            if size <= _SMALL_BYTES:
                at = start + 2
                start = at + size
                member = data[at:start]
                known = small.get(member)
                if known is not None:
                    plain[known[0]] = known[1]
                    continue
            else:
                size, at = _length(data, start + 1)
                start = at + size
            if data[at] != _KEY:
                raise _UnusualError
            size, at = (data[at + 1], at + 2) if data[at + 1] < 0x80 else _length(data, at + 1)
            name = data[at : at + size]
            key = keys.get(name)
            if key is None:
                key = self._new_key(name)
            at += size
            if data[at] != _VALUE:
                raise _UnusualError
            size, at = (data[at + 1], at + 2) if data[at + 1] < 0x80 else _length(data, at + 1)
            if at + size != start:
                raise _UnusualError
            if at < start and data[at] == _TEXT:
                size, at = (data[at + 1], at + 2) if data[at + 1] < 0x80 else _length(data, at + 1)
                if at + size != start:
                    raise _UnusualError
                value: Any = data[at:start].decode()
                if "\0" in value:
                    value = value.replace("\0", REPLACEMENT)
            elif key == _LARGE and not member:
                value = self._repeated(data[at:start])
            else:
                value = self._value(data, at, start)
            plain[key] = value
            if member:
                if len(small) >= _SMALL_KEPT:
                    small.clear()
                small[member] = (key, value)
        if start != end:
            raise _UnusualError
        return plain

    def _value(self, data: bytes, at: int, end: int) -> Any:
        """Return the value whose only field begins ``at`` and ends before ``end``."""
        if at == end:
            return None
        kind = data[at]
        if kind == _NUMBER and at + 9 == end:
            return finite(_DOUBLE(data, at + 1)[0])
        if kind in _SIZED:
            size, at = _length(data, at + 1)
            if at + size != end:
                raise _UnusualError
            if kind == _STRUCT:
                return self._struct(data, at, end)
            return fit(data[at:end].decode()) if kind == _TEXT else self._list(data, at, end)
        if kind == _BOOL and at + 2 == end:
            return data[at + 1] != 0
        if kind == _NULL and at + 2 == end:
            return None
        raise _UnusualError

    def _list(self, data: bytes, start: int, end: int) -> list[Any]:
        plain = []
        while start < end:
            if data[start] != _ELEMENT:
                raise _UnusualError
            size, at = _length(data, start + 1)
            start = at + size
            plain.append(self._value(data, at, start))
        if start != end:
            raise _UnusualError
        return plain

    def _repeated(self, value: bytes) -> Any:
        found = self._large.get(value)
        if found is None:
            found = self._value(value, 0, len(value))
            if len(self._large) >= _LARGE_KEPT:
                del self._large[next(iter(self._large))]
            self._large[value] = found
        return found

    def _new_key(self, name: bytes) -> str:
        key = fit(name.decode())
        if len(self._keys) < _KEYS_KEPT:
            self._keys[name] = key
        return key


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint that begins ``at``, and the position after it."""
    size = data[at]
    at += 1
    if size < 0x80:
        return size, at
    size &= 0x7F
    shift = 7
    while True:
        part = data[at]
        at += 1
        size |= (part & 0x7F) << shift
        if part < 0x80:
            return size, at
        shift += 7
