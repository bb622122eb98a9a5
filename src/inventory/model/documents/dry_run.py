"""DryRun and DryRunChange: what a collect would change, and in which resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from inventory.model.declare import DefaultStruct, Struct, Text, index, model, present, unique
from inventory.model.stored import StoredDocument

PENDING = "PENDING"
IN_PROGRESS = "IN_PROGRESS"
SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
CANCELED = "CANCELED"


class StoredDryRun(StoredDocument):
    """One dry run; MongoDB removes it at ``expires_at``.

    ``running_of`` is the collector's id while the dry run has not ended: one at a time per collector. ``owner`` has the
    claim until ``lease_until``. ``counts`` and ``tasks`` are its findings; ``errors`` are those that belong to no task;
    ``dropped_features`` are those of the collector's plugin that the one tried does not support.
    """

    dry_run_id: str
    domain_id: str
    collector_id: str
    running_of: NotRequired[str]
    secret_id: NotRequired[str]
    plugin_version: NotRequired[Text]
    endpoint: NotRequired[Annotated[str, {"max_length": 1024}]]
    options: NotRequired[Struct]
    filter: NotRequired[DefaultStruct]
    collect_mode: NotRequired[Annotated[str, {"default": "ALL"}]]
    priority: NotRequired[Annotated[int, {"default": 10}]]
    status: NotRequired[
        Annotated[str, {"choices": (PENDING, IN_PROGRESS, SUCCESS, FAILURE, CANCELED), "default": PENDING}]
    ]
    owner: NotRequired[str]
    lease_until: NotRequired[datetime]
    enqueued_at: NotRequired[datetime]
    counts: NotRequired[DefaultStruct]
    tasks: NotRequired[list[Struct]]
    errors: NotRequired[list[Struct]]
    dropped_features: NotRequired[list[str]]
    created_at: NotRequired[datetime]
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]
    expires_at: datetime


DryRun = model(
    StoredDryRun,
    "dry_run",
    unique("domain_id", "dry_run_id"),
    unique("domain_id", "running_of", where=present("running_of")),
    index("expires_at", expireAfterSeconds=0),
)


class StoredDryRunChange(StoredDocument):
    """What a dry run would do to one resource; ``number`` counts from 1 within its dry run."""

    domain_id: str
    dry_run_id: str
    number: int
    action: NotRequired[str]
    cloud_service_id: NotRequired[str]
    resource: NotRequired[Struct]
    diff: NotRequired[list[Struct]]
    expires_at: datetime


DryRunChange = model(
    StoredDryRunChange,
    "dry_run_change",
    index("domain_id", "dry_run_id", "action", "number"),
    index("domain_id", "dry_run_id", "number"),
    index("expires_at", expireAfterSeconds=0),
)
