"""Decides how a resource changes: pure functions from values to documents (contract, section 7).

The ingest and the RPCs use the same functions. *Values* are the fields that were sent, by API name and with the right
types: an absent field is not changed, an empty string clears (plugins send it, and so do ``release_project`` and
``release_region``). Documents are raw, of the types in ``model.documents``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from inventory.domain.clock import day_of
from inventory.domain.keys import escape_key
from inventory.domain.plain import Document, Json
from inventory.domain.reference_key import reference_key
from inventory.errors import RequiredParameterError
from inventory.ingest.decision.change import Change

if TYPE_CHECKING:
    from inventory.model.documents.cloud_service import StoredCloudService, StoredCollectionInfo
    from inventory.model.documents.cloud_service_type import StoredCloudServiceType
    from inventory.model.documents.region import StoredRegion

CUSTOM_SCOPE: Final = "custom"
"""The scope of tags and metadata that a user sets with ``CloudService.update``."""
MANUAL: Final = "manual"
DEFAULT_RESOURCE_TYPE: Final = "inventory.CloudService"

_IDENTIFYING: Final = ("cloud_service_type", "cloud_service_group", "provider")
_REPLACED: Final = (
    "name",
    "account",
    "instance_type",
    "instance_size",
    "ip_addresses",
    "reference",
    "region_code",
    "project_id",
)
_TYPE_REPLACED: Final = ("service_code", "is_primary", "is_major", "resource_type", "labels", "metadata", "tags")
_REGION_REPLACED: Final = ("name", "tags")


@dataclass(frozen=True, slots=True)
class CollectionEntry:
    """The current collector of a resource: an entry of ``collection_info``."""

    provider: str
    service_account_id: str
    secret_id: str
    collector_id: str
    last_collected_at: datetime

    def document(self) -> StoredCollectionInfo:
        """Return the stored form."""
        return {
            "provider": self.provider,
            "service_account_id": self.service_account_id,
            "secret_id": self.secret_id,
            "collector_id": self.collector_id,
            "last_collected_at": self.last_collected_at,
        }


def merge_collection(stored: Sequence[StoredCollectionInfo], entry: CollectionEntry) -> list[StoredCollectionInfo]:
    """Return ``collection_info`` with ``entry`` replacing that of the same provider."""
    return [*(other for other in stored if other.get("provider") != entry.provider), entry.document()]


def require(values: Json, *keys: str) -> None:
    """Raise ``RequiredParameterError`` for the first of ``keys`` without a value; an empty Struct is a value."""
    for key in keys:
        value = values.get(key)
        if value is None or value == "":
            raise RequiredParameterError(key=key)


def stored_tags(tags: Mapping[str, Any]) -> Document:
    """Return the tags of one provider with their keys in stored form."""
    return {escape_key(key): value for key, value in tags.items()}


def new_cloud_service(
    values: Json, *, cloud_service_id: str, domain_id: str, now: datetime, collection: CollectionEntry | None = None
) -> StoredCloudService:
    """Return the document of a new CloudService; tags and metadata belong to its own provider.

    Args:
        values: the fields sent.
        now: the time of creation.
        collection: who collected it; None if a user created it.

    Raises:
        RequiredParameterError: type, group, provider or data is missing.
    """
    require(values, "cloud_service_type", "cloud_service_group", "provider", "data")
    document: StoredCloudService = {
        "cloud_service_id": cloud_service_id,
        "domain_id": domain_id,
        "state": "ACTIVE",
        "cloud_service_type": values["cloud_service_type"],
        "cloud_service_group": values["cloud_service_group"],
        "provider": values["provider"],
    }
    fields: Any = document  # the same: its type allows no key that is a variable
    for key in _REPLACED:
        value = values.get(key)
        if value is not None and value != "":
            fields[key] = value
    scope = escape_key(values["provider"])
    tags = values.get("tags") or {}
    metadata = values.get("metadata") or {}
    document["data"] = values["data"]
    document["metadata"] = {scope: metadata} if metadata else {}
    document["tags"] = {scope: stored_tags(tags)} if tags else {}
    document["tag_keys"] = {scope: sorted(tags)} if tags else {}
    document["collection_info"] = [collection.document()] if collection else []
    fields.update(references(document))
    document["created_at"] = document["updated_at"] = now
    document["updated_day"] = day_of(now)
    document["revision"] = 1
    return document


def change_cloud_service(stored: StoredCloudService, values: Json, *, scope: str) -> Change:
    """Return what ``values`` change in a stored CloudService.

    ``data`` merges at its top level, tags and metadata of ``scope`` are replaced, other fields are replaced.

    Args:
        stored: the whole document.
        values: the fields sent.
        scope: provider whose tags and metadata these are; :data:`CUSTOM_SCOPE` for a user's.
    """
    change = Change(stored.copy())
    for key in _IDENTIFYING:
        if values.get(key):
            change.put(key, values[key])
    for key in _REPLACED:
        value = values.get(key)
        if value is not None:
            change.put(key, value)
    if values.get("data"):
        change.merge_data(stored.get("data") or {}, values["data"])
    scope = escape_key(scope)
    if values.get("metadata") is not None:
        change.put_scoped("metadata", scope, values["metadata"])
    if values.get("tags") is not None:
        change.put_scoped("tags", scope, stored_tags(values["tags"]))
        change.put_scoped("tag_keys", scope, sorted(values["tags"]))
    if change:
        for key, reference in references(change.after).items():
            change.put(key, reference)
        if "ref_region" in change.after and not change.after.get("region_code"):
            change.put("ref_region", "")
    return change


def references(document: Json) -> Document:
    """Return the keys of a CloudService's type and region."""
    domain_id, provider = document["domain_id"], document["provider"]
    found = {
        "ref_cloud_service_type": reference_key(
            domain_id, provider, document["cloud_service_group"], document["cloud_service_type"]
        )
    }
    if document.get("region_code"):
        found["ref_region"] = reference_key(domain_id, provider, document["region_code"])
    return found


