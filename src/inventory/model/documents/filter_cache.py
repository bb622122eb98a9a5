"""FilterCache: values with which a plugin narrows later collects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired

from mongoengine import DateTimeField, Document, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument


class FilterCache(Document):  # type: ignore[misc]
    """One per collector and secret: ``cache`` {escaped key: [values]}, collected by the task ``job_task_id``."""

    domain_id = StringField(required=True)
    collector_id = StringField(required=True)
    secret_id = StringField(default="")
    job_task_id = StringField()
    cache = StructField()
    updated_at = DateTimeField()
    expires_at = DateTimeField()

    meta = {
        "collection": "filter_cache",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "collector_id", "secret_id"], "unique": True},
            ["domain_id", "expires_at"],
        ],
    }


class StoredFilterCache(StoredDocument):
    """A raw document of :class:`FilterCache`."""

    domain_id: str
    collector_id: str
    secret_id: NotRequired[str]
    job_task_id: NotRequired[str]
    cache: NotRequired[dict[str, Any]]
    updated_at: NotRequired[datetime]
    expires_at: NotRequired[datetime]
