"""Claimed due schedules, in the collection ``due_batch``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.model.connection import translated_errors
from inventory.model.documents.due_batch import StoredDueBatch
from inventory.model.stored import collection_of

_OWNER: Final = "owner"

HELD_SECONDS: Final = 3.0
"""How long other schedulers leave claimed schedules alone, s. If the claiming one dies, they fire that much later."""


class DueBatchManager:
    """Tells schedulers what the others have claimed, so that they share due schedules instead of firing the same."""

    def __init__(self, *, database: Database[Document], clock: Clock, owner: str) -> None:
        """Prepare.

        Args:
            owner: identifies this scheduler.
        """
        # Claims here are advisory and soon outdated: not worth waiting for a majority of the replica set.
        self._collection = collection_of(database, "due_batch", StoredDueBatch).with_options(
            write_concern=WriteConcern(w=1)
        )
        self._clock = clock
        self._owner = owner

    @translated_errors()
    def take(self, schedule_ids: Collection[str]) -> set[str]:
        """Claim these schedules, and return those that another scheduler has claimed as well.

        If two claim the same schedules at the same moment, only one of them sees it, so that the other continues.
        """
        held = {"schedule_ids": list(schedule_ids), "until": self._clock.now() + timedelta(seconds=HELD_SECONDS)}
        self._collection.update_one({_OWNER: self._owner}, {"$set": held}, upsert=True)
        return self._held({_OWNER: {"$lt": self._owner}}).intersection(schedule_ids)

    @translated_errors()
    def of_others(self) -> set[str]:
        """Return what the others have claimed."""
        return self._held({_OWNER: {"$ne": self._owner}})

    @translated_errors()
    def drop(self) -> None:
        """Drop this scheduler's claims, and forget those of dead schedulers."""
        gone = {"until": {"$lte": self._clock.now()}}
        self._collection.delete_many({"$or": [{_OWNER: self._owner}, gone]})

    def _held(self, query: Document) -> set[str]:
        now = self._clock.now()
        # A claim that lasts longer was made under a clock that has been set back since.
        query |= {"until": {"$gt": now, "$lte": now + 2 * timedelta(seconds=HELD_SECONDS)}}
        found = self._collection.find(query, {"schedule_ids": 1})
        return {schedule_id for batch in found for schedule_id in batch["schedule_ids"]}
