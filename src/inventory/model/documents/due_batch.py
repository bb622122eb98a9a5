"""The due batch: the schedules that a scheduler has claimed."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired

from inventory.model.declare import Id, Text, model, unique
from inventory.model.stored import StoredDocument


class StoredDueBatch(StoredDocument):
    """The due schedules that a scheduler is about to fire, so that others fire other ones.

    Advisory only: exactly one job per fire time does not depend on it. It is ignored after ``until``.
    """

    owner: Text
    schedule_ids: NotRequired[list[Id]]
    until: datetime


DueBatch = model(
    StoredDueBatch,
    "due_batch",
    unique("owner"),
)
