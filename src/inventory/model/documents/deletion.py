"""Deletion: a hold of the guard, with its answer, or a run of housekeeping that deleted something; Undo."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from bson.objectid import ObjectId

from inventory.model.declare import Count, Struct, index, model, present, unique
from inventory.model.stored import StoredDocument

COLLECT = "COLLECT"
"""Kind: resources that one job task no longer saw."""
AGE = "AGE"
"""Kind: resources of one type that housekeeping would have deleted."""
HOUSEKEEPING = "HOUSEKEEPING"
"""Kind: not a hold, but resources that one run of housekeeping deleted in a domain."""

PREPARING = "PREPARING"
"""Not all resources are marked yet, so it cannot be answered."""
HELD = "HELD"
APPROVING = "APPROVING"
"""Approved, and not all resources are deleted yet."""
APPROVED = "APPROVED"
DISCARDING = "DISCARDING"
DISCARDED = "DISCARDED"
DISSOLVED = "DISSOLVED"
"""All its resources were seen again, or deleted otherwise."""
DONE = "DONE"

OPEN = (PREPARING, HELD, APPROVING, DISCARDING)


class StoredDeletion(StoredDocument):
    """One hold, or one run of housekeeping.

    ``held`` is the number of resources that were marked as held at the beginning, ``missing`` the last known number
    that still are. The exact number is that of the marks: ``hold_id`` of collection states for kind COLLECT, and of
    cloud services for kind AGE. ``types`` and ``regions`` count the resources at the beginning by name, ``examples``
    lists some. A hold of kind COLLECT contains resources with at least ``threshold`` misses; one of kind AGE contains
    resources of the type ``ref_cloud_service_type`` that were not seen since ``cutoff``. ``open_of`` exists while a
    hold of kind AGE is open, at most one per type.
    """

    deletion_id: str
    domain_id: str
    kind: Annotated[str, {"choices": (COLLECT, AGE, HOUSEKEEPING)}]
    state: str
    reason: NotRequired[str]
    collector_id: NotRequired[str]
    secret_id: NotRequired[str]
    job_id: NotRequired[str]
    job_task_id: NotRequired[str]
    ref_cloud_service_type: NotRequired[str]
    open_of: NotRequired[str]
    threshold: NotRequired[int]
    cutoff: NotRequired[datetime]
    alive: Count
    held: Count
    missing: Count
    percent: NotRequired[float]
    types: NotRequired[list[Struct]]
    regions: NotRequired[list[Struct]]
    examples: NotRequired[list[Struct]]
    confirmations: Count
    confirmed_at: NotRequired[datetime]
    decided_by: NotRequired[str]
    decided_at: NotRequired[datetime]
    deleted_count: Count
    restored_count: NotRequired[int]
    created_at: datetime
    expires_at: NotRequired[datetime]


Deletion = model(
    StoredDeletion,
    "deletion",
    unique("domain_id", "deletion_id"),
    index("domain_id", "-created_at", "-id"),
    index("state", "domain_id", "collector_id", "secret_id"),
    unique("domain_id", "open_of", where=present("open_of")),
    index("expires_at", expireAfterSeconds=0),
)


class StoredUndo(StoredDocument):
    """The undo of one job or deletion; MongoDB removes it at ``expires_at``.

    ``part`` and ``after`` say which resources were tried; ``not_restored`` and ``living`` which were not restored
    because an active one is the same: both of an undo in progress, which was continued at ``changed_at``. ``restored``
    is the number of resources restored by all undos.
    """

    domain_id: str
    target: str
    part: NotRequired[str]
    after: NotRequired[ObjectId]
    not_restored: NotRequired[Count]
    living: NotRequired[list[Struct]]
    restored: NotRequired[Count]
    changed_at: NotRequired[datetime]
    expires_at: datetime


Undo = model(
    StoredUndo,
    "undo",
    unique("domain_id", "target"),
    index("expires_at", expireAfterSeconds=0),
)
