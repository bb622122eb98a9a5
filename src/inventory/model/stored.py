"""Raw stored documents and their collections.

Documents read with a projection have the same type but fewer fields.
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
    """Return the collection ``name``, which contains documents of ``kind``."""
    return cast("Collection[T]", database[name])
