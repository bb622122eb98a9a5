"""Field types that mongoengine lacks."""

from __future__ import annotations

from typing import Any

from mongoengine.base import BaseField


class StructField(BaseField):  # type: ignore[misc]
    """A free-form sub-document: a decoded Struct with any keys, ``$`` and dots included.

    mongoengine's DictField refuses such keys, MongoDB stores them, and plugins send them.
    """

    def validate(self, value: Any, clean: bool = True) -> None:  # noqa: ARG002
        """Refuse what is not a dict."""
        if not isinstance(value, dict):
            self.error("must be a dict")

    def to_mongo(self, value: Any) -> Any:
        """Return the dict as it is."""
        return value
