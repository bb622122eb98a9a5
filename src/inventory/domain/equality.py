"""Equality of free-form values as clients see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def same(old: Any, new: Any) -> bool:
    """Return whether two values of JSON are equal; unlike for Python, True is not 1."""
    return bool(old == new) and (type(old) is str or _same_bools(old, new))


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``old`` with the members of ``new``; what is the same stays the same object, so that no one compares it
    again to tell what changed."""
    return {**old, **{key: old[key] if key in old and same(old[key], value) else value for key, value in new.items()}}


def _same_bools(old: Any, new: Any) -> bool:
    """Return whether two values that Python finds equal have their bools in the same places."""
    if old is new:
        return True
    # The exact types first: this walks every changed resource, and isinstance with an ABC takes three times as long.
    kind = type(old)
    if kind is str:
        return True
    if kind is dict or isinstance(old, Mapping):
        for key, value in old.items():
            other = new[key]
            # Texts, most of what there is, cost no call.
            if type(value) is not str and value is not other and not _same_bools(value, other):
                return False
        return True
    if kind is list or isinstance(old, list):
        return all(map(_same_bools, old, new))
    return isinstance(old, bool) == isinstance(new, bool)
