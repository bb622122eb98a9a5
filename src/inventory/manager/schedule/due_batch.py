"""Due schedules in hand: sole reader and writer of the ``due_batch`` collection."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from inventory.domain.clock import Clock
from inventory.model.connection import translated_errors

Document = dict[str, Any]

_OWNER: Final = "owner"

HELD_SECONDS: Final = 3.0
"""So long others leave alone what a scheduler has in hand, s; so much later they fire what it died over."""


class DueBatchManager:
    """Tells schedulers what the others have in hand, so that they share what is due instead of all doing the same."""

    def __init__(self, *, database: Database[Document], clock: Clock, owner: str) -> None:
        """Prepare.

        Args:
            database: where they are.
            clock: tells the time.
            owner: names this scheduler.
        """
        # It is advice, and out of date in a moment: not worth waiting for a majority.
        self._collection = database["due_batch"].with_options(write_concern=WriteConcern(w=1))
        self._clock = clock
        self._owner = owner

    @translated_errors()
    def take(self, schedule_ids: Collection[str]) -> set[str]:
        """Note that these are in hand here, and return those of them that another has in hand as well.

        Of two that take the same at the same moment only one is told: one of them goes on.
        """
        held = {"schedule_ids": list(schedule_ids), "until": self._clock.now() + timedelta(seconds=HELD_SECONDS)}
        self._collection.update_one({_OWNER: self._owner}, {"$set": held}, upsert=True)
        return self._held({_OWNER: {"$lt": self._owner}}).intersection(schedule_ids)

    @translated_errors()
    def of_others(self) -> set[str]:
        """Return what the others have in hand."""
        return self._held({_OWNER: {"$ne": self._owner}})

    @translated_errors()
    def drop(self) -> None:
        """Have nothing in hand any more, and forget what the dead had."""
        gone = {"until": {"$lte": self._clock.now()}}
        self._collection.delete_many({"$or": [{_OWNER: self._owner}, gone]})

    def _held(self, query: Document) -> set[str]:
        now = self._clock.now()
        # One that lasts longer was noted under a clock that has stepped back since.
        query |= {"until": {"$gt": now, "$lte": now + 2 * timedelta(seconds=HELD_SECONDS)}}
        found = self._collection.find(query, {"schedule_ids": 1})
        return {schedule_id for batch in found for schedule_id in batch["schedule_ids"]}
