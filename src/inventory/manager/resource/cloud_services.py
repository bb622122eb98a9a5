"""Single CloudServices, read and written by users. Streams use ``resource_store``; the rules are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from bson.objectid import ObjectId
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.errors import InvalidParameterError, NotFoundError
from inventory.manager.reader import Scope
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.records import RecordStore
from inventory.manager.resource.store import UNSTORABLE, encodable, holds_reference, plain
from inventory.manager.transactions import Transactions
from inventory.model.connection import translated_errors
from inventory.model.documents.cloud_service import ACTIVE, DELETED, StoredCloudService
from inventory.model.documents.record import StoredRecord
from inventory.model.stored import collection_of
from inventory.model.time_limit import finish

T = TypeVar("T")

_ID: Final = "cloud_service_id"


class CloudServiceManager:
    """Raw documents of CloudServices with their records, always within one domain."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._database = database
        self._collection = collection_of(database, "cloud_service", StoredCloudService)
        self._records = RecordStore(database=database)
        self._states = StateStore(database=database)

    def get(self, domain_id: str, cloud_service_id: str, scope: Scope | None = None) -> StoredCloudService:
        """Return the whole document, in any state.

        Raises:
            NotFoundError: it does not exist in the domain and scope.
        """
        with translated_errors(key=_ID):
            found = self._collection.find_one(_query(domain_id, cloud_service_id, scope))
        if found is None:
            raise NotFoundError(key=_ID, value=cloud_service_id)
        return plain(found) if holds_reference(found) else found

    def exists(self, domain_id: str, cloud_service_id: str, scope: Scope | None = None) -> bool:
        """Return whether it exists, in any state, in the domain and scope."""
        with translated_errors(key=_ID):
            return self._collection.find_one(_query(domain_id, cloud_service_id, scope), {"_id": 1}) is not None

    def insert(self, document: StoredCloudService, record: StoredRecord | None) -> StoredCloudService:
        """Store a new CloudService and its record, and return it.

        Raises:
            InvalidParameterError: MongoDB cannot store it.
        """
        if not encodable(document):
            raise InvalidParameterError(key="data", reason=UNSTORABLE)
        document.setdefault("_id", ObjectId())
        with translated_errors(key="data"):
            if record is None:
                self._collection.insert_one(document)
            else:
                finish(lambda: self._together(lambda session: self._insert(document, record, session)))
        return document

    def _insert(self, document: StoredCloudService, record: StoredRecord, session: ClientSession) -> None:
        self._collection.insert_one(document, session=session)
        self._insert_record(record, session)

    def write(
        self, stored: StoredCloudService, update: Mapping[str, Any], record: StoredRecord | None
    ) -> StoredCloudService | None:
        """Apply ``update`` and store its record if the document is unchanged since it was read; otherwise do neither.

        Args:
            stored: the document as it was read, ACTIVE.
            update: sets and unsets fields, and increments ``revision``.
            record: the change history record; None for none.

        Returns:
            The document after the update, or None if another writer changed it in between.

        Raises:
            InvalidParameterError: MongoDB cannot store the result.
        """
        if not encodable(update["$set"]):
            raise InvalidParameterError(key="data", reason=UNSTORABLE)
        unchanged = {"_id": stored["_id"], "state": ACTIVE, "revision": stored.get("revision")}
        query = {"domain_id": stored["domain_id"], **unchanged}
        with translated_errors(key="data"):
            if record is None:
                return self._update(query, update, None, None)
            return finish(lambda: self._together(lambda session: self._update(query, update, record, session)))

    def _update(
        self, query: Document, update: Mapping[str, Any], record: StoredRecord | None, session: ClientSession | None
    ) -> StoredCloudService | None:
        after: StoredCloudService | None = self._collection.find_one_and_update(
            query, update, return_document=ReturnDocument.AFTER, session=session
        )
        if after is not None and record is not None and session is not None:
            self._insert_record(record, session)
            if after.get("state") == DELETED:
                # A hold of the resource no longer contains it.
                self._states.forget(after["domain_id"], [after["cloud_service_id"]], session)
        return after

    def _insert_record(self, record: StoredRecord, session: ClientSession) -> None:
        # The driver would add an ``_id`` to the record, and a transaction may be retried.
        self._records.insert([{"_id": ObjectId(), **record}], session)

    def _together(self, work: Callable[[ClientSession], T]) -> T:
        # A user's own write needs no claim.
        return Transactions(database=self._database).run(work)


def _query(domain_id: str, cloud_service_id: str, scope: Scope | None) -> Document:
    own = {"domain_id": domain_id, _ID: cloud_service_id}
    return {"$and": [own, scope]} if scope else own
