"""Records of migrations, and their lock, in two collections.

Their key is ``_id`` itself, since they must be safe before any other index exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.migration.catalog import Migration
from inventory.model.connection import translated_errors
from inventory.model.lease import LEASE

RECORDS: Final = "migration"
LOCKS: Final = "migration_lock"
_LOCK: Final = "migrate"


@dataclass(frozen=True, slots=True)
class MigrationRecord:
    """The record of a migration that was begun.

    Attributes:
        since: the package version that introduced the migration.
        breaking: whether code that does not know it must not use the database.
        version: the package version that last ran it.
        attempts: how often it was begun.
        finished_at: None if it was begun but has not ended.
    """

    number: int
    name: str
    since: str
    breaking: bool
    version: str
    attempts: int
    started_at: datetime
    finished_at: datetime | None


class Ledger:
    """Records and lock."""

    def __init__(self, *, database: Database[Document], clock: Clock, owner: str, lease_seconds: float) -> None:
        """Prepare.

        Args:
            owner: identifies this process and this use of the lock.
            lease_seconds: how long the lock lasts without being renewed, s.
        """
        self._records = database[RECORDS]
        self._locks = database[LOCKS]
        self._clock = clock
        self._owner = owner
        self._lease = timedelta(seconds=lease_seconds)

    @translated_errors()
    def records(self) -> dict[int, MigrationRecord]:
        """Return the migrations that were begun, by number."""
        return {document["_id"]: _record(document) for document in self._records.find().sort("_id")}

    @translated_errors()
    def begin(self, migration: Migration, version: str) -> None:
        """Record that a migration begins, or begins again."""
        facts = {
            "name": migration.name,
            "since": migration.since,
            "breaking": migration.breaking,
            "version": version,
            "owner": self._owner,
        }
        first = {"started_at": self._clock.now()}
        change = {"$set": facts, "$setOnInsert": first, "$inc": {"attempts": 1}}
        self._records.update_one({"_id": migration.number}, change, upsert=True)

    @translated_errors()
    def finish(self, migration: Migration) -> None:
        """Record that a migration has ended; the first end counts."""
        mine = {"_id": migration.number, "finished_at": None}
        self._records.update_one(mine, {"$set": {"finished_at": self._clock.now()}})

    @translated_errors()
    def lock(self) -> bool:
        """Take the lock; return False if another process has it."""
        now = self._clock.now()
        free = {"_id": _LOCK, "$or": [LEASE.expired(now), {LEASE.owner: self._owner}]}
        claim = LEASE.claimed(self._owner, now, self._lease)
        try:
            self._locks.update_one(free, {"$set": claim}, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    @translated_errors()
    def renew(self) -> bool:
        """Extend the lock; return whether it is still ours."""
        change = {"$set": LEASE.renewed(self._clock.now(), self._lease)}
        return self._locks.update_one(self._mine(), change).matched_count == 1

    @translated_errors()
    def unlock(self) -> None:
        """Release the lock, if it is still ours."""
        self._locks.delete_one(self._mine())

    def _mine(self) -> Document:
        return {"_id": _LOCK, LEASE.owner: self._owner}


def _record(document: Document) -> MigrationRecord:
    return MigrationRecord(
        number=document["_id"],
        name=document["name"],
        since=document["since"],
        breaking=document["breaking"],
        version=document["version"],
        attempts=document["attempts"],
        started_at=document["started_at"],
        finished_at=document.get("finished_at"),
    )
