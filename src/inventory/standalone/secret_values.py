"""Converts a secret's data to the names that plugins read. Pure; no error contains a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.domain.plain import Json
from inventory.errors import SettingsError
from inventory.standalone.catalogue import Provider, SecretField


def named_for(provider: Provider, found: Json) -> dict[str, Any]:
    """Return ``found`` with the names that plugins of the provider read; unknown names are kept.

    Args:
        provider: with its fields.
        found: as written by another program: with its own names, perhaps one level down
            (``{"AccessKey": {"AccessKeyId": …}}``).
    """
    names = {_plain(alias): name for name, field in provider.fields.items() for alias in (name, *field.aliases)}
    if len(found) == 1:
        (only,) = found.values()
        if isinstance(only, Mapping) and any(_plain(str(name)) in names for name in only):
            found = only
    return {names.get(_plain(str(name)), str(name)): value for name, value in found.items()}


def complete(provider: Provider, values: Json, *, of: str) -> dict[str, Any]:
    """Return ``values`` with the defaults of missing fields; a known field that was written as a number is a text.

    Args:
        provider: with its fields.
        values: by the names of the fields.
        of: what the values belong to, for the error.

    Raises:
        SettingsError: required values are missing, or a known field contains a list or a mapping; the error names them.
    """
    filled = {name: field.default for name, field in provider.fields.items() if field.default} | {
        name: _text(value, name, provider.fields.get(name), of)
        for name, value in values.items()
        if value not in ("", None)
    }
    missing = [name for name, field in provider.fields.items() if field.required and name not in filled]
    if missing:
        raise SettingsError(f"{of}: missing: {', '.join(missing)}", field=missing[0])
    if not filled:
        raise SettingsError(f"{of}: contains no values", field="data")
    return filled


def _text(value: Any, name: str, field: SecretField | None, of: str) -> Any:
    """Return the value of a field. Only an optional one may be a boolean: it is a switch."""
    if field is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower() if field.required else value
    if isinstance(value, int | float):
        return str(value)
    raise SettingsError(f"{of}: {name} must be a text, not a list or a mapping", field=name)


def _plain(name: str) -> str:
    return name.replace(" ", "").replace("_", "").replace("-", "").lower()
