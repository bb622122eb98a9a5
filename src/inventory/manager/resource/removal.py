"""Taking resources out of the inventory: DELETED with a record, later gone for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from inventory.domain import ids
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.records import RecordStore, record_key

Document = dict[str, Any]


class ResourceRemover:
    """Deletes and terminates CloudServices. Each step may be repeated after it broke off."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._services = database["cloud_service"]
        self._records = RecordStore(database=database)
        self._states = StateStore(database=database)

    def delete(
        self,
        cloud_service_ids: Sequence[str],
        *,
        domain_id: str,
        now: datetime,
        deleted_by: str,
        collector_ids: Mapping[str, str],
        job_id: str = "",
        unless_updated_since: datetime | None = None,
    ) -> list[str]:
        """Make living resources DELETED and record it.

        Args:
            cloud_service_ids: which.
            domain_id: their domain.
            now: the time.
            deleted_by: what deletes them: the same name again, after a break, completes what was begun.
            collector_ids: the collector the record names, by resource.
            job_id: the job the record names; empty for none.
            unless_updated_since: leaves alone what was updated at or after this time.

        Returns:
            The ids of those that are DELETED by ``deleted_by`` now.
        """
        ours = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}}
        condition: Document = {"state": "ACTIVE"}
        if unless_updated_since is not None:
            condition["updated_at"] = {"$lt": unless_updated_since}
        living = list(self._services.find({**ours, **condition}, {"cloud_service_id": 1, "revision": 1}))
        author = {key: collector_ids.get(key, "") for key in cloud_service_ids}
        records = [_record(entry, domain_id, deleted_by, author, job_id, now) for entry in living]
        # A record without its write is withdrawn or replaced on replay; a write without its record would be lost.
        self._records.insert(records)
        update = {
            "$set": {"state": "DELETED", "deleted_at": now, "deleted_by": deleted_by},
            "$unset": {"match_key": "", "fingerprint": ""},
            "$inc": {"revision": 1},
        }
        writes = [
            UpdateOne(
                {"_id": entry["_id"], "domain_id": domain_id, **condition, "revision": entry.get("revision")}, update
            )
            for entry in living
        ]
        if writes:
            self._services.bulk_write(writes, ordered=False)
        query = {**ours, "state": "DELETED", "deleted_by": deleted_by}
        gone = {entry["cloud_service_id"] for entry in self._services.find(query, {"cloud_service_id": 1})}
        self._records.withdraw([record["_id"] for record in records if record["cloud_service_id"] not in gone])
        return [key for key in cloud_service_ids if key in gone]

    def terminate(self, domain_id: str, *, deleted_before: datetime, batch: int = 1000) -> int:
        """Remove for good what has been DELETED since before ``deleted_before``, history and states included.

        Returns:
            How many resources were removed.
        """
        query = {"domain_id": domain_id, "state": "DELETED", "deleted_at": {"$lt": deleted_before}}
        removed = 0
        while found := [entry["cloud_service_id"] for entry in self._services.find(query).limit(batch)]:
            self._records.remove_of(domain_id, found)
            self._states.forget(domain_id, found)
            removed += self._services.delete_many({**query, "cloud_service_id": {"$in": found}}).deleted_count
        return removed


def _record(
    entry: Document, domain_id: str, deleted_by: str, author: Mapping[str, str], job_id: str, now: datetime
) -> Document:
    cloud_service_id = entry["cloud_service_id"]
    record: Document = {
        "_id": record_key(cloud_service_id, (entry.get("revision") or 0) + 1, deleted_by),
        "record_id": ids.new_id(ids.RECORD),
        "domain_id": domain_id,
        "cloud_service_id": cloud_service_id,
        "action": "DELETE",
        "diff": [],
        "diff_count": 0,
        "updated_by": "COLLECTOR",
        "created_at": now,
    }
    if author[cloud_service_id]:
        record["collector_id"] = author[cloud_service_id]
    if job_id:
        record["job_id"] = job_id
    return record
