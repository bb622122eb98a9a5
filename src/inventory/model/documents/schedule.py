"""The schedule: when a collector collects automatically."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NotRequired, TypedDict

from mongoengine import DateTimeField, Document, EmbeddedDocument, EmbeddedDocumentField, IntField, ListField
from mongoengine import StringField as Text

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument


class Scheduled(EmbeddedDocument):  # type: ignore[misc]
    """The fire times, in UTC; ``domain.schedule`` says which members may be combined."""

    cron = Text(max_length=255)
    interval = IntField(min_value=1, max_value=3600)
    minutes = ListField(IntField(min_value=0, max_value=59))
    hours = ListField(IntField(min_value=0, max_value=23))


class Schedule(Document):  # type: ignore[misc]
    """Stored under the names of ``ScheduleInfo``, with fields for the scheduler.

    ``next_fire_at`` alone decides what is due; intervals count from ``anchor_at``; ``skips`` keeps the last runs of
    fire times that created no job, {fire_at, last_at, reason}, for ``schedule explain``.
    """

    schedule_id = Text(required=True, max_length=40)
    name = Text(max_length=255)
    collector_id = Text(required=True, max_length=40)
    collect_mode = Text(required=True, choices=("ALL", "CREATE", "UPDATE"), default="ALL")
    schedule = EmbeddedDocumentField(Scheduled, required=True)
    filter = StructField(default=dict)
    domain_id = Text(required=True, max_length=255)
    priority = IntField(required=True, default=10)
    created_at = DateTimeField(required=True)
    anchor_at = DateTimeField(required=True)
    next_fire_at = DateTimeField()
    last_scheduled_at = DateTimeField()
    skips = ListField(StructField())

    meta: ClassVar[dict[str, object]] = {
        "collection": "schedule",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["domain_id", "schedule_id"], "unique": True},
            # As in Collector: _id last, the order of paged lists.
            {"fields": ["domain_id", "collector_id", "name", "id"]},
            {"fields": ["next_fire_at", "priority"]},
        ],
        "strict": False,
    }


class StoredScheduled(TypedDict):
    """A raw document of :class:`Scheduled`."""

    cron: NotRequired[str]
    interval: NotRequired[int]
    minutes: NotRequired[list[int]]
    hours: NotRequired[list[int]]


class StoredSchedule(StoredDocument):
    """A raw document of :class:`Schedule`."""

    schedule_id: str
    name: NotRequired[str]
    collector_id: str
    collect_mode: str
    schedule: StoredScheduled
    filter: NotRequired[dict[str, Any]]
    domain_id: str
    priority: int
    created_at: datetime
    anchor_at: datetime
    next_fire_at: NotRequired[datetime]
    last_scheduled_at: NotRequired[datetime]
    skips: NotRequired[list[dict[str, Any]]]
