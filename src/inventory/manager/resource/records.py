"""The collection of change records: written with the resource they tell of, exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from inventory.domain import ids
from inventory.manager.metrics import bulk_write
from inventory.model.connection import refused_duplicates

Document = dict[str, Any]
Encodable = Document | RawBSONDocument
"""A document, or one that is encoded already."""


def record_key(cloud_service_id: str, revision: int, writer: str) -> ObjectId:
    """Return the ``_id`` of the record of one write, the same when the same writer repeats it.

    Args:
        cloud_service_id: the resource.
        revision: its revision after the write.
        writer: id of the slice, task or request that writes.
    """
    text = f"{cloud_service_id}|{revision}|{writer}"
    return ObjectId(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest())


class RecordStore:
    """The ``record`` collection."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._collection = database["record"]

    def insert(self, records: Sequence[Encodable]) -> None:
        """Insert records, encoded ones too; one with a known ``_id`` replaces what an earlier, broken attempt left."""
        if not records:
            return
        try:
            with bulk_write("record", len(records)):
                self._collection.insert_many(records, ordered=False)
        except BulkWriteError as exc:
            for index in refused_duplicates(exc):
                self._replace(records[index])

    def _replace(self, record: Encodable) -> None:
        own = {"_id": record["_id"], "domain_id": record["domain_id"]}
        stored = self._collection.find_one(own, {"record_id": 1})
        record_id = stored["record_id"] if stored else ids.new_id(ids.RECORD)
        self._collection.replace_one(own, {**record, "record_id": record_id}, upsert=True)

    def created_by(self, writer: str, cloud_service_ids: Sequence[str]) -> set[str]:
        """Return which of the resources the same writer created, as their records tell."""
        keys = {record_key(each, 1, writer): each for each in cloud_service_ids}
        found = self._collection.find({"_id": {"$in": list(keys)}, "action": "CREATE"}, {"_id": 1})
        return {keys[row["_id"]] for row in found}

    def withdraw(self, keys: Sequence[ObjectId]) -> None:
        """Remove the records of writes that did not come about."""
        if keys:
            self._collection.delete_many({"_id": {"$in": list(keys)}})

    def remove_of(self, domain_id: str, cloud_service_ids: Sequence[str]) -> None:
        """Remove the whole history of resources that are terminated."""
        if cloud_service_ids:
            self._collection.delete_many({"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}})
