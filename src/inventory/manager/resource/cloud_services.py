"""Single CloudServices, as users read and write them. Streams go through ``resource_store``; the rules are the same."""

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
from inventory.manager.resource.records import RecordStore
from inventory.manager.resource.store import UNSTORABLE, encodable, holds_reference, plain
from inventory.manager.transactions import Transactions
from inventory.model.connection import translated_errors
from inventory.model.documents.cloud_service import ACTIVE
from inventory.model.time_limit import finish

T = TypeVar("T")

_ID: Final = "cloud_service_id"


class CloudServiceManager:
    """Raw documents of CloudServices with their records, always within one domain."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._database = database
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
            if record is None:
                self._collection.insert_one(document)
            else:
                finish(lambda: self._together(lambda session: self._insert(document, record, session)))

    def _insert(self, document: Document, record: Document, session: ClientSession) -> None:
        self._collection.insert_one(document, session=session)
        self._tell(record, session)

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
        query = {"domain_id": stored["domain_id"], **unchanged}
        with translated_errors(key="data"):
            if record is None:
                return self._update(query, update, None, None)
            return finish(lambda: self._together(lambda session: self._update(query, update, record, session)))

    def _update(
        self, query: Document, update: Mapping[str, Any], record: Document | None, session: ClientSession | None
    ) -> Document | None:
        after: Document | None = self._collection.find_one_and_update(
            query, update, return_document=ReturnDocument.AFTER, session=session
        )
        if after is not None and record is not None and session is not None:
            self._tell(record, session)
        return after

    def _tell(self, record: Document, session: ClientSession) -> None:
        # The driver would put an ``_id`` into the record, and a transaction may be tried again.
        self._records.insert([{"_id": ObjectId(), **record}], session)

    def _together(self, work: Callable[[ClientSession], T]) -> T:
        # A user's own write needs no claim.
        return Transactions(database=self._database).run(work)


def _query(domain_id: str, cloud_service_id: str, scope: Scope | None) -> Document:
    own = {"domain_id": domain_id, _ID: cloud_service_id}
    return {"$and": [own, scope]} if scope else own
