"""Region: where a provider's resources are."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired

from inventory.model.declare import Struct, index, model, unique
from inventory.model.stored import StoredDocument


class StoredRegion(StoredDocument):
    """One region; ``region_key`` is provider.region_code, ``updated_by`` a collector_id or ``manual``.

    ``seen_at`` tells when a collect in mode CREATE last passed it over.
    ``observed_at`` is when a slice saw it, with the secret ``observed_with``, if other slices of the task may
    see the same.
    """

    region_id: str
    domain_id: str
    name: NotRequired[str]
    region_code: str
    provider: str
    region_key: NotRequired[str]
    ref_region: NotRequired[str]
    tags: NotRequired[Struct]
    updated_by: NotRequired[str]
    created_at: NotRequired[datetime]
    updated_at: NotRequired[datetime]
    seen_at: NotRequired[datetime]
    observed_at: NotRequired[datetime]
    observed_with: NotRequired[str]


Region = model(
    StoredRegion,
    "region",
    unique("domain_id", "region_id"),
    unique("domain_id", "provider", "region_code"),
    index("domain_id", "ref_region"),
    # As in Collector: _id last, as paged lists are sorted.
    index("domain_id", "name", "id"),
    index("domain_id", "updated_at"),
)
