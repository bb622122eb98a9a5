"""All migrations, oldest first.

A new migration gets the next number, at the end. Once released it is never changed, reordered or removed. It may be
killed and run again at any point, while processes of the previous version keep working; a change that would break them
waits for the release after, marked ``breaking``. A change of an index declared by a document needs a migration that
calls ``build_indexes`` again; a superseded index is dropped in a later one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.migration.orphans import remove_orphaned_records
from inventory.migration.reference_keys import rewrite_reference_keys
from inventory.model.indexes import build_indexes, drop_indexes


@dataclass(frozen=True, slots=True)
class Migration:
    """One step forward.

    Attributes:
        number: 1 for the first, without gaps.
        name: says what it does.
        since: the package version that introduced it.
        apply: does it; called again after a crash, and perhaps by two processes at once.
        breaking: code that does not know it must no longer use the database. It is only run by ``inventory migrate``,
            never at the start of a process.
    """

    number: int
    name: str
    since: str
    apply: Callable[[Database[Document]], None]
    breaking: bool = False


SUPERSEDED_INDEXES: Final = {
    "collector": ["domain_id_1_name_1_collector_id_1"],
    "job": [
        "domain_id_1_created_at_-1",
        "domain_id_1_collector_id_1_created_at_-1",
        "domain_id_1_projects_1_created_at_-1",
    ],
    "job_task": ["domain_id_1_created_at_-1", "domain_id_1_project_id_1_created_at_-1"],
    "record": ["domain_id_1_cloud_service_id_1_created_at_-1"],
    "schedule": ["domain_id_1_collector_id_1_name_1"],
    "slice": ["waiting_of_collector", "waiting_of_endpoint"],
}
"""From earlier versions of 0.1.0: nothing reads them, but every write maintains them. Paged lists now sort by _id last,
and a waiting slice names one of two kinds of slots."""


def _drop_superseded(database: Database[Document]) -> None:
    drop_indexes(database, SUPERSEDED_INDEXES)


INDEXES_OF_TIMES: Final = {
    "cloud_service": ["domain_id_1_state_1_updated_at_1"],
    "collection_state": ["domain_id_1_collector_id_1_secret_id_1_seen_at_1"],
}
"""Of times that every collect changes: an update that changes an indexed field costs MongoDB three times as much."""


def _drop_times(database: Database[Document]) -> None:
    drop_indexes(database, INDEXES_OF_TIMES)


INDEX_DROPS: Final = (_drop_superseded, _drop_times)
"""Migrations that are repeated: a process of an earlier version builds these indexes again when it starts."""


MIGRATIONS: Final = (
    Migration(1, "build indexes", "0.1.0", build_indexes),
    Migration(2, "drop superseded indexes", "0.1.0", _drop_superseded),
    Migration(3, "rewrite reference keys", "0.1.0", rewrite_reference_keys),
    Migration(4, "index complete successes", "0.2.0", build_indexes),
    Migration(5, "index dry runs", "0.2.0", build_indexes),
    Migration(6, "index retries", "0.2.0", build_indexes),
    # The index without the revision is dropped by the version after: processes of 0.1 read by it.
    Migration(7, "index records by revision", "0.2.0", build_indexes),
    Migration(8, "remove orphaned records", "0.2.0", remove_orphaned_records),
    Migration(9, "index deletions", "0.2.0", build_indexes),
    Migration(10, "index updates by day", "0.2.0", build_indexes),
    Migration(11, "drop indexes of times", "0.2.0", _drop_times),
)
