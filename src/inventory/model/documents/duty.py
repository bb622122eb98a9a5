"""The duty: work that one of many processes does once per period."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, NotRequired

from mongoengine import BinaryField, DateTimeField, Document
from mongoengine import StringField as Text

from inventory.model.stored import StoredDocument


class Duty(Document):  # type: ignore[misc]
    """The process that does it, and the period.

    ``period_start`` is the last period that was begun; ``done_at`` is set when it ended. Until then the ``owner`` has
    the claim, as long as the lease is valid. ``session`` is the MongoDB session by which it writes under it.
    """

    name = Text(required=True, max_length=64)
    period_start = DateTimeField(required=True)
    owner = Text(required=True, max_length=255)
    lease_until = DateTimeField(required=True)
    done_at = DateTimeField()
    session = BinaryField()

    meta: ClassVar[dict[str, object]] = {
        "collection": "duty",
        "auto_create_index": False,
        "indexes": [{"fields": ["name"], "unique": True}],
        "strict": False,
    }


class StoredDuty(StoredDocument):
    """A raw document of :class:`Duty`."""

    name: str
    period_start: datetime
    owner: str
    lease_until: datetime
    done_at: NotRequired[datetime]
    session: NotRequired[bytes]
