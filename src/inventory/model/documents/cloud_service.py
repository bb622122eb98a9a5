"""CloudService: a resource of the inventory, with stored fields beyond those of the message."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired, TypedDict

from inventory.model.declare import Struct, index, model, present, unique
from inventory.model.stored import StoredDocument

ACTIVE = "ACTIVE"
DELETED = "DELETED"


class StoredReference(TypedDict):
    """The provider's identification of the resource."""

    resource_id: NotRequired[str]
    external_link: NotRequired[str]


class StoredCollectionInfo(TypedDict):
    """Who last collected the resource, one entry per provider."""

    provider: NotRequired[str]
    service_account_id: NotRequired[str]
    secret_id: NotRequired[str]
    collector_id: NotRequired[str]
    last_collected_at: NotRequired[datetime]


class StoredCloudService(StoredDocument):
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

    cloud_service_id: str
    domain_id: str
    state: NotRequired[Annotated[str, {"choices": (ACTIVE, DELETED), "default": ACTIVE}]]
    name: NotRequired[str]
    account: NotRequired[str]
    instance_type: NotRequired[str]
    instance_size: NotRequired[float]
    ip_addresses: NotRequired[list[str]]
    cloud_service_type: str
    cloud_service_group: str
    provider: str
    data: NotRequired[Struct]
    metadata: NotRequired[Struct]
    reference: NotRequired[StoredReference]
    tags: NotRequired[Struct]
    tag_keys: NotRequired[Struct]
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
    former_states: NotRequired[list[Struct]]
    hold_id: NotRequired[str]
    kept_at: NotRequired[datetime]


CloudService = model(
    StoredCloudService,
    "cloud_service",
    unique("domain_id", "cloud_service_id"),
    unique("domain_id", "match_key", where=present("match_key")),
    index("domain_id", "fingerprint", where=present("fingerprint")),
    index("domain_id", "reference.resource_id", "provider", "cloud_service_type", "cloud_service_group", "account"),
    index("domain_id", "provider", "cloud_service_group", "cloud_service_type", "state"),
    index("domain_id", "state", "updated_day"),
    index("domain_id", "state", "-created_at", "-id"),
    index("domain_id", "project_id", "state"),
    index("domain_id", "ref_cloud_service_type", "state"),
    index("domain_id", "ref_region", "state"),
    index("domain_id", "deleted_by", "id", where=present("deleted_by")),
    index("domain_id", "deleted_in_job", "deleted_by", where=present("deleted_in_job")),
    index("domain_id", "deleted_at", where=present("deleted_at")),
    index("domain_id", "hold_id", where=present("hold_id")),
)
