"""Makes reference keys of types and regions unique if provider or group contain a dot."""

from __future__ import annotations

from typing import Final

from pymongo import UpdateOne
from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.domain.plain import Document
from inventory.domain.reference_key import reference_key

_BATCH: Final = 500
_ESCAPED: Final = {"$regex": r"[.%$\x00]"}
_TYPE: Final = "ref_cloud_service_type"
_REGION: Final = "ref_region"
_KEYS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "cloud_service_type": {_TYPE: ("provider", "group", "name")},
    "region": {_REGION: ("provider", "region_code")},
    "cloud_service": {
        _TYPE: ("provider", "cloud_service_group", "cloud_service_type"),
        _REGION: ("provider", "region_code"),
    },
}
"""By collection: each reference key, and the fields it consists of."""


def rewrite_reference_keys(database: Database[Document]) -> None:
    """Rewrite the reference keys in which a part other than the last is escaped.

    It may be repeated. A process of the previous version writes the old form with each change; the next change by this
    version, or another run, corrects it.
    """
    for collection, keys in _KEYS.items():
        escaped = sorted({field for fields in keys.values() for field in fields[:-1]})
        used = sorted({field for fields in keys.values() for field in fields})
        query = {"$or": [{field: _ESCAPED} for field in escaped]}
        found = database[collection].find(query, ["domain_id", *keys, *used])
        for batch in batched(found, _BATCH):
            writes = [write for document in batch for write in _writes(document, keys)]
            if writes:
                database[collection].bulk_write(writes, ordered=False)


def _writes(document: Document, keys: dict[str, tuple[str, ...]]) -> list[UpdateOne]:
    writes = []
    for key, fields in keys.items():
        parts = {field: document.get(field) for field in fields}
        if all(parts.values()):
            fresh = reference_key(document["domain_id"], *map(str, parts.values()))
            if document.get(key) != fresh:
                # Only if it still consists of these parts.
                writes.append(UpdateOne({"_id": document["_id"], **parts}, {"$set": {key: fresh}}))
    return writes
