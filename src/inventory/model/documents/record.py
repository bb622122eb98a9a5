"""Record: one entry of a CloudService's change history."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, NotRequired

from bson.objectid import ObjectId

from inventory.model.declare import Struct, index, model, unique
from inventory.model.stored import StoredDocument

CREATE = "CREATE"
UPDATE = "UPDATE"
DELETE = "DELETE"

BY_COLLECTOR = "COLLECTOR"
BY_USER = "USER"


def record_key(cloud_service_id: str, revision: int, writer: str) -> ObjectId:
    """Return the ``_id`` of the record of one write, the same when the same writer repeats it.

    Args:
        revision: its revision after the write.
        writer: id of the slice, task or request that writes.
    """
    text = f"{cloud_service_id}|{revision}|{writer}"
    return ObjectId(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest())


class StoredRecord(StoredDocument):
    """What one write changed; written in the transaction of that write.

    ``_id`` of a collector's record is derived from the write (see :func:`record_key`). ``revision`` is that of the
    resource after the write, which gives the records their order; records of 0.1 and of the original have none and are
    older than all that have one.
    """

    record_id: str
    domain_id: str
    cloud_service_id: str
    action: NotRequired[Annotated[str, {"choices": (CREATE, UPDATE, DELETE)}]]
    diff: NotRequired[list[Struct]]
    diff_count: NotRequired[int]
    revision: NotRequired[int]
    user_id: NotRequired[str]
    collector_id: NotRequired[str]
    job_id: NotRequired[str]
    updated_by: NotRequired[Annotated[str, {"choices": (BY_COLLECTOR, BY_USER)}]]
    created_at: NotRequired[datetime]


Record = model(
    StoredRecord,
    "record",
    unique("domain_id", "record_id"),
    # As in Job: _id last, the order of paged lists.
    index("domain_id", "cloud_service_id", "-revision", "-created_at", "-id"),
)
