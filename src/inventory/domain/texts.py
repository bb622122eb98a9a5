"""Converts texts so that every component can hold them: UTF-8 on the wire, BSON in the store (contract §7)."""

from __future__ import annotations

import re
from typing import Any, Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_UNFIT: Final = re.compile(r"[\x00\ud800-\udfff]")


def fit(text: str) -> str:
    """Return ``text`` with each NUL and each lone surrogate replaced by U+FFFD."""
    return _UNFIT.sub(REPLACEMENT, text)


def from_bytes(data: bytes) -> str:
    """Return ``data`` decoded as UTF-8; invalid bytes and NULs are replaced by U+FFFD."""
    text = data.decode("utf-8", "replace")
    return text.replace("\0", REPLACEMENT) if "\0" in text else text


def fitted(value: Any) -> Any:
    """Return JSON content with :func:`fit` applied to all its strings and keys."""
    if isinstance(value, str):
        return fit(value)
    if isinstance(value, list):
        return [fitted(part) for part in value]
    if isinstance(value, dict):
        return {fit(key): fitted(part) for key, part in value.items()}
    return value


def counted(number: int, one: str, many: str = "", *, shown: str = "") -> str:
    """Return a number with its noun, such as "1 resource" or "2 resources".

    Args:
        one: the words after 1.
        many: the words after any other number; empty: ``one`` with an s.
        shown: the number as it is shown; empty: its digits.
    """
    return f"{shown or number} {one if number == 1 else many or f'{one}s'}"
