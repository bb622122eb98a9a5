"""The collection of change records, each written together with the change of its resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from inventory.domain.plain import Document
from inventory.manager.metrics import bulk_write
from inventory.model.connection import refused_duplicates
from inventory.model.documents.record import StoredRecord, record_key
from inventory.model.stored import collection_of

Encodable = StoredRecord | RawBSONDocument
"""A record, possibly already encoded."""


class RecordKnownError(Exception):
    """A record exists although its change does not."""


class RecordStore:
    """The ``record`` collection. Records are written in the transaction of their changes."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._collection = collection_of(database, "record", StoredRecord)

    def insert(self, records: Sequence[Encodable], session: ClientSession, *, replace: bool = False) -> None:
        """Insert records, which may be encoded, as part of a transaction.

        Args:
            records: of writes in the same transaction.
            replace: first remove records with the same ``_id``.

        Raises:
            RecordKnownError: one of them exists already, and the transaction was aborted: repeat it with ``replace``. A
                version that wrote records before resources left it when it was killed in between.
        """
        if not records:
            return
        if replace:
            self._collection.delete_many({"_id": {"$in": [record["_id"] for record in records]}}, session=session)
        try:
            with bulk_write("record", len(records)):
                self._collection.insert_many(records, session=session)
        except BulkWriteError as exc:
            refused_duplicates(exc)
            raise RecordKnownError from exc

    def newest(self, domain_id: str, cloud_service_id: str, **conditions: Any) -> StoredRecord | None:
        """Return the newest record of a resource that meets the conditions, or None."""
        query = {"domain_id": domain_id, "cloud_service_id": cloud_service_id, **conditions}
        return self._collection.find_one(query, {"_id": 0}, sort=[("created_at", -1), ("_id", -1)])

    def created_by(self, writer: str, cloud_service_ids: Sequence[str]) -> set[str]:
        """Return which of the resources the same writer created, according to their records."""
        keys = {record_key(each, 1, writer): each for each in cloud_service_ids}
        found = self._collection.find({"_id": {"$in": list(keys)}, "action": "CREATE"}, {"_id": 1})
        return {keys[row["_id"]] for row in found}

    def remove_of(self, domain_id: str, cloud_service_ids: Sequence[str], session: ClientSession) -> None:
        """Remove the whole history of resources in the transaction that removes them permanently."""
        if cloud_service_ids:
            query = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}}
            self._collection.delete_many(query, session=session)