def new_cloud_service_type(
    values: Json, *, cloud_service_type_id: str, domain_id: str, now: datetime, updated_by: str = MANUAL
) -> StoredCloudServiceType:
    """Return the document of a new CloudServiceType.

    Raises:
        RequiredParameterError: name, provider or group is missing.
    """
    require(values, "name", "provider", "group")
    key = f"{values['provider']}.{values['group']}.{values['name']}"
    document: StoredCloudServiceType = {
        "cloud_service_type_id": cloud_service_type_id,
        "domain_id": domain_id,
        "name": values["name"],
        "provider": values["provider"],
        "group": values["group"],
        "cloud_service_type_key": key,
        "ref_cloud_service_type": reference_key(domain_id, values["provider"], values["group"], values["name"]),
        "is_primary": False,
        "is_major": False,
        "resource_type": DEFAULT_RESOURCE_TYPE,
        "labels": [],
        "metadata": {},
        "tags": {},
    }
    fields: Any = document  # the same, see above
    fields.update((name, values[name]) for name in _TYPE_REPLACED if values.get(name) not in (None, ""))
    document["updated_by"] = updated_by
    document["created_at"] = document["updated_at"] = now
    return document


def change_cloud_service_type(stored: StoredCloudServiceType, values: Json) -> Change:
    """Return what ``values`` change in a stored CloudServiceType, except its name, provider and group."""
    return _replace(stored, values, _TYPE_REPLACED)


def new_region(
    values: Json, *, region_id: str, domain_id: str, now: datetime, updated_by: str = MANUAL
) -> StoredRegion:
    """Return the document of a new Region.

    Raises:
        RequiredParameterError: name (by RPC; a collector's defaults to the code), region_code or provider is missing.
    """
    require(values, "name", "region_code", "provider")
    key = f"{values['provider']}.{values['region_code']}"
    return {
        "region_id": region_id,
        "domain_id": domain_id,
        "name": values["name"],
        "region_code": values["region_code"],
        "provider": values["provider"],
        "region_key": key,
        "ref_region": reference_key(domain_id, values["provider"], values["region_code"]),
        "tags": values.get("tags") or {},
        "updated_by": updated_by,
        "created_at": now,
        "updated_at": now,
    }


def change_region(stored: StoredRegion, values: Json) -> Change:
    """Return what ``values`` change in a stored Region, except its code and provider."""
    return _replace(stored, values, _REGION_REPLACED)


def _replace(stored: StoredCloudServiceType | StoredRegion, values: Json, keys: Sequence[str]) -> Change:
    change = Change(stored.copy())
    for key in keys:
        if values.get(key) is not None:
            change.put(key, values[key])
    return change


def user_update(change: Change, *, now: datetime) -> Document:
    """Return the MongoDB update of a CloudService for a change made by a user.

    It removes what connects the document with an ingest (``fingerprint``, ``match_key``), so that the next collect
    compares the whole document, and so that the key does not prevent the creation of a resource that this one no longer
    is.
    """
    return {
        "$set": {**change.set, "updated_at": now},
        "$unset": dict.fromkeys([*change.unset, "fingerprint", "match_key"], ""),
        "$inc": {"revision": 1},
    }


def user_delete(deleted_by: str, *, now: datetime) -> Document:
    """Return the MongoDB update with which a user deletes an ACTIVE CloudService.

    Args:
        deleted_by: who deletes it.
        now: the time of deletion.
    """
    return {
        "$set": {"state": "DELETED", "deleted_at": now, "deleted_by": deleted_by},
        "$unset": {"fingerprint": "", "hold_id": ""},
        "$rename": {"match_key": "former_match_key"},
        "$inc": {"revision": 1},
    }
