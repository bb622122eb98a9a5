"""Converts what plugins send, in any of their spellings, to the typed values of one resource.

It is liberal (contract, section 7): null means "not sent", numbers may stand for text, ``data`` and ``metadata`` may be
JSON text, tags may be a list of pairs, and unknown members are ignored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from inventory.domain.numbers import nearest, whole
from inventory.domain.plain import Json
from inventory.errors import InvalidResourceError
from inventory.ingest.reading.json_text import read_json
from inventory.ingest.reading.kinds import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION, ResourceKind

_SERVICE_TEXT: Final = (
    "cloud_service_type",
    "cloud_service_group",
    "provider",
    "name",
    "account",
    "instance_type",
    "region_code",
    "project_id",
)
_CLEARABLE: Final = ("name", "account", "region_code", "instance_type", "instance_size", "ip_addresses")
_TYPE_TEXT: Final = ("name", "provider", "group", "service_code", "resource_type")
_REGION_TEXT: Final = ("name", "provider", "region_code")


def values_of(kind: ResourceKind, resource: Json) -> dict[str, Any]:
    """Return the values of a resource of ``kind``.

    Raises:
        InvalidResourceError: a field has a value that cannot be read as its type.
    """
    return _READERS[kind.resource_type](resource)


def _cloud_service(resource: Json) -> dict[str, Any]:
    values = _texts(resource, _SERVICE_TEXT)
    # An explicit null clears these, like an empty text (contract, section 7).
    values.update((key, "") for key in _CLEARABLE if key in resource and resource[key] is None)
    reference = resource.get("reference")
    if reference is not None:
        whole = _mapping("reference", reference)
        parts = {key: text(f"reference.{key}", whole.get(key)) for key in ("resource_id", "external_link")}
        values["reference"] = {key: part for key, part in parts.items() if part}
    size = resource.get("instance_size")
    if size is not None and size != "":
        values["instance_size"] = _number("instance_size", size)
    addresses = resource.get("ip_addresses")
    if addresses is not None:
        values["ip_addresses"] = _text_list("ip_addresses", addresses)
    for key in ("data", "metadata"):
        content = free_form(resource, key)
        if content is not None:
            values[key] = content
    _add_tags(values, resource)
    return values


def _cloud_service_type(resource: Json) -> dict[str, Any]:
    values = _texts(resource, _TYPE_TEXT)
    for key in ("is_primary", "is_major"):
        flag = resource.get(key)
        if flag is not None:
            values[key] = _flag(key, flag)
    labels = resource.get("labels")
    if labels is not None:
        values["labels"] = _text_list("labels", labels)
    metadata = free_form(resource, "metadata")
    if metadata is not None:
        values["metadata"] = metadata
    _add_tags(values, resource)
    return values


def _region(resource: Json) -> dict[str, Any]:
    values = _texts(resource, _REGION_TEXT)
    if not values.get("name"):
        # A region always has a name: it keeps the one it has.
        values.pop("name", None)
    _add_tags(values, resource)
    return values


_READERS: Final = {
    CLOUD_SERVICE.resource_type: _cloud_service,
    CLOUD_SERVICE_TYPE.resource_type: _cloud_service_type,
    REGION.resource_type: _region,
}


def _texts(resource: Json, keys: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in keys:
        value = resource.get(key)
        if value is not None:
            values[key] = value if type(value) is str else text(key, value)
    return values


def text(key: str, value: Any) -> str:
    """Return a scalar as text, ``""`` for null; an integral number without its fraction.

    Raises:
        InvalidResourceError: it is a list or dict.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(whole(value))
    if isinstance(value, bool | int):
        return str(value)
    raise InvalidResourceError(key=key, reason="must be text")


def is_text(value: str) -> bool:
    """Return whether UTF-8 can represent ``value``; JSON text may contain a lone surrogate."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(key: str, value: Any) -> float | str:
    try:
        number = float(value)
    except OverflowError:
        return nearest(math.copysign(math.inf, value))
    except (TypeError, ValueError):
        raise InvalidResourceError(key=key, reason="must be a number") from None
    # NaN and the infinities, which a text may express, clear like null.
    return number if math.isfinite(number) else ""


def _flag(key: str, value: Any) -> bool:
    if isinstance(value, str):
        lowered = value.lower()
        if lowered not in {"true", "false", ""}:
            raise InvalidResourceError(key=key, reason="must be a bool")
        return lowered == "true"
    if isinstance(value, bool | int | float):
        return bool(value)
    raise InvalidResourceError(key=key, reason="must be a bool")


def _text_list(key: str, value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, list | tuple):
        raise InvalidResourceError(key=key, reason="must be a list of texts")
    return [text(key, part) for part in value if part is not None]


def _mapping(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    raise InvalidResourceError(key=key, reason="must be a dict")


def free_form(resource: Json, key: str) -> dict[str, Any] | None:
    """Return the free-form field ``key``, from its JSON text ``json_<key>`` if it has no content itself.

    Raises:
        InvalidResourceError: it is not a dict, or its JSON text is not JSON of one.
    """
    value = resource.get(key)
    if value:
        return _mapping(key, value)
    source = f"json_{key}"
    written = resource.get(source)
    if written is None or written == "":
        return None if value is None else _mapping(key, value)
    if isinstance(written, str):
        try:
            written = read_json(written)
        except (ValueError, RecursionError):
            raise InvalidResourceError(key=source, reason="is not JSON") from None
    return None if written is None else _mapping(source, written)


def _add_tags(values: dict[str, Any], resource: Json) -> None:
    tags = resource.get("tags")
    if tags is not None:
        values["tags"] = tags_of(tags)


def tags_of(tags: Any) -> dict[str, Any]:
    """Return tags as a dict, also from a list of ``{key, value}`` (or ``{Key, Value}``) or of texts.

    Pairs without a key are dropped; a text, such as a network tag of Google, becomes a key with an empty value.

    Raises:
        InvalidResourceError: neither a dict nor a list of dicts and texts.
    """
    if isinstance(tags, list | tuple):
        found: dict[str, Any] = {}
        for pair in tags:
            if isinstance(pair, str):
                if pair:
                    found.setdefault(pair, "")
                continue
            whole = _mapping("tags", pair)
            key = whole.get("key", whole.get("Key"))
            if key is not None and key != "":
                found[text("tags", key)] = whole.get("value", whole.get("Value"))
        return found
    return _mapping("tags", tags)
