"""Records of what never happened are removed, and only those."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from inventory.migration.orphans import remove_orphaned_records
from inventory.model.documents.record import record_key
from tests.integration.ingest.ingest_tools import ingest
from tests.streams.build import service

Document = dict[str, Any]


def test_the_migration_removes_what_can_be_shown_to_be_an_orphan(database: Database[Document], clock: Any) -> None:
    old, young = datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC) - timedelta(minutes=5)
    ingest(database, clock, [service(1)])
    ingest(database, clock, [service(1, name="renamed")], slice_id="slice-2")
    [stored] = database["cloud_service"].find()
    database["record"].update_many({}, {"$set": {"created_at": old}, "$unset": {"revision": ""}})
    true = {record["_id"] for record in database["record"].find()}
    database["slice"].insert_one(
        {"domain_id": "domain-1", "job_id": "job-1", "secret_id": "secret-1", "slice_id": "slice-3", "number": 0}
    )
    mine, count = stored["cloud_service_id"], iter(range(100))

    def told(cloud_service_id: str, revision: int, writer: str, **fields: Any) -> Any:
        key = record_key(cloud_service_id, revision, writer)
        record = {"domain_id": "domain-1", "cloud_service_id": cloud_service_id, "job_id": "job-1", "created_at": old}
        database["record"].insert_one({"_id": key, "record_id": f"record-{next(count)}", **record, **fields})
        return key

    told("cloud-svc-none", 1, "slice-1", action="CREATE")
    told(mine, 3, "slice-3", action="UPDATE")
    kept = {
        # Perhaps an older process is about to write the resource.
        told("cloud-svc-soon", 1, "slice-1", action="CREATE", created_at=young),
        told(mine, 4, "slice-3", action="UPDATE", created_at=young),
        # Nobody can tell which revision it is of.
        told(mine, 3, "slice-forgotten", action="UPDATE"),
    }

    for _ in range(2):
        remove_orphaned_records(database)

    left = {record["_id"] for record in database["record"].find()}
    assert left == true | kept
