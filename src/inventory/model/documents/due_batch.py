"""The due batch: the schedules that a scheduler has claimed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, NotRequired

from mongoengine import DateTimeField, Document, ListField
from mongoengine import StringField as Text

from inventory.model.stored import StoredDocument


class DueBatch(Document):  # type: ignore[misc]
    """The due schedules that a scheduler is about to fire, so that others fire other ones.

    Advisory only: exactly one job per fire time does not depend on it. It is ignored after ``until``.
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


class StoredDueBatch(StoredDocument):
    """A raw document of :class:`DueBatch`."""

    owner: str
    schedule_ids: NotRequired[list[str]]
    until: datetime
