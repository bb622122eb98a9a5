"""Single CloudServiceTypes and Regions, as written by users. Streams use ``store``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.plain import Document
from inventory.errors import InvalidParameterError, NotFoundError, SaveUniqueValuesError, existing
from inventory.manager.resource.store import encodable, holds_reference, plain
from inventory.model.connection import translated_errors
from inventory.model.stored import T, collection_of


class ResourceManager(Generic[T]):
    """Raw documents of one kind of resource without state and history, always within one domain."""

    def __init__(
        self,
        *,
        database: Database[Document],
        collection: str,
        kind: type[T],
        id_field: str,
        natural_keys: Iterable[str],
    ) -> None:
        """Prepare.

        Args:
            kind: the type of their documents.
            natural_keys: the fields that together are unique in a domain.
        """
        self._collection = collection_of(database, collection, kind)
        self._id_field = id_field
        self._natural_keys = tuple(natural_keys)

    def get(self, domain_id: str, resource_id: str) -> T:
        """Return the whole document. Raises ``NotFoundError``."""
        with translated_errors(key=self._id_field):
            found = self._collection.find_one({"domain_id": domain_id, self._id_field: resource_id})
        if found is None:
            raise NotFoundError(key=self._id_field, value=resource_id)
        return plain(found) if holds_reference(found) else found

    def insert(self, document: T) -> T:
        """Store a new document, and return it.

        Raises:
            SaveUniqueValuesError: the domain has one with the same natural keys.
            InvalidParameterError: MongoDB cannot store it.
        """
        _check(document)
        with translated_errors(key="metadata"):
            try:
                self._collection.insert_one(document)
            except DuplicateKeyError as exc:
                raise SaveUniqueValuesError(keys=self._natural_keys) from exc
        return document

    def update(self, domain_id: str, resource_id: str, sets: Mapping[str, Any], unset: Iterable[str] = ()) -> T:
        """Set and remove top-level fields in one write and return the document.

        Raises:
            NotFoundError: it does not exist.
            InvalidParameterError: MongoDB cannot store the values.
        """
        _check(sets)
        update: Document = {"$set": dict(sets)}
        if removed := dict.fromkeys(unset, ""):
            update["$unset"] = removed
        with translated_errors(key="metadata"):
            after: T | None = self._collection.find_one_and_update(
                {"domain_id": domain_id, self._id_field: resource_id}, update, return_document=ReturnDocument.AFTER
            )
        return existing(after, key=self._id_field, value=resource_id)

    def delete(self, domain_id: str, resource_id: str) -> None:
        """Remove it. Raises ``NotFoundError``."""
        with translated_errors(key=self._id_field):
            removed = self._collection.delete_one({"domain_id": domain_id, self._id_field: resource_id})
        if not removed.deleted_count:
            raise NotFoundError(key=self._id_field, value=resource_id)


def _check(content: Mapping[str, Any]) -> None:
    if not encodable(content):
        raise InvalidParameterError(key="metadata", reason="cannot be stored: too large, too deep or not encodable")
