"""DryRun and DryRunChange: what a collect would change, and in which resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired

from mongoengine import DateTimeField, Document, IntField, ListField, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

PENDING = "PENDING"
IN_PROGRESS = "IN_PROGRESS"
SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
CANCELED = "CANCELED"


class DryRun(Document):  # type: ignore[misc]
    """One dry run; MongoDB removes it at ``expires_at``.

    ``running_of`` is the collector's id while the dry run has not ended: one at a time per collector. ``owner`` has the
    claim until ``lease_until``. ``counts`` and ``tasks`` are its findings; ``errors`` are those that belong to no task;
    ``dropped_features`` are those of the collector's plugin that the one tried does not support.
    """

    dry_run_id = StringField(required=True)
    domain_id = StringField(required=True)
    collector_id = StringField(required=True)
    running_of = StringField()
    secret_id = StringField()
    plugin_version = StringField(max_length=255)
    endpoint = StringField(max_length=1024)
    options = StructField()
    filter = StructField(default=dict)
    collect_mode = StringField(default="ALL")
    priority = IntField(default=10)
    status = StringField(choices=(PENDING, IN_PROGRESS, SUCCESS, FAILURE, CANCELED), default=PENDING)
    owner = StringField()
    lease_until = DateTimeField()
    enqueued_at = DateTimeField()
    counts = StructField(default=dict)
    tasks = ListField(StructField())
    errors = ListField(StructField())
    dropped_features = ListField(StringField())
    created_at = DateTimeField()
    started_at = DateTimeField()
    finished_at = DateTimeField()
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "dry_run",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "dry_run_id"], "unique": True},
            {
                "fields": ["domain_id", "running_of"],
                "unique": True,
                "partialFilterExpression": {"running_of": {"$exists": True}},
            },
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class StoredDryRun(StoredDocument):
    """A raw document of :class:`DryRun`."""

    dry_run_id: str
    domain_id: str
    collector_id: str
    running_of: NotRequired[str]
    secret_id: NotRequired[str]
    plugin_version: NotRequired[str]
    endpoint: NotRequired[str]
    options: NotRequired[dict[str, Any]]
    filter: NotRequired[dict[str, Any]]
    collect_mode: NotRequired[str]
    priority: NotRequired[int]
    status: NotRequired[str]
    owner: NotRequired[str]
    lease_until: NotRequired[datetime]
    enqueued_at: NotRequired[datetime]
    counts: NotRequired[dict[str, Any]]
    tasks: NotRequired[list[dict[str, Any]]]
    errors: NotRequired[list[dict[str, Any]]]
    dropped_features: NotRequired[list[str]]
    created_at: NotRequired[datetime]
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]
    expires_at: datetime


class DryRunChange(Document):  # type: ignore[misc]
    """What a dry run would do to one resource; ``number`` counts from 1 within its dry run."""

    domain_id = StringField(required=True)
    dry_run_id = StringField(required=True)
    number = IntField(required=True)
    action = StringField()
    cloud_service_id = StringField()
    resource = StructField()
    diff = ListField(StructField())
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "dry_run_change",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            ["domain_id", "dry_run_id", "action", "number"],
            ["domain_id", "dry_run_id", "number"],
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class StoredDryRunChange(StoredDocument):
    """A raw document of :class:`DryRunChange`."""

    domain_id: str
    dry_run_id: str
    number: int
    action: NotRequired[str]
    cloud_service_id: NotRequired[str]
    resource: NotRequired[dict[str, Any]]
    diff: NotRequired[list[dict[str, Any]]]
    expires_at: datetime
