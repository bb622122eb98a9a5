"""Periodic duties: sole reader and writer of the ``duty`` collection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.clock import Clock
from inventory.model.connection import Document, translated_errors
from inventory.model.documents.duty import Duty
from inventory.model.lease import LEASE
from inventory.model.new_document import new_document

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SKEW: Final = timedelta(seconds=60)
"""A period so far ahead was begun under a clock that has stepped back since; less is two machines' clocks."""


class DutyManager:
    """Claims of duties: each is done once per period, by whoever comes first; another ends what the dead began."""

    def __init__(self, *, database: Database[Document], clock: Clock, owner: str, lease_seconds: float) -> None:
        """Prepare.

        Args:
            database: where they are.
            clock: tells the time.
            owner: names this process.
            lease_seconds: how long a claim lasts without being renewed, s.
        """
        self._collection = database["duty"]
        self._clock = clock
        self._owner = owner
        self._lease = timedelta(seconds=lease_seconds)

    @translated_errors()
    def claim(self, name: str, period_seconds: float) -> datetime | None:
        """Claim a duty for the period that is now.

        Args:
            name: which.
            period_seconds: how long its periods are, s; they begin at whole multiples.

        Returns:
            The start of the period, or None where it is done, or another does it.
        """
        now = self._clock.now()
        period = timedelta(seconds=period_seconds)
        start = _EPOCH + (now - _EPOCH) // period * period
        claim: Document = {"period_start": start, **LEASE.claimed(self._owner, now, self._lease)}
        free = [
            # A duty that is being done ends before the next period's begins.
            {"period_start": {"$lt": start}, "$or": [{"done_at": {"$ne": None}}, LEASE.expired(now)]},
            {"period_start": start, "done_at": None, **LEASE.expired(now)},
            {"period_start": {"$gt": start + max(period, _SKEW)}},
        ]
        taken = self._collection.update_one({"name": name, "$or": free}, {"$set": claim, "$unset": {"done_at": ""}})
        if taken.matched_count or (not self._collection.find_one({"name": name}) and self._first(name, claim)):
            return start
        return None

    def _first(self, name: str, claim: Document) -> bool:
        try:
            self._collection.insert_one(new_document(Duty, name=name, **claim))
        except DuplicateKeyError:
            return False
        return True

    @translated_errors()
    def renew(self, name: str, start: datetime) -> bool:
        """Renew the lease of a period's duty; return False where the claim was lost meanwhile."""
        change = {"$set": LEASE.renewed(self._clock.now(), self._lease)}
        return self._collection.update_one(self._mine(name, start), change).matched_count == 1

    @translated_errors()
    def release(self, name: str, start: datetime) -> None:
        """Give up a period's duty that was not done; anyone may claim it again at once."""
        self._collection.update_one(self._mine(name, start), {"$set": LEASE.renewed(self._clock.now(), timedelta())})

    @translated_errors()
    def done(self, name: str, start: datetime) -> bool:
        """Note that the period's duty is done; return False where the claim was lost meanwhile."""
        done = {"done_at": self._clock.now()}
        return self._collection.update_one(self._mine(name, start), {"$set": done}).matched_count == 1

    def _mine(self, name: str, start: datetime) -> Document:
        return {"name": name, LEASE.owner: self._owner, "period_start": start, "done_at": None}
