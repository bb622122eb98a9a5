"""Record: one entry of a CloudService's change history."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired

from mongoengine import DateTimeField, Document, IntField, ListField, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

CREATE = "CREATE"
UPDATE = "UPDATE"
DELETE = "DELETE"

BY_COLLECTOR = "COLLECTOR"
BY_USER = "USER"


class Record(Document):  # type: ignore[misc]
    """What one write changed; ``_id`` is derived from the write, so that repeating it does not record it twice."""

    record_id = StringField(required=True)
    domain_id = StringField(required=True)
    cloud_service_id = StringField(required=True)
    action = StringField(choices=(CREATE, UPDATE, DELETE))
    diff = ListField(StructField())
    diff_count = IntField()
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
            ["domain_id", "cloud_service_id", "-created_at", "-id"],
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
    user_id: NotRequired[str]
    collector_id: NotRequired[str]
    job_id: NotRequired[str]
    updated_by: NotRequired[str]
    created_at: NotRequired[datetime]
