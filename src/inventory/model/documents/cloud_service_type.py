"""CloudServiceType: the kinds of resources of a provider, and how a console displays them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired

from mongoengine import BooleanField, DateTimeField, Document, ListField, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

MANUAL = "manual"
"""``updated_by`` of documents last written by an RPC, not by a collector."""


class CloudServiceType(Document):  # type: ignore[misc]
    """One type; ``cloud_service_type_key`` is provider.group.name, ``updated_by`` a collector_id or ``manual``.

    ``seen_at`` is when a collect in mode CREATE last saw it without changing it.
    ``observed_at`` is when a slice saw it, with the secret ``observed_with``, if other slices of the task may
    see the same.
    """

    cloud_service_type_id = StringField(required=True)
    domain_id = StringField(required=True)
    name = StringField(required=True)
    provider = StringField(required=True)
    group = StringField(required=True)
    cloud_service_type_key = StringField()
    ref_cloud_service_type = StringField()
    service_code = StringField()
    is_primary = BooleanField()
    is_major = BooleanField()
    resource_type = StringField()
    labels = ListField(StringField())
    metadata = StructField()
    tags = StructField()
    updated_by = StringField()
    created_at = DateTimeField()
    updated_at = DateTimeField()
    seen_at = DateTimeField()
    observed_at = DateTimeField()
    observed_with = StringField()

    meta = {
        "collection": "cloud_service_type",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "cloud_service_type_id"], "unique": True},
            {"fields": ["domain_id", "provider", "group", "name"], "unique": True},
            # As in Collector: _id last, the order of paged lists.
            ["domain_id", "provider", "group", "name", "id"],
            ["domain_id", "ref_cloud_service_type"],
            ["domain_id", "updated_at"],
        ],
    }


class StoredCloudServiceType(StoredDocument):
    """A raw document of :class:`CloudServiceType`."""

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
    metadata: NotRequired[dict[str, Any]]
    tags: NotRequired[dict[str, Any]]
    updated_by: NotRequired[str]
    created_at: NotRequired[datetime]
    updated_at: NotRequired[datetime]
    seen_at: NotRequired[datetime]
    observed_at: NotRequired[datetime]
    observed_with: NotRequired[str]
