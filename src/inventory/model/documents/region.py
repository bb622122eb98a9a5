"""Region: where a provider's resources are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired

from mongoengine import DateTimeField, Document, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument


class Region(Document):  # type: ignore[misc]
    """One region; ``region_key`` is provider.region_code, ``updated_by`` a collector_id or ``manual``.

    ``seen_at`` tells when a collect in mode CREATE last passed it over.
    ``observed_at`` is when a slice saw it, with the secret ``observed_with``, if other slices of the task may
    see the same.
    """

    region_id = StringField(required=True)
    domain_id = StringField(required=True)
    name = StringField()
    region_code = StringField(required=True)
    provider = StringField(required=True)
    region_key = StringField()
    ref_region = StringField()
    tags = StructField()
    updated_by = StringField()
    created_at = DateTimeField()
    updated_at = DateTimeField()
    seen_at = DateTimeField()
    observed_at = DateTimeField()
    observed_with = StringField()

    meta = {
        "collection": "region",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "region_id"], "unique": True},
            {"fields": ["domain_id", "provider", "region_code"], "unique": True},
            ["domain_id", "ref_region"],
            # As in Collector: _id last, as paged lists are sorted.
            ["domain_id", "name", "id"],
            ["domain_id", "updated_at"],
        ],
    }


class StoredRegion(StoredDocument):
    """A raw document of :class:`Region`."""

    region_id: str
    domain_id: str
    name: NotRequired[str]
    region_code: str
    provider: str
    region_key: NotRequired[str]
    ref_region: NotRequired[str]
    tags: NotRequired[dict[str, Any]]
    updated_by: NotRequired[str]
    created_at: NotRequired[datetime]
    updated_at: NotRequired[datetime]
    seen_at: NotRequired[datetime]
    observed_at: NotRequired[datetime]
    observed_with: NotRequired[str]
