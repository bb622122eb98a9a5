"""The form for the fire times of a schedule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from inventory.console.forms.field_error import FieldError

KINDS: Final = ("hours", "minutes", "interval", "cron")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_NUMBERS: Final = re.compile(r"[0-9]{1,4}(\s*[,\s]\s*[0-9]{1,4})*")


def read_schedule(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the ``schedule`` of a request; invalid combinations are left to the API, which explains them.

    Raises:
        FieldError: a field is not a number, or none is filled in.
    """
    found: dict[str, Any] = {}
    for name in ("hours", "minutes"):
        if text := form.get(name, "").strip():
            found[name] = _numbers(text, name, 24 if name == "hours" else 60)
    if text := form.get("interval", "").strip():
        found["interval"] = _number(text, "interval")
    if text := form.get("cron", "").strip():
        found["cron"] = text
    if not found:
        raise FieldError("Choose when it fires: fill in one of the fields.")
    return found


def _numbers(text: str, name: str, all_of: int = 0) -> list[int]:
    if text == "all" and all_of:
        return list(range(all_of))
    if _NUMBERS.fullmatch(text) is None:
        raise FieldError(f"{name}: {text[:40]!r} is not a list of numbers, such as 0,6,12")
    return [int(each) for each in re.split(r"[,\s]+", text) if each]


def _number(text: str, name: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise FieldError(f"{name}: {text[:40]!r} is not a number, such as 600")
    return int(text)
