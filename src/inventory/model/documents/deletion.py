"""Deletion: a hold of the guard, with its answer, or a run of housekeeping that deleted something; Undo."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NotRequired

from bson.objectid import ObjectId
from mongoengine import DateTimeField, Document, FloatField, IntField, ListField, ObjectIdField, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

COLLECT = "COLLECT"
"""Kind: resources that one job task no longer saw."""
AGE = "AGE"
"""Kind: resources of one type that housekeeping would have deleted."""
HOUSEKEEPING = "HOUSEKEEPING"
"""Kind: not a hold, but resources that one run of housekeeping deleted in a domain."""

PREPARING = "PREPARING"
"""Not all resources are marked yet, so it cannot be answered."""
HELD = "HELD"
APPROVING = "APPROVING"
"""Approved, and not all resources are deleted yet."""
APPROVED = "APPROVED"
DISCARDING = "DISCARDING"
DISCARDED = "DISCARDED"
DISSOLVED = "DISSOLVED"
"""All its resources were seen again, or deleted otherwise."""
DONE = "DONE"

OPEN = (PREPARING, HELD, APPROVING, DISCARDING)


class Deletion(Document):  # type: ignore[misc]
    """One hold, or one run of housekeeping.

    ``held`` is the number of resources that were marked as held at the beginning, ``missing`` the last known number
    that still are. The exact number is that of the marks: ``hold_id`` of collection states for kind COLLECT, and of
    cloud services for kind AGE. ``types`` and ``regions`` count the resources at the beginning by name, ``examples``
    lists some. A hold of kind COLLECT contains resources with at least ``threshold`` misses; one of kind AGE contains
    resources of the type ``ref_cloud_service_type`` that were not seen since ``cutoff``. ``open_of`` exists while a
    hold of kind AGE is open, at most one per type.
    """

    deletion_id = StringField(required=True)
    domain_id = StringField(required=True)
    kind = StringField(required=True, choices=(COLLECT, AGE, HOUSEKEEPING))
    state = StringField(required=True)
    reason = StringField()
    collector_id = StringField()
    secret_id = StringField()
    job_id = StringField()
    job_task_id = StringField()
    ref_cloud_service_type = StringField()
    open_of = StringField()
    threshold = IntField()
    cutoff = DateTimeField()
    alive = IntField(required=True, default=0)
    held = IntField(required=True, default=0)
    missing = IntField(required=True, default=0)
    percent = FloatField()
    types = ListField(StructField())
    regions = ListField(StructField())
    examples = ListField(StructField())
    confirmations = IntField(required=True, default=0)
    confirmed_at = DateTimeField()
    decided_by = StringField()
    decided_at = DateTimeField()
    deleted_count = IntField(required=True, default=0)
    restored_count = IntField()
    created_at = DateTimeField(required=True)
    expires_at = DateTimeField()

    meta: ClassVar[dict[str, object]] = {
        "collection": "deletion",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "deletion_id"], "unique": True},
            {"fields": ["domain_id", "-created_at", "-id"]},
            {"fields": ["state", "domain_id", "collector_id", "secret_id"]},
            {
                "fields": ["domain_id", "open_of"],
                "unique": True,
                "partialFilterExpression": {"open_of": {"$exists": True}},
            },
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class Undo(Document):  # type: ignore[misc]
    """The undo of one job or deletion; MongoDB removes it at ``expires_at``.

    ``part`` and ``after`` say which resources were tried; ``not_restored`` and ``living`` which were not restored
    because an active one is the same: both of an undo in progress, which was continued at ``changed_at``. ``restored``
    is the number of resources restored by all undos.
    """

    domain_id = StringField(required=True)
    target = StringField(required=True)
    part = StringField()
    after = ObjectIdField()
    not_restored = IntField(default=0)
    living = ListField(StructField())
    restored = IntField(default=0)
    changed_at = DateTimeField()
    expires_at = DateTimeField(required=True)

    meta: ClassVar[dict[str, object]] = {
        "collection": "undo",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "target"], "unique": True},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class StoredUndo(StoredDocument):
    """A raw document of :class:`Undo`."""

    domain_id: str
    target: str
    part: NotRequired[str]
    after: NotRequired[ObjectId]
    not_restored: NotRequired[int]
    living: NotRequired[list[dict[str, Any]]]
    restored: NotRequired[int]
    changed_at: NotRequired[datetime]
    expires_at: datetime


class StoredDeletion(StoredDocument):
    """A raw document of :class:`Deletion`."""

    deletion_id: str
    domain_id: str
    kind: str
    state: str
    reason: NotRequired[str]
    collector_id: NotRequired[str]
    secret_id: NotRequired[str]
    job_id: NotRequired[str]
    job_task_id: NotRequired[str]
    ref_cloud_service_type: NotRequired[str]
    open_of: NotRequired[str]
    threshold: NotRequired[int]
    cutoff: NotRequired[datetime]
    alive: int
    held: int
    missing: int
    percent: NotRequired[float]
    types: NotRequired[list[dict[str, Any]]]
    regions: NotRequired[list[dict[str, Any]]]
    examples: NotRequired[list[dict[str, Any]]]
    confirmations: int
    confirmed_at: NotRequired[datetime]
    decided_by: NotRequired[str]
    decided_at: NotRequired[datetime]
    deleted_count: int
    restored_count: NotRequired[int]
    """By undos; read, not stored."""
    created_at: datetime
    expires_at: NotRequired[datetime]
