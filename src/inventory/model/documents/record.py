"""Record: one entry of a CloudService's change history."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NotRequired

from bson.objectid import ObjectId
from mongoengine import DateTimeField, Document, IntField, ListField, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

CREATE = "CREATE"
UPDATE = "UPDATE"
DELETE = "DELETE"

BY_COLLECTOR = "COLLECTOR"
BY_USER = "USER"


def record_key(cloud_service_id: str, revision: int, writer: str) -> ObjectId:
    """Return the ``_id`` of the record of one write, the same when the same writer repeats it.

    Args:
        cloud_service_id: the resource.
        revision: its revision after the write.
        writer: id of the slice, task or request that writes.
    """
    text = f"{cloud_service_id}|{revision}|{writer}"
    return ObjectId(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest())


class Record(Document):  # type: ignore[misc]
    """What one write changed; written in the transaction of that write.

    ``_id`` of a collector's record is derived from the write (see :func:`record_key`). ``revision`` is that of the
    resource after the write, which gives the records their order; records of 0.1 and of the original have none and are
    older than all that have one.
    """

    record_id = StringField(required=True)
    domain_id = StringField(required=True)
    cloud_service_id = StringField(required=True)
    action = StringField(choices=(CREATE, UPDATE, DELETE))
    diff = ListField(StructField())
    diff_count = IntField()
    revision = IntField()
    user_id = StringField()
    collector_id = StringField()
    job_id = StringField()
    updated_by = StringField(choices=(BY_COLLECTOR, BY_USER))
    created_at = DateTimeField()

    meta = {
        "collection": "record",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "record_id"], "unique": True},
            # As in Job: _id last, the order of paged lists.
            ["domain_id", "cloud_service_id", "-revision", "-created_at", "-id"],
        ],
    }


class StoredRecord(StoredDocument):
    """A raw document of :class:`Record`."""

    record_id: str
    domain_id: str
    cloud_service_id: str
    action: NotRequired[str]
    diff: NotRequired[list[dict[str, Any]]]
    diff_count: NotRequired[int]
    revision: NotRequired[int]
    user_id: NotRequired[str]
    collector_id: NotRequired[str]
    job_id: NotRequired[str]
    updated_by: NotRequired[str]
    created_at: NotRequired[datetime]
