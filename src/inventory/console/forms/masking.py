"""Hides values that bystanders should not read: those whose key indicates a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "••••••"
_SECRET: Final = re.compile(r"secret|passw|passphrase|token|credential|private|api_?key|access_?key", re.IGNORECASE)


def is_secret(key: str) -> bool:
    """Return whether a key indicates a secret."""
    return _SECRET.search(key) is not None


def masked(value: Any) -> Any:
    """Return a value with all nested secrets hidden."""
    if isinstance(value, Mapping):
        return {key: MASK if _hides(key, inner) else masked(inner) for key, inner in value.items()}
    return [masked(inner) for inner in value] if isinstance(value, list) else value


def _hides(key: Any, value: Any) -> bool:
    return is_secret(str(key)) and value not in (None, "")


def unmasked(value: Any, stored: Any) -> Any:
    """Return a value edited in its masked form, with unchanged masked parts restored from the stored value."""
    if value == MASK:
        return stored
    if isinstance(value, Mapping):
        before = stored if isinstance(stored, Mapping) else {}
        return {key: unmasked(inner, before.get(key)) for key, inner in value.items()}
    if isinstance(value, list):
        known = stored if isinstance(stored, list) else []
        return [unmasked(inner, known[at] if at < len(known) else None) for at, inner in enumerate(value)]
    return value
