"""Removes history records of changes that provably never happened.

Version 0.1 wrote a record before the change of its resource. A process killed between the two left the record behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.domain.plain import Document
from inventory.model.connection import server_time
from inventory.model.documents.record import record_key

_BATCH: Final = 1000
_SETTLED: Final = timedelta(hours=1)
"""Younger records may belong to a resource that a process of 0.1 is about to write."""
_JOBS_REMEMBERED: Final = 1024


def remove_orphaned_records(database: Database[Document]) -> None:
    """Remove records of resources that do not exist, and of changes that their resource never had.

    The key of a collector's record is derived from the resource, its revision and the slice that wrote it. So a record
    with the key of the revision after the resource's current one belongs to a change that was never made. It may be
    repeated; if the writer of a record can no longer be determined, the record is kept.
    """
    before = server_time(database) - _SETTLED
    records, services = database["record"], database["cloud_service"]
    groups = [{"$group": {"_id": {"domain_id": "$domain_id", "cloud_service_id": "$cloud_service_id"}}}]
    recorded = (row["_id"] for row in records.aggregate(groups, allowDiskUse=True))
    slices_of = _slices_of(database)
    for batch in batched(recorded, _BATCH):
        for domain_id, ids_ in _by_domain(batch).items():
            mine = {"domain_id": domain_id, "cloud_service_id": {"$in": ids_}}
            found = services.find(mine, {"cloud_service_id": 1, "revision": 1, "collection_info.secret_id": 1})
            known = {row["cloud_service_id"]: row for row in found}
            gone = [key for key in ids_ if key not in known]
            old = {"domain_id": domain_id, "created_at": {"$lt": before}}
            if gone:
                records.delete_many({**old, "cloud_service_id": {"$in": gone}})
            newest = records.find(
                {**old, "cloud_service_id": {"$in": list(known)}, "job_id": {"$exists": True}, "revision": None},
                {"domain_id": 1, "cloud_service_id": 1, "job_id": 1},
            )
            false = [row["_id"] for row in newest if _is_false(row, known[row["cloud_service_id"]], slices_of)]
            if false:
                # Only if the resource has not changed since: a process of 0.1 may just have made the change.
                records.delete_many({**old, "_id": {"$in": false}})


def _by_domain(batch: Iterable[Document]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in batch:
        if isinstance(row.get("domain_id"), str) and isinstance(row.get("cloud_service_id"), str):
            found.setdefault(row["domain_id"], []).append(row["cloud_service_id"])
    return found


def _slices_of(database: Database[Document]) -> Any:
    @lru_cache(maxsize=_JOBS_REMEMBERED)
    def slices_of(domain_id: str, job_id: str) -> dict[str, list[str]]:
        """Return the ids of the job's slices that are still stored, by secret."""
        found: dict[str, list[str]] = {}
        own = {"domain_id": domain_id, "job_id": job_id}
        for row in database["slice"].find(own, {"slice_id": 1, "secret_id": 1}):
            found.setdefault(row["secret_id"], []).append(row["slice_id"])
        return found

    return slices_of


def _is_false(record: Document, service: Document, slices_of: Any) -> bool:
    """Whether ``record`` has the key of the revision after the current one."""
    following = (service.get("revision") or 0) + 1
    secrets = {info.get("secret_id") for info in service.get("collection_info") or ()}
    writers = (each for secret in secrets for each in slices_of(record["domain_id"], record["job_id"]).get(secret, ()))
    return any(record["_id"] == record_key(record["cloud_service_id"], following, each) for each in writers)
