"""Converts ``google.protobuf.Struct`` from and to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from inventory.domain.numbers import finite
from inventory.errors import InvalidParameterTypeError


def to_dict(struct: Struct) -> dict[str, Any]:
    """Return the content of ``struct``; numbers by the rule of :func:`inventory.domain.numbers.finite`."""
    fields = struct.fields
    plain: dict[str, Any] = {}
    # Mapping's own items() takes twice as long, and most values are strings.
    for key in fields:
        value = fields[key]
        plain[key] = value.string_value if value.WhichOneof("kind") == "string_value" else to_plain(value)
    return plain


def to_plain(value: Value) -> Any:
    """Return the content of ``value``, like :func:`to_dict`."""
    # Using WhichOneof takes half as long as json_format.MessageToDict.
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return to_dict(value.struct_value)
    if kind == "number_value":
        return finite(value.number_value)
    if kind == "list_value":
        return [to_plain(item) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    return None


def to_struct(content: Mapping[str, Any], *, name: str) -> Struct:
    """Return ``content`` as a Struct.

    Args:
        content: JSON values of any depth.
        name: what it is, for errors.

    Raises:
        InvalidParameterTypeError: a value is not a JSON value, or a text that UTF-8 cannot represent.
    """
    result = Struct()
    try:
        _fill(result, content)
    except (TypeError, ValueError) as exc:
        raise InvalidParameterTypeError(key=name, expected="JSON") from exc
    return result


def _fill(struct: Struct, content: Mapping[str, Any]) -> None:
    for key, item in content.items():
        _set(struct.fields[key], item)


def _set(target: Value, item: object) -> None:
    if item is None:
        target.null_value = 0  # type: ignore[assignment]
    elif isinstance(item, bool):
        target.bool_value = item
    elif isinstance(item, int | float):
        target.number_value = item
    elif isinstance(item, str):
        target.string_value = item
    elif isinstance(item, Mapping):
        target.struct_value.SetInParent()
        _fill(target.struct_value, item)
    elif isinstance(item, list | tuple):
        _extend(target.list_value, item)
    else:
        raise TypeError(type(item).__name__)


def _extend(target: ListValue, items: list[Any] | tuple[Any, ...]) -> None:
    target.SetInParent()
    for item in items:
        _set(target.values.add(), item)
