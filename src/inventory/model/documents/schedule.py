"""The schedule: when a collector collects automatically."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired, TypedDict

from inventory.model.declare import DefaultStruct, Id, Struct, Text, index, model, unique
from inventory.model.stored import StoredDocument


class StoredScheduled(TypedDict):
    """The fire times, in UTC; ``domain.schedule`` says which members may be combined."""

    cron: NotRequired[Text]
    interval: NotRequired[Annotated[int, {"min_value": 1, "max_value": 3600}]]
    minutes: NotRequired[list[Annotated[int, {"min_value": 0, "max_value": 59}]]]
    hours: NotRequired[list[Annotated[int, {"min_value": 0, "max_value": 23}]]]


class StoredSchedule(StoredDocument):
    """Stored under the names of ``ScheduleInfo``, with fields for the scheduler.

    ``next_fire_at`` alone decides what is due; intervals count from ``anchor_at``; ``skips`` keeps the last runs of
    fire times that created no job, {fire_at, last_at, reason}, for ``schedule explain``.
    """

    schedule_id: Id
    name: NotRequired[Text]
    collector_id: Id
    collect_mode: Annotated[str, {"choices": ("ALL", "CREATE", "UPDATE"), "default": "ALL"}]
    schedule: StoredScheduled
    filter: NotRequired[DefaultStruct]
    domain_id: Text
    priority: Annotated[int, {"default": 10}]
    created_at: datetime
    anchor_at: datetime
    next_fire_at: NotRequired[datetime]
    last_scheduled_at: NotRequired[datetime]
    skips: NotRequired[list[Struct]]


Schedule = model(
    StoredSchedule,
    "schedule",
    unique("domain_id", "schedule_id"),
    # As in Collector: _id last, the order of paged lists.
    index("domain_id", "collector_id", "name", "id"),
    index("next_fire_at", "priority"),
)
