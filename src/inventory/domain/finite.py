"""NaN and the infinities: floats that JSON does not know."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any


def finite(value: Any) -> Any:
    """Return ``value`` with null for each float in it that is not finite, however deep it lies (contract §7)."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value
