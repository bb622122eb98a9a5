"""Raw documents as they are stored: one TypedDict beside each model, and the collections that hold them.

A test holds each equal to its model: the same names, the types that MongoDB gives for the fields, and required where
the model requires it. What is read with a projection is of the same type and has fewer fields.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict, TypeVar, cast

from pymongo.collection import Collection
from pymongo.database import Database


class StoredDocument(TypedDict):
    """Any stored document."""

    _id: NotRequired[Any]


T = TypeVar("T", bound=StoredDocument)


def collection_of(database: Database[dict[str, Any]], name: str, kind: type[T]) -> Collection[T]:  # noqa: ARG001
    """Return the collection ``name``, which holds documents of ``kind``."""
    return cast("Collection[T]", database[name])
