"""The due batch: what a scheduler has in hand."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import DateTimeField, Document, ListField
from mongoengine import StringField as Text


class DueBatch(Document):  # type: ignore[misc]
    """The due schedules that a scheduler is about to fire, so that others fire other ones.

    Advice only: that each fire time becomes one job is not decided here. Nobody heeds it after ``until``.
    """

    owner = Text(required=True, max_length=255)
    schedule_ids = ListField(Text(max_length=40))
    until = DateTimeField(required=True)

    meta: ClassVar[dict[str, object]] = {
        "collection": "due_batch",
        "auto_create_index": False,
        "indexes": [{"fields": ["owner"], "unique": True}],
        "strict": False,
    }
