"""FilterCache: values with which a plugin narrows later collects."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from inventory.model.declare import Struct, index, model, unique
from inventory.model.stored import StoredDocument


class StoredFilterCache(StoredDocument):
    """One per collector and secret: ``cache`` {escaped key: [values]}, collected by the task ``job_task_id``."""

    domain_id: str
    collector_id: str
    secret_id: NotRequired[Annotated[str, {"default": ""}]]
    job_task_id: NotRequired[str]
    cache: NotRequired[Struct]
    updated_at: NotRequired[datetime]
    expires_at: NotRequired[datetime]


FilterCache = model(
    StoredFilterCache,
    "filter_cache",
    unique("domain_id", "collector_id", "secret_id"),
    index("domain_id", "expires_at"),
)
