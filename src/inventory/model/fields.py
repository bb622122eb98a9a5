"""Field types that mongoengine lacks."""

from __future__ import annotations

from typing import Any

from mongoengine.base import BaseField


class StructField(BaseField):  # type: ignore[misc]
    """A free-form sub-document: a decoded Struct with any keys, including ``$`` and dots.

    mongoengine's DictField rejects such keys, but MongoDB stores them, and plugins send them.
    """

    def validate(self, value: Any, clean: bool = True) -> None:  # noqa: ARG002
        """Reject values that are not dicts."""
        if not isinstance(value, dict):
            self.error("must be a dict")

    def to_mongo(self, value: Any) -> Any:
        """Return the dict unchanged."""
        return value
