"""Plain values that travel between layers, by what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]
"""A decoded Struct, or a part of one: plugin options, metadata, a secret's data, a resource as a plugin sent it."""

MutableJson: TypeAlias = dict[str, Any]
"""The same while it is built, such as a request."""

Params: TypeAlias = Mapping[str, Any]
"""The fields of a decoded request, by name."""

Document: TypeAlias = dict[str, Any]
"""A raw MongoDB document of no declared form, a filter, an update or a stage: what the driver takes and returns.

Whole stored documents have the types in ``model.documents``, such as ``StoredJob``.
"""
