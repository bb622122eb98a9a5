"""CloudServiceType: the kinds of resources of a provider, and how a console displays them."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired

from inventory.model.declare import Struct, index, model, unique
from inventory.model.stored import StoredDocument

MANUAL = "manual"
"""``updated_by`` of documents last written by an RPC, not by a collector."""


class StoredCloudServiceType(StoredDocument):
    """One type; ``cloud_service_type_key`` is provider.group.name, ``updated_by`` a collector_id or ``manual``.

    ``seen_at`` is when a collect in mode CREATE last saw it without changing it.
    ``observed_at`` is when a slice saw it, with the secret ``observed_with``, if other slices of the task may
    see the same.
    """

    cloud_service_type_id: str
    domain_id: str
    name: str
    provider: str
    group: str
    cloud_service_type_key: NotRequired[str]
    ref_cloud_service_type: NotRequired[str]
    service_code: NotRequired[str]
    is_primary: NotRequired[bool]
    is_major: NotRequired[bool]
    resource_type: NotRequired[str]
    labels: NotRequired[list[str]]
    metadata: NotRequired[Struct]
    tags: NotRequired[Struct]
    updated_by: NotRequired[str]
    created_at: NotRequired[datetime]
    updated_at: NotRequired[datetime]
    seen_at: NotRequired[datetime]
    observed_at: NotRequired[datetime]
    observed_with: NotRequired[str]


CloudServiceType = model(
    StoredCloudServiceType,
    "cloud_service_type",
    unique("domain_id", "cloud_service_type_id"),
    unique("domain_id", "provider", "group", "name"),
    # As in Collector: _id last, the order of paged lists.
    index("domain_id", "provider", "group", "name", "id"),
    index("domain_id", "ref_cloud_service_type"),
    index("domain_id", "updated_at"),
)
