"""DryRun and DryRunChange: what a collect would change, and in which resources."""

from __future__ import annotations

from mongoengine import DateTimeField, Document, IntField, ListField, StringField

from inventory.model.fields import StructField

PENDING = "PENDING"
IN_PROGRESS = "IN_PROGRESS"
SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
CANCELED = "CANCELED"


class DryRun(Document):  # type: ignore[misc]
    """One dry run; MongoDB removes it at ``expires_at``.

    ``running_of`` is the collector's id while the dry run has not ended: one at a time per collector. ``owner`` has the
    claim until ``lease_until``. ``counts`` and ``tasks`` are its findings; ``errors`` are those that belong to no task.
    """

    dry_run_id = StringField(required=True)
    domain_id = StringField(required=True)
    collector_id = StringField(required=True)
    running_of = StringField()
    secret_id = StringField()
    plugin_version = StringField(max_length=255)
    endpoint = StringField(max_length=1024)
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
