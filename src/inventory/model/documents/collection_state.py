"""CollectionState: which collector and secret saw which resource, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from inventory.model.declare import Count, index, model, present, unique
from inventory.model.stored import StoredDocument


class StoredCollectionState(StoredDocument):
    """What one collector and secret know about one resource.

    ``job_task_id`` and ``seen_at`` say who saw it last; ``disconnected_count`` how many full collects have not seen it
    since; ``garbage_task_id`` is the last task whose garbage collection counted it, so that a repetition does not count
    twice; ``deleted`` says whether that task deleted the resource; ``hold_id`` names the hold that keeps it from being
    deleted.
    """

    domain_id: str
    collector_id: str
    secret_id: NotRequired[Annotated[str, {"default": ""}]]
    cloud_service_id: str
    job_task_id: NotRequired[str]
    seen_at: NotRequired[datetime]
    disconnected_count: NotRequired[Count]
    garbage_task_id: NotRequired[str]
    deleted: NotRequired[bool]
    hold_id: NotRequired[str]


CollectionState = model(
    StoredCollectionState,
    "collection_state",
    unique("domain_id", "collector_id", "secret_id", "cloud_service_id"),
    index("domain_id", "cloud_service_id"),
    index("domain_id", "hold_id", where=present("hold_id")),
)
