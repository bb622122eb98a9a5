"""CollectionState: which collector and secret saw which resource, and when."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired

from mongoengine import BooleanField, DateTimeField, Document, IntField, StringField

from inventory.model.stored import StoredDocument


class CollectionState(Document):  # type: ignore[misc]
    """What one collector and secret know about one resource.

    ``job_task_id`` and ``seen_at`` say who saw it last; ``disconnected_count`` how many full collects have not seen it
    since; ``garbage_task_id`` is the last task whose garbage collection counted it, so that a repetition does not count
    twice; ``deleted`` says whether that task deleted the resource; ``hold_id`` names the hold that keeps it from being
    deleted.
    """

    domain_id = StringField(required=True)
    collector_id = StringField(required=True)
    secret_id = StringField(default="")
    cloud_service_id = StringField(required=True)
    job_task_id = StringField()
    seen_at = DateTimeField()
    disconnected_count = IntField(default=0)
    garbage_task_id = StringField()
    deleted = BooleanField()
    hold_id = StringField()

    meta = {
        "collection": "collection_state",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "collector_id", "secret_id", "cloud_service_id"], "unique": True},
            ["domain_id", "cloud_service_id"],
            {"fields": ["domain_id", "hold_id"], "partialFilterExpression": {"hold_id": {"$exists": True}}},
        ],
    }


class StoredCollectionState(StoredDocument):
    """A raw document of :class:`CollectionState`."""

    domain_id: str
    collector_id: str
    secret_id: NotRequired[str]
    cloud_service_id: str
    job_task_id: NotRequired[str]
    seen_at: NotRequired[datetime]
    disconnected_count: NotRequired[int]
    garbage_task_id: NotRequired[str]
    deleted: NotRequired[bool]
    hold_id: NotRequired[str]
