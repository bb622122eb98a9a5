"""Validates a collector's own values (contract, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inventory.domain.numbers import whole
from inventory.domain.plain import Json
from inventory.errors import InvalidParameterError, InvalidParameterTypeError, RequiredParameterError

MAX_NAME: Final = 255
MAX_PRIORITY: Final = 99
DEFAULT_PRIORITY: Final = 10
AUTO: Final = "AUTO"
MANUAL: Final = "MANUAL"

_ABSENT: Final = (None, "", "NONE")
_NAMES: Final = ("secret_id", "secret_group_id", "provider", "service_account_id")


def required_text(params: Json, key: str, *, name: str = "") -> str:
    """Return the string under ``key``.

    Args:
        params: a request's fields.
        key: the field.
        name: its name in errors; the key if empty.

    Raises:
        RequiredParameterError: it is missing or empty.
        InvalidParameterTypeError: it is not a string.
    """
    value = optional_text(params, key, name=name)
    if not value:
        raise RequiredParameterError(key=name or key)
    return value


def optional_text(params: Json, key: str, *, name: str = "") -> str:
    """Return the string under ``key``, empty if missing; at most 255 characters, without NUL."""
    value = params.get(key) or ""
    if not isinstance(value, str):
        raise InvalidParameterTypeError(key=name or key, expected="str")
    if len(value) > MAX_NAME:
        raise InvalidParameterError(key=name or key, reason=f"at most {MAX_NAME} characters")
    if "\0" in value:
        raise InvalidParameterError(key=name or key, reason="must not contain NUL")
    return value


def checked_priority(value: object) -> int:
    """Return a priority, 0–99.

    Raises:
        InvalidParameterTypeError, InvalidParameterError: it is not a priority.
    """
    if isinstance(value, float):
        value = whole(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidParameterTypeError(key="priority", expected="int")
    if not 0 <= value <= MAX_PRIORITY:
        raise InvalidParameterError(key="priority", reason=f"must be from 0 to {MAX_PRIORITY}")
    return value


def struct(value: object, key: str) -> dict[str, Any]:
    """Return a dict. Raises ``InvalidParameterTypeError``."""
    if not isinstance(value, Mapping):
        raise InvalidParameterTypeError(key=key, expected="dict")
    return dict(value)


def upgrade_mode(value: object, *, key: str = "plugin_info.upgrade_mode") -> str:
    """Return AUTO or MANUAL, or the empty string if neither was given. Raises ``InvalidParameterError``."""
    if value in _ABSENT:
        return ""
    if value not in (AUTO, MANUAL):
        raise InvalidParameterError(key=key, reason=f"must be {AUTO} or {MANUAL}")
    return str(value)


def new_plugin_info(raw: Json) -> dict[str, Any]:
    """Return the validated ``plugin_info`` of a new collector, without metadata and missing texts.

    Raises:
        RequiredParameterError: plugin_id is missing, or the version if upgrade_mode is MANUAL.
        InvalidParameterError, InvalidParameterTypeError: an invalid value.
    """
    info: dict[str, Any] = {"plugin_id": required_text(raw, "plugin_id", name="plugin_info.plugin_id")}
    info["options"] = struct(raw.get("options") or {}, "plugin_info.options")
    info["upgrade_mode"] = upgrade_mode(raw.get("upgrade_mode")) or AUTO
    for name in ("version", *_NAMES):
        value = optional_text(raw, name, name=f"plugin_info.{name}")
        if value:
            info[name] = value
    if info["upgrade_mode"] == MANUAL and "version" not in info:
        raise RequiredParameterError(key="plugin_info.version")
    return info


def changed_plugin_info(stored: Json, raw: Json, *, prefix: str = "") -> dict[str, Any]:
    """Return the stored ``plugin_info`` with the version, options and upgrade_mode that were sent.

    Args:
        stored: the stored one.
        raw: what was sent; options that are present but empty clear the stored ones, other members are ignored.
        prefix: prefix of a member's name in errors.
    """
    info = dict(stored)
    version = optional_text(raw, "version", name=f"{prefix}version")
    if version:
        info["version"] = version
    if raw.get("options") is not None:
        info["options"] = struct(raw["options"], f"{prefix}options")
    mode = upgrade_mode(raw.get("upgrade_mode"), key=f"{prefix}upgrade_mode")
    if mode:
        info["upgrade_mode"] = mode
    return info
