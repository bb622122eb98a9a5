"""CloudService: a resource of the inventory, with stored fields beyond those of the message."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    FloatField,
    IntField,
    ListField,
    StringField,
)

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

ACTIVE = "ACTIVE"
DELETED = "DELETED"


class Reference(EmbeddedDocument):  # type: ignore[misc]
    """The provider's identification of the resource."""

    resource_id = StringField()
    external_link = StringField()


class CollectionInfo(EmbeddedDocument):  # type: ignore[misc]
    """Who last collected the resource, one entry per provider."""

    provider = StringField()
    service_account_id = StringField()
    secret_id = StringField()
    collector_id = StringField()
    last_collected_at = DateTimeField()


class CloudService(Document):  # type: ignore[misc]
    """One resource. A field without a value is absent, never an empty string.

    Beyond the fields of the message:

    - ``tags`` {provider: {escaped key: value}}, ``tag_keys`` {provider: [plain keys]}, ``metadata`` {provider: …},
    - ``ref_cloud_service_type`` and ``ref_region``: the keys of the type and the region,
    - ``match_key``: hash of the keys with which it was created; unique while the resource is ACTIVE, so that two tasks
      that stream the same new resource create one document; removed by any write other than ingest,
    - ``fingerprint``: hash of the message last applied; removed by any write other than ingest,
    - ``fingerprint_outdated``: whether ingest has written since: the hash of what it wrote is stored afterwards,
    - ``updated_day``: the day (UTC) of ``updated_at``, or an earlier one: as an index, it changes once a day,
    - ``revision``: counts the writes that changed content; a conditional update requires the one it read,
    - ``stamps``: mark the last writes of ingest, so that it is known which updates of a bulk write were applied,
    - ``deleted_by``: what deleted it: the job task whose garbage collection did, the hold that was approved, the run of
      housekeeping, or a user,
    - ``deleted_in_job``: the job that this belongs to, if any,
    - ``former_match_key``: the ``match_key`` that it had when it was deleted, for bringing it back,
    - ``former_states``: the collection states removed with it: who saw it when, for bringing it back,
    - ``hold_id``: the hold of kind AGE that keeps it from being deleted,
    - ``kept_at``: when such a hold was discarded; until it is seen or updated again, it does not age.
    """

    cloud_service_id = StringField(required=True)
    domain_id = StringField(required=True)
    state = StringField(choices=(ACTIVE, DELETED), default=ACTIVE)
    name = StringField()
    account = StringField()
    instance_type = StringField()
    instance_size = FloatField()
    ip_addresses = ListField(StringField())
    cloud_service_type = StringField(required=True)
    cloud_service_group = StringField(required=True)
    provider = StringField(required=True)
    data = StructField()
    metadata = StructField()
    reference = EmbeddedDocumentField(Reference)
    tags = StructField()
    tag_keys = StructField()
    collection_info = EmbeddedDocumentListField(CollectionInfo)
    region_code = StringField()
    project_id = StringField()
    ref_cloud_service_type = StringField()
    ref_region = StringField()
    created_at = DateTimeField()
    updated_at = DateTimeField()
    deleted_at = DateTimeField()
    match_key = BinaryField()
    fingerprint = BinaryField()
    fingerprint_outdated = BooleanField()
    updated_day = DateTimeField()
    revision = IntField()
    stamps = ListField(BinaryField())
    deleted_by = StringField()
    deleted_in_job = StringField()
    former_match_key = BinaryField()
    former_states = ListField(StructField())
    hold_id = StringField()
    kept_at = DateTimeField()

    meta = {
        "collection": "cloud_service",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "cloud_service_id"], "unique": True},
            {
                "fields": ["domain_id", "match_key"],
                "unique": True,
                "partialFilterExpression": {"match_key": {"$exists": True}},
            },
            {
                "fields": ["domain_id", "fingerprint"],
                "partialFilterExpression": {"fingerprint": {"$exists": True}},
            },
            [
                "domain_id",
                "reference.resource_id",
                "provider",
                "cloud_service_type",
                "cloud_service_group",
                "account",
            ],
            ["domain_id", "provider", "cloud_service_group", "cloud_service_type", "state"],
            ["domain_id", "state", "updated_day"],
            ["domain_id", "state", "-created_at", "-id"],
            ["domain_id", "project_id", "state"],
            ["domain_id", "ref_cloud_service_type", "state"],
            ["domain_id", "ref_region", "state"],
            {
                "fields": ["domain_id", "deleted_by", "id"],
                "partialFilterExpression": {"deleted_by": {"$exists": True}},
            },
            {
                "fields": ["domain_id", "deleted_in_job", "deleted_by"],
                "partialFilterExpression": {"deleted_in_job": {"$exists": True}},
            },
            {
                "fields": ["domain_id", "deleted_at"],
                "partialFilterExpression": {"deleted_at": {"$exists": True}},
            },
            {"fields": ["domain_id", "hold_id"], "partialFilterExpression": {"hold_id": {"$exists": True}}},
        ],
    }


class StoredReference(TypedDict):
    """A raw document of :class:`Reference`."""

    resource_id: NotRequired[str]
    external_link: NotRequired[str]


class StoredCollectionInfo(TypedDict):
    """A raw document of :class:`CollectionInfo`."""

    provider: NotRequired[str]
    service_account_id: NotRequired[str]
    secret_id: NotRequired[str]
    collector_id: NotRequired[str]
    last_collected_at: NotRequired[datetime]


class StoredCloudService(StoredDocument):
    """A raw document of :class:`CloudService`."""

    cloud_service_id: str
    domain_id: str
    state: NotRequired[str]
    name: NotRequired[str]
    account: NotRequired[str]
    instance_type: NotRequired[str]
    instance_size: NotRequired[float]
    ip_addresses: NotRequired[list[str]]
    cloud_service_type: str
    cloud_service_group: str
    provider: str
    data: NotRequired[dict[str, Any]]
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[StoredReference]
    tags: NotRequired[dict[str, Any]]
    tag_keys: NotRequired[dict[str, Any]]
    collection_info: NotRequired[list[StoredCollectionInfo]]
    region_code: NotRequired[str]
    project_id: NotRequired[str]
    ref_cloud_service_type: NotRequired[str]
    ref_region: NotRequired[str]
    created_at: NotRequired[datetime]
    updated_at: NotRequired[datetime]
    deleted_at: NotRequired[datetime]
    match_key: NotRequired[bytes]
    fingerprint: NotRequired[bytes]
    fingerprint_outdated: NotRequired[bool]
    updated_day: NotRequired[datetime]
    revision: NotRequired[int]
    stamps: NotRequired[list[bytes]]
    deleted_by: NotRequired[str]
    deleted_in_job: NotRequired[str]
    former_match_key: NotRequired[bytes]
    former_states: NotRequired[list[dict[str, Any]]]
    hold_id: NotRequired[str]
    kept_at: NotRequired[datetime]
