"""Equality of free-form values from the clients' point of view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def same(old: Any, new: Any) -> bool:
    """Return whether two JSON values are equal; unlike in Python, True is not equal to 1."""
    return bool(old == new) and (type(old) is str or _same_bools(old, new))


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``old`` with the members of ``new``; equal members keep their old objects, which makes later comparisons
    cheap."""
    return {**old, **{key: old[key] if key in old and same(old[key], value) else value for key, value in new.items()}}


def _same_bools(old: Any, new: Any) -> bool:
    """Return whether two values that are equal in Python have their bools at the same positions."""
    if old is new:
        return True
    # Exact types first: this visits every changed resource, and isinstance with an ABC takes three times as long.
    kind = type(old)
    if kind is str:
        return True
    if kind is dict or isinstance(old, Mapping):
        for key, value in old.items():
            other = new[key]
            # Strings, the most frequent values, cost no call.
            if type(value) is not str and value is not other and not _same_bools(value, other):
                return False
        return True
    if kind is list or isinstance(old, list):
        return all(map(_same_bools, old, new))
    return isinstance(old, bool) == isinstance(new, bool)
