"""CollectionState: which collector and secret saw which resource, and when."""

from __future__ import annotations

from mongoengine import BooleanField, DateTimeField, Document, IntField, StringField


class CollectionState(Document):  # type: ignore[misc]
    """One resource as one collector and secret know it.

    ``job_task_id`` and ``seen_at`` tell who saw it last; ``disconnected_count`` how many full collects did not;
    ``garbage_task_id`` the last task whose garbage collection counted it, so that a replay does not count twice;
    ``deleted`` whether that one deleted the resource.
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

    meta = {
        "collection": "collection_state",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "collector_id", "secret_id", "cloud_service_id"], "unique": True},
            ["domain_id", "cloud_service_id"],
            ["domain_id", "collector_id", "secret_id", "seen_at"],
        ],
    }
