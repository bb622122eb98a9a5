"""Periodic duties, in the collection ``duty``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from bson import Binary
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.manager.transactions import Fence, end_sessions
from inventory.model.connection import translated_errors
from inventory.model.documents.duty import Duty, StoredDuty
from inventory.model.lease import LEASE
from inventory.model.new_document import new_document
from inventory.model.stored import collection_of

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SKEW: Final = timedelta(seconds=60)
"""A period this far in the future was begun under a clock that has been set back; less is normal clock skew."""


class DutyManager:
    """Claims of duties: each is done once per period, by the first to claim it; another continues after a crash."""

    def __init__(self, *, database: Database[Document], clock: Clock, owner: str, lease_seconds: float) -> None:
        """Prepare.

        Args:
            lease_seconds: how long a claim lasts without being renewed, s.
        """
        self._collection = collection_of(database, "duty", StoredDuty)
        self._clock = clock
        self._owner = owner
        self._lease = timedelta(seconds=lease_seconds)

    def session(self) -> ClientSession:
        """Return a new session for what is written under one claim; leave it as a context manager. Sends nothing."""
        return self._collection.database.client.start_session()

    @translated_errors()
    def claim(self, name: str, period_seconds: float, *, session_id: Binary | None = None) -> datetime | None:
        """Claim a duty for the current period.

        What an earlier owner has written but not committed is undone.

        Args:
            period_seconds: length of its periods, s; they begin at whole multiples.
            session_id: of the session that this process will use for its writes.

        Returns:
            The start of the period, or None if the duty is done, or another process does it.
        """
        now = self._clock.now()
        period = timedelta(seconds=period_seconds)
        start = _EPOCH + (now - _EPOCH) // period * period
        claim: Document = {"period_start": start, **LEASE.claimed(self._owner, now, self._lease)}
        free = [
            # A running duty ends before that of the next period begins.
            {"period_start": {"$lt": start}, "$or": [{"done_at": {"$ne": None}}, LEASE.expired(now)]},
            {"period_start": start, "done_at": None, **LEASE.expired(now)},
            {"period_start": {"$gt": start + max(period, _SKEW)}},
        ]
        query = {"name": name, "$or": free}
        unset = {"done_at": ""}
        if session_id is None:
            unset["session"] = ""
        else:
            claim["session"] = session_id
        before = self._collection.find_one_and_update(query, {"$set": claim, "$unset": unset})
        if before is not None:
            if before.get("session") and before.get("done_at") is None:
                end_sessions(self._collection.database, [before["session"]])
            return start
        if not self._collection.find_one({"name": name}) and self._first(name, claim):
            return start
        return None

    def _first(self, name: str, claim: Document) -> bool:
        try:
            # The model would store a session's id as other bytes than those of an id.
            session = {key: claim.pop(key) for key in ("session",) if key in claim}
            self._collection.insert_one(new_document(Duty, name=name, **claim) | session)
        except DuplicateKeyError:
            return False
        return True

    @translated_errors()
    def renew(self, name: str, start: datetime) -> bool:
        """Renew the lease of a period's duty; return False if the claim was lost meanwhile."""
        change = {"$set": LEASE.renewed(self._clock.now(), self._lease)}
        return self._collection.update_one(self._mine(name, start), change).matched_count == 1

    @translated_errors()
    def release(self, name: str, start: datetime) -> None:
        """Release a period's duty that was not done; any process may claim it again at once."""
        change = {"$set": LEASE.renewed(self._clock.now(), timedelta()), "$unset": {"session": ""}}
        self._collection.update_one(self._mine(name, start), change)

    @translated_errors()
    def done(self, name: str, start: datetime) -> bool:
        """Record that the period's duty is done; return False if the claim was lost meanwhile."""
        done = {"done_at": self._clock.now()}
        return self._collection.update_one(self._mine(name, start), {"$set": done}).matched_count == 1

    def fence(self, name: str, start: datetime) -> Fence:
        """Return what this process must still have of a period's duty to write anything for it."""
        return Fence("duty", self._mine(name, start))

    def _mine(self, name: str, start: datetime) -> Document:
        return {"name": name, LEASE.owner: self._owner, "period_start": start, "done_at": None}
