"""Collected objects: resources, their types, regions and history, and who last saw them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from inventory.domain.keys import escape_key, unescape_key
from inventory.domain.plain import Document
from inventory.migration.original.members import ConversionContext, UnfitError, fill, made_at, required, tags_of

LEFT_COLLECTION_INFO: Final = "original_collection_info"
"""Member that keeps entries of collection_info without a collector, with which a resource would seem collected and
would age; and the lists of an older form, which do not show which values belong together."""
_STATES: Final = {"ACTIVE": "ACTIVE", "DELETED": "DELETED", "INSERVICE": "ACTIVE", "DISCONNECTED": "ACTIVE"}
_INFO: Final = ("provider", "service_account_id", "secret_id", "collector_id", "last_collected_at")
_OLD_INFO: Final = {"collectors": "collector_id", "secrets": "secret_id", "service_accounts": "service_account_id"}
_OF_RESOURCES: Final = "inventory.CloudService"


def cloud_service(document: Document, around: ConversionContext) -> Document:
    """Return a cloud service of the original in stored form. Raises ``UnfitError``."""
    required(document, "cloud_service_id", "domain_id", "provider", "cloud_service_group", "cloud_service_type")
    state = _STATES.get(document.get("state", "ACTIVE"))
    if state is None:
        raise UnfitError("an unknown state")
    document["state"] = state
    tags = _scoped_tags(document.pop("tags", None), document["provider"])
    document["tags"] = {scope: part for scope, part in tags.items() if part}
    document["tag_keys"] = {scope: sorted(map(unescape_key, part)) for scope, part in document["tags"].items()}
    fill(document, data={}, metadata={})
    _collected(document)
    reference = document.get("reference")
    document["reference"] = {key: each for key, each in dict(reference or {}).items() if each}
    if isinstance(document.get("instance_size"), int):
        document["instance_size"] = float(document["instance_size"])
    document |= references(document)
    document["created_at"] = made_at(document, around.now)
    fill(document, updated_at=document["created_at"])
    if state == "DELETED":
        fill(document, deleted_at=document["updated_at"])
    document["revision"] = 1
    return document


def references(document: Mapping[str, Any]) -> Document:
    """Return the keys of the type and region of a cloud service, in the form that ingest uses."""
    domain_id, provider = document["domain_id"], document["provider"]
    kind = f"{domain_id}.{provider}.{document['cloud_service_group']}.{document['cloud_service_type']}"
    found = {"ref_cloud_service_type": kind}
    if document.get("region_code"):
        found["ref_region"] = f"{domain_id}.{provider}.{document['region_code']}"
    return found


def _scoped_tags(tags: Any, provider: str) -> dict[str, Document]:
    """Return tags by provider, from any of the forms that the original has used.

    They are ``{provider: {hash: {key, value}}}``, ``{provider: {key: value}}``, ``{key: value}`` or a list of
    ``{key, value, provider}``.
    """
    if isinstance(tags, Mapping) and tags and all(isinstance(part, Mapping) for part in tags.values()):
        return {_safe(scope): _plain_tags(part) for scope, part in tags.items()}
    if isinstance(tags, list):
        found: dict[str, Document] = {}
        for each in tags:
            if isinstance(each, Mapping) and "key" in each:
                scope = _safe(str(each.get("provider") or provider))
                found.setdefault(scope, {})[escape_key(str(each["key"]))] = each.get("value")
        return found
    return {_safe(provider): {escape_key(key): value for key, value in tags_of(tags).items()}}


def _plain_tags(part: Mapping[str, Any]) -> Document:
    hashed = all(isinstance(each, Mapping) and each.keys() == {"key", "value"} for each in part.values())
    if hashed:
        return {escape_key(str(each["key"])): each["value"] for each in part.values()}
    return {_safe(key): value for key, value in part.items()}


def _safe(key: str) -> str:
    """Return a stored key, escaped if it is not escaped yet."""
    return escape_key(key) if "." in key or "$" in key else key


def _collected(document: Document) -> None:
    """Make collection_info a list of entries that name a collector; keep everything else beside it."""
    found = document.pop("collection_info", None)
    entries = found if isinstance(found, list) else [found] if found else []
    kept, left = [], []
    for entry in entries:
        if not isinstance(entry, Mapping):
            left.append(entry)
            continue
        if any(key in entry for key in _OLD_INFO):
            left.append(entry)
            entry = {name: (entry.get(key) or [None])[-1] for key, name in _OLD_INFO.items()}
        ours = {key: entry[key] for key in _INFO if entry.get(key) is not None}
        if not ours.get("collector_id"):
            left += [entry] if entry not in left else []
            continue
        unknown = {key: value for key, value in entry.items() if key not in _INFO and value is not None}
        kept.append({"provider": document["provider"], **ours, **unknown})
    document["collection_info"] = kept
    if left:
        document[LEFT_COLLECTION_INFO] = left


def cloud_service_type(document: Document, around: ConversionContext) -> Document:
    """Return a type. Raises ``UnfitError``."""
    required(document, "cloud_service_type_id", "domain_id", "name", "provider", "group")
    key = f"{document['provider']}.{document['group']}.{document['name']}"
    document["cloud_service_type_key"] = key
    parts = {"cloud_service_group": document["group"], "cloud_service_type": document["name"]}
    document["ref_cloud_service_type"] = references(document | parts)["ref_cloud_service_type"]
    fill(document, is_primary=False, is_major=False, labels=[], metadata={}, resource_type=_OF_RESOURCES)
    return _dated(document, around)


def region(document: Document, around: ConversionContext) -> Document:
    """Return a region. Raises ``UnfitError``."""
    required(document, "region_id", "domain_id", "region_code", "provider")
    document["region_key"] = f"{document['provider']}.{document['region_code']}"
    document["ref_region"] = f"{document['domain_id']}.{document['region_key']}"
    return _dated(document, around)


def _dated(document: Document, around: ConversionContext) -> Document:
    document["tags"] = tags_of(document.get("tags"))
    document["created_at"] = made_at(document, around.now)
    fill(document, updated_at=document["created_at"])
    return document


def record(document: Document, around: ConversionContext) -> Document:
    """Return an entry of a change history. Raises ``UnfitError``."""
    required(document, "record_id", "domain_id", "cloud_service_id")
    diff = document.get("diff")
    document["diff"] = [_change(each) for each in diff if isinstance(each, dict)] if isinstance(diff, list) else []
    fill(document, diff_count=len(document["diff"]))
    document["created_at"] = made_at(document, around.now)
    return document


def _change(change: Document) -> Document:
    return {key: _in_diff(value) if key in ("before", "after") else value for key, value in change.items()}


def _in_diff(value: Any) -> str | None:
    """Return a value of a diff in its stored form: null or a text, dicts and lists as JSON (contract §7)."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


def collection_state(document: Document, around: ConversionContext) -> Document:
    """Return who saw a resource when, with its count of misses. Raises ``UnfitError``."""
    resource_id = document.get("cloud_service_id") or document.get("resource_id")
    kind = document.get("resource_type")
    if kind not in (None, _OF_RESOURCES) or not str(resource_id).startswith("cloud-svc-"):
        raise UnfitError("the state of a type or region, which have none here")
    if str(resource_id).startswith("cloud-svc-type-"):
        raise UnfitError("the state of a type or region, which have none here")
    document["cloud_service_id"] = resource_id
    document.pop("resource_id", None)
    document.pop("resource_type", None)
    required(document, "domain_id", "collector_id", "cloud_service_id")
    fill(document, secret_id="", disconnected_count=0)
    seen = document.pop("updated_at", None)
    document["seen_at"] = seen if isinstance(seen, datetime) else made_at(document, around.now)
    return document
