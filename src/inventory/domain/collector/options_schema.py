"""Defaults of a plugin's options (contract, section 7: "Always send")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MAX_DEPTH = 16
"""Deepest nesting of a schema that is followed; deeper options are kept as given."""


def with_defaults(options: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``options`` with the defaults of the plugin's ``options_schema`` for missing ones.

    Args:
        options: the collector's options; existing ones are kept, whatever their value.
        metadata: the plugin's metadata. ``options_schema`` is a JSON schema; only ``properties`` and ``default``
            are used, and malformed parts are ignored.
    """
    return _filled(options, metadata.get("options_schema"), _MAX_DEPTH)


def _filled(options: Mapping[str, Any], schema: object, depth: int) -> dict[str, Any]:
    result = dict(options)
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or depth == 0:
        return result
    for name, member in properties.items():
        if not isinstance(member, Mapping):
            continue
        if name not in result:
            if "default" in member:
                result[name] = member["default"]
                continue
            inner = _filled({}, member, depth - 1)
            if inner:
                result[name] = inner
        elif isinstance(result[name], Mapping):
            result[name] = _filled(result[name], member, depth - 1)
    return result
