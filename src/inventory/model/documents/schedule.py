"""The schedule: when a collector collects by itself."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import DateTimeField, Document, EmbeddedDocument, EmbeddedDocumentField, IntField, ListField
from mongoengine import StringField as Text

from inventory.model.fields import StructField


class Scheduled(EmbeddedDocument):  # type: ignore[misc]
    """The fire times, in UTC; which members may go together says ``domain.schedule``."""

    cron = Text(max_length=255)
    interval = IntField(min_value=1, max_value=3600)
    minutes = ListField(IntField(min_value=0, max_value=59))
    hours = ListField(IntField(min_value=0, max_value=23))


class Schedule(Document):  # type: ignore[misc]
    """Stored under the names of ``ScheduleInfo``, and what the scheduler needs.

    ``next_fire_at`` is the one fact that decides what is due; ``anchor_at`` is what an interval counts from;
    ``skips`` keeps the last runs of fire times that made no job, {fire_at, last_at, reason}, for ``schedule explain``.
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
            # As in Collector: _id last, as paged lists are sorted.
            {"fields": ["domain_id", "collector_id", "name", "id"]},
            {"fields": ["next_fire_at", "priority"]},
        ],
        "strict": False,
    }
