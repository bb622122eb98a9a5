"""Schedules: sole reader and writer of the ``schedule`` collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import DeleteOne, ReturnDocument, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.errors import NotFoundError, SaveUniqueValuesError
from inventory.model.connection import translated_errors

Document = dict[str, Any]

_ID: Final = "schedule_id"
_DUE: Final = (("next_fire_at", 1), ("priority", 1))


@dataclass(frozen=True, slots=True)
class Advance:
    """The step of one due schedule from the fire time that it waited for to the next.

    Attributes:
        schedule: the document as it was read, with ``_id``, ``next_fire_at`` and ``schedule``.
        fields: what it becomes.
    """

    schedule: Mapping[str, Any]
    fields: Mapping[str, Any]


class ScheduleManager:
    """Raw documents of schedules."""

    def __init__(self, *, database: Database[Document]) -> None:
        """Prepare.

        Args:
            database: where they are.
        """
        self._collection = database["schedule"]

    def insert(self, schedule: Document) -> None:
        """Store a new schedule, made by ``new_document``.

        Raises:
            SaveUniqueValuesError: the id is taken.
        """
        try:
            with translated_errors(key="filter"):
                self._collection.insert_one(dict(schedule))
        except DuplicateKeyError as exc:
            raise SaveUniqueValuesError(keys=[_ID]) from exc

    def get(self, domain_id: str, collector_id: str, schedule_id: str) -> Document:
        """Return the collector's schedule. Raises ``NotFoundError``."""
        with translated_errors(key=_ID):
            found = self._collection.find_one(_key(domain_id, collector_id, schedule_id), {"_id": 0})
        if found is None:
            raise NotFoundError(key=_ID, value=schedule_id)
        return found

    def of_collector(self, domain_id: str, collector_id: str) -> list[Document]:
        """Return the collector's schedules, by name."""
        with translated_errors(key=_ID):
            found = self._collection.find({"domain_id": domain_id, "collector_id": collector_id}, {"_id": 0})
            return list(found.sort("name", 1))

    def update(self, domain_id: str, collector_id: str, schedule_id: str, fields: Mapping[str, Any]) -> Document:
        """Set ``fields`` in one write and return the schedule as it is then. Raises ``NotFoundError``."""
        if not fields:
            return self.get(domain_id, collector_id, schedule_id)
        with translated_errors(key="filter"):
            updated = self._collection.find_one_and_update(
                _key(domain_id, collector_id, schedule_id),
                {"$set": dict(fields)},
                projection={"_id": 0},
                return_document=ReturnDocument.AFTER,
            )
        if updated is None:
            raise NotFoundError(key=_ID, value=schedule_id)
        return updated

    def delete(self, domain_id: str, collector_id: str, schedule_id: str) -> None:
        """Remove the collector's schedule. Raises ``NotFoundError``."""
        with translated_errors(key=_ID):
            deleted = self._collection.delete_one(_key(domain_id, collector_id, schedule_id)).deleted_count
        if not deleted:
            raise NotFoundError(key=_ID, value=schedule_id)

    def delete_of_collector(self, domain_id: str, collector_id: str) -> int:
        """Remove all schedules of the collector and return how many there were."""
        with translated_errors(key=_ID):
            return self._collection.delete_many({"domain_id": domain_id, "collector_id": collector_id}).deleted_count

    def due(self, now: datetime, *, limit: int, skip: int = 0) -> list[Document]:
        """Return schedules of all domains whose fire time has come: oldest fire time first, then by priority.

        Args:
            now: the time.
            limit: how many at most.
            skip: how many of the first to leave to others.
        """
        with translated_errors(key=_ID):
            found = self._collection.find({"next_fire_at": {"$lte": now}})
            return list(found.sort(_DUE).skip(skip).limit(limit))

    def count_due(self, now: datetime, *, limit: int) -> int:
        """Return how many schedules are due, counted up to ``limit``."""
        with translated_errors(key=_ID):
            return self._collection.count_documents({"next_fire_at": {"$lte": now}}, limit=limit)

    def advance(self, steps: Sequence[Advance]) -> int:
        """Take each step whose schedule still is as it was read; return how many were taken.

        A schedule that another scheduler has advanced, or whose fire times a client has changed, stays as it is.
        """
        if not steps:
            return 0
        writes = [UpdateOne(_unchanged(step.schedule), {"$set": dict(step.fields)}) for step in steps]
        with translated_errors(key=_ID):
            return self._collection.bulk_write(writes, ordered=False).matched_count

    def delete_due(self, schedules: Iterable[Mapping[str, Any]]) -> int:
        """Remove schedules, as they were read, whose collector is gone; return how many."""
        writes = [DeleteOne(_unchanged(schedule)) for schedule in schedules]
        if not writes:
            return 0
        with translated_errors(key=_ID):
            return self._collection.bulk_write(writes, ordered=False).deleted_count


def _key(domain_id: str, collector_id: str, schedule_id: str) -> Document:
    return {"domain_id": domain_id, _ID: schedule_id, "collector_id": collector_id}


def _unchanged(schedule: Mapping[str, Any]) -> Document:
    """The condition that nobody has advanced or changed it since; ``domain_id`` leads to its shard."""
    return {key: schedule[key] for key in ("domain_id", "_id", "next_fire_at", "anchor_at", "schedule")}
