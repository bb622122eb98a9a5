"""The job: one collect of one collector."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NotRequired

from mongoengine import BooleanField, DateTimeField, Document, IntField, ListField
from mongoengine import StringField as Text

from inventory.domain.job.states import JobStatus
from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument


class Job(Document):  # type: ignore[misc]
    """Stored under the names of ``JobInfo``, with fields for planning and settling.

    ``planned`` becomes true when all tasks exist; a job is settled only then. ``schedule_id`` and ``fire_at`` are set
    only for scheduled jobs, and ensure one job per fire time. ``plan_owner``, ``plan_lease_until`` and
    ``plan_attempts`` are the claim of the planning; ``rung_at`` is when the sweeper last enqueued the planning, absent
    if it has not since the last claim. While an outage of the platform prevents planning, ``errors`` says which,
    ``plan_not_before`` when it is retried, and ``plan_outages`` how often it was tried. ``projects`` are those of its
    secrets. ``transaction_id`` is that of the call that created it, and is sent with every call to the platform for it;
    without one, as for a scheduled job, ``job_id`` is sent. ``retry_of`` is the job of which this one retries what
    failed: at most one does. ``planned_with`` is a hash of the plugin, its version and options.
    """

    job_id = Text(required=True, max_length=40)
    status = Text(required=True, choices=[status.value for status in JobStatus])
    filter = StructField(default=dict)
    collect_mode = Text(required=True, default="ALL")
    use_cache = BooleanField(default=False)
    secret_id = Text(max_length=255)
    total_tasks = IntField(required=True, default=0)
    remained_tasks = IntField(required=True, default=0)
    errors = ListField(StructField())
    collector_id = Text(required=True, max_length=40)
    schedule_id = Text(max_length=40)
    fire_at = DateTimeField()
    projects = ListField(Text(max_length=255))
    priority = IntField(required=True, default=10)
    transaction_id = Text(max_length=128)
    retry_of = Text(max_length=40)
    planned_with = Text(max_length=32)
    planned = BooleanField(required=True, default=False)
    plan_owner = Text(max_length=255)
    plan_lease_until = DateTimeField()
    plan_attempts = IntField(required=True, default=0)
    plan_not_before = DateTimeField()
    plan_outages = IntField()
    rung_at = DateTimeField()
    domain_id = Text(required=True, max_length=255)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    finished_at = DateTimeField()

    meta: ClassVar[dict[str, object]] = {
        "collection": "job",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["domain_id", "job_id"], "unique": True},
            # Paged lists are sorted by _id last: without it in the index, MongoDB sorts the whole domain.
            {"fields": ["domain_id", "-created_at", "-id"]},
            {"fields": ["domain_id", "status", "-created_at", "-id"]},
            {"fields": ["domain_id", "collector_id", "-created_at", "-id"]},
            {"fields": ["domain_id", "projects", "-created_at", "-id"]},
            {
                "fields": ["domain_id", "schedule_id", "fire_at"],
                "unique": True,
                "partialFilterExpression": {"schedule_id": {"$type": "string"}},
            },
            {
                "fields": ["domain_id", "retry_of"],
                "unique": True,
                "partialFilterExpression": {"retry_of": {"$type": "string"}},
            },
            {"fields": ["status", "created_at"]},
            {"fields": ["created_at"]},
        ],
        "strict": False,
    }


class StoredJob(StoredDocument):
    """A raw document of :class:`Job`."""

    job_id: str
    status: str
    filter: NotRequired[dict[str, Any]]
    collect_mode: str
    use_cache: NotRequired[bool]
    secret_id: NotRequired[str]
    total_tasks: int
    remained_tasks: int
    errors: NotRequired[list[dict[str, Any]]]
    collector_id: str
    schedule_id: NotRequired[str]
    fire_at: NotRequired[datetime]
    projects: NotRequired[list[str]]
    priority: int
    transaction_id: NotRequired[str]
    retry_of: NotRequired[str]
    planned_with: NotRequired[str]
    planned: bool
    plan_owner: NotRequired[str]
    plan_lease_until: NotRequired[datetime]
    plan_attempts: int
    plan_not_before: NotRequired[datetime]
    plan_outages: NotRequired[int]
    rung_at: NotRequired[datetime]
    domain_id: str
    created_at: datetime
    updated_at: datetime
    finished_at: NotRequired[datetime]
