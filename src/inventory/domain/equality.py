"""Equality of free-form values as clients see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def same(old: Any, new: Any) -> bool:
    """Return whether two values of JSON are equal; unlike for Python, True is not 1."""
    return bool(old == new) and _same_bools(old, new)


def _same_bools(old: Any, new: Any) -> bool:
    """Return whether two values that Python finds equal have their bools in the same places."""
    if old is new:
        return True
    if isinstance(old, Mapping):
        return all(_same_bools(value, new[key]) for key, value in old.items())
    if isinstance(old, list):
        return all(map(_same_bools, old, new))
    return isinstance(old, bool) == isinstance(new, bool)
