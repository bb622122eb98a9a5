"""Single CloudServices, as users read and write them. Streams go through ``resource_store``; the rules are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

import pymongo
from bson.errors import BSONError
from bson.objectid import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import PyMongoError

from inventory.errors import InvalidParameterError, NotFoundError
from inventory.manager.reader import Scope
from inventory.manager.resource.records import RecordStore
from inventory.manager.resource.store import UNSTORABLE, encodable, holds_reference, plain
from inventory.model.connection import translated_errors
from inventory.model.documents.cloud_service import ACTIVE
from inventory.model.time_limit import finish

Document = dict[str, Any]

T = TypeVar("T")

_ID: Final = "cloud_service_id"
_LOOK_SECONDS: Final = 1.0
"""How long MongoDB is asked what became of a write that failed, s."""


class CloudServiceManager:
    """Raw documents of CloudServices with their records, always within one domain."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._collection = database["cloud_service"]
        self._records = RecordStore(database=database)

    def get(self, domain_id: str, cloud_service_id: str, scope: Scope | None = None) -> Document:
        """Return the whole document, of any state.

        Raises:
            NotFoundError: there is none in the domain and scope.
        """
        with translated_errors(key=_ID):
            found = self._collection.find_one(_query(domain_id, cloud_service_id, scope))
        if found is None:
            raise NotFoundError(key=_ID, value=cloud_service_id)
        return plain(found) if holds_reference(found) else found

    def exists(self, domain_id: str, cloud_service_id: str, scope: Scope | None = None) -> bool:
        """Return whether there is one, of any state, in the domain and scope."""
        with translated_errors(key=_ID):
            return self._collection.find_one(_query(domain_id, cloud_service_id, scope), {"_id": 1}) is not None

    def insert(self, document: Document, record: Document | None) -> None:
        """Store a new one and its record.

        Raises:
            InvalidParameterError: MongoDB cannot hold it.
        """
        if not encodable(document):
            raise InvalidParameterError(key="data", reason=UNSTORABLE)
        document.setdefault("_id", ObjectId())
        with translated_errors(key="data"):
            # A write without its record would be lost to history; a record without its write is withdrawn.
            key = self._insert_record(record)
            made = {"_id": document["_id"]}
            finish(lambda: self._recorded(key, lambda: self._collection.insert_one(document), made))

    def write(self, stored: Document, update: Mapping[str, Any], record: Document | None) -> Document | None:
        """Apply ``update`` and store its record if the document is still as it was read; else do neither.

        Args:
            stored: as it was read, ACTIVE.
            update: sets, unsets, and counts ``revision`` up.
            record: what tells of it, None for none.

        Returns:
            The document after it, or None where somebody else wrote it in between.

        Raises:
            InvalidParameterError: MongoDB cannot hold the result.
        """
        if not encodable(update["$set"]):
            raise InvalidParameterError(key="data", reason=UNSTORABLE)
        unchanged = {"_id": stored["_id"], "state": ACTIVE, "revision": stored.get("revision")}
        with translated_errors(key="data"):
            key = self._insert_record(record)
            query = {"domain_id": stored["domain_id"], **unchanged}
            return finish(lambda: self._recorded(key, lambda: self._update(query, update, key), _after(stored, update)))

    def _recorded(self, key: ObjectId | None, write: Callable[[], T], done: Document) -> T:
        """Return what ``write`` returns; where it fails, withdraw its record unless ``done`` finds what it did."""
        try:
            return write()
        except (PyMongoError, BSONError):
            # Refused, or cut off: then only MongoDB knows. A record too many is better than one that is lost.
            if key is not None:
                with suppress(PyMongoError), pymongo.timeout(_LOOK_SECONDS):
                    if self._collection.find_one(done, {"_id": 1}) is None:
                        self._records.withdraw([key])
            raise

    def _update(self, query: Document, update: Mapping[str, Any], record_key: ObjectId | None) -> Document | None:
        """Apply ``update``; where that finds nothing, withdraw the record."""
        after: Document | None = self._collection.find_one_and_update(
            query, update, return_document=ReturnDocument.AFTER
        )
        if after is None and record_key:
            self._records.withdraw([record_key])
        return after

    def _insert_record(self, record: Document | None) -> ObjectId | None:
        if record is None:
            return None
        key = ObjectId()
        self._records.insert([{"_id": key, **record}])
        return key


def _after(stored: Document, update: Mapping[str, Any]) -> Document:
    """Return what finds ``stored`` once ``update`` has been applied."""
    times = {name: update["$set"][name] for name in ("updated_at", "deleted_at") if name in update["$set"]}
    return {"_id": stored["_id"], "revision": {"$ne": stored.get("revision")}, **times}


def _query(domain_id: str, cloud_service_id: str, scope: Scope | None) -> Document:
    own = {"domain_id": domain_id, _ID: cloud_service_id}
    return {"$and": [own, scope]} if scope else own
