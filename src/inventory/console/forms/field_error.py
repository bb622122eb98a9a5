"""What is wrong with a field of a form."""

from __future__ import annotations


class FieldError(ValueError):
    """The value entered into a field is invalid; says which and why."""
