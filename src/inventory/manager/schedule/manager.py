"""Schedules, in the collection ``schedule``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import DeleteOne, ReturnDocument, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.plain import Document
from inventory.errors import NotFoundError, SaveUniqueValuesError, existing
from inventory.model.connection import translated_errors
from inventory.model.documents.schedule import StoredSchedule
from inventory.model.stored import collection_of

_ID: Final = "schedule_id"
_DUE_AT: Final = "next_fire_at"
_BY_ID: Final = [("_id", 1)]
_DUE: Final = ((_DUE_AT, 1), ("priority", 1))


@dataclass(frozen=True, slots=True)
class Advance:
    """The step of one due schedule from the fire time it was waiting for to the next one.

    Attributes:
        schedule: the document as it was read, with ``_id``, ``next_fire_at`` and ``schedule``.
        fields: the fields to set.
    """

    schedule: Mapping[str, Any]
    fields: Mapping[str, Any]


class ScheduleManager:
    """Raw documents of schedules."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._collection = collection_of(database, "schedule", StoredSchedule)

    def insert(self, schedule: StoredSchedule) -> None:
        """Store a new schedule, built by ``new_document``.

        Raises:
            SaveUniqueValuesError: the id is taken.
        """
        try:
            with translated_errors(key="filter"):
                self._collection.insert_one(schedule.copy())
        except DuplicateKeyError as exc:
            raise SaveUniqueValuesError(keys=[_ID]) from exc

    def get(self, domain_id: str, collector_id: str, schedule_id: str) -> StoredSchedule:
        """Return the collector's schedule. Raises ``NotFoundError``."""
        with translated_errors(key=_ID):
            found = self._collection.find_one(_key(domain_id, collector_id, schedule_id), {"_id": 0})
        return existing(found, key=_ID, value=schedule_id)

    def of_collector(self, domain_id: str, collector_id: str) -> list[StoredSchedule]:
        """Return the collector's schedules, by name."""
        with translated_errors(key=_ID):
            found = self._collection.find({"domain_id": domain_id, "collector_id": collector_id}, {"_id": 0})
            return list(found.sort("name", 1))

    def of_collectors(self, domain_id: str, collector_ids: Iterable[str]) -> dict[str, list[StoredSchedule]]:
        """Return the schedules of each of the collectors that has any, by collector."""
        query = {"domain_id": domain_id, "collector_id": {"$in": list(collector_ids)}}
        found: dict[str, list[StoredSchedule]] = {}
        with translated_errors(key=_ID):
            for schedule in self._collection.find(query, {"_id": 0, "skips": 0}):
                found.setdefault(schedule["collector_id"], []).append(schedule)
        return found

    def update(self, domain_id: str, collector_id: str, schedule_id: str, fields: Mapping[str, Any]) -> StoredSchedule:
        """Set ``fields`` in one write and return the updated schedule. Raises ``NotFoundError``.

        New fire times leave a due one unchanged: its job may already exist, so it is fired first.
        """
        if not fields:
            return self.get(domain_id, collector_id, schedule_id)
        change: Document = {key: {"$literal": value} for key, value in fields.items()}
        if "next_fire_at" in fields:
            waits = {"$eq": [{"$type": f"${_DUE_AT}"}, "date"]}
            is_due = {"$and": [waits, {"$lte": [f"${_DUE_AT}", fields["anchor_at"]]}]}
            change[_DUE_AT] = {"$cond": [is_due, f"${_DUE_AT}", change[_DUE_AT]]}
        with translated_errors(key="filter"):
            updated = self._collection.find_one_and_update(
                _key(domain_id, collector_id, schedule_id),
                [{"$set": change}],
                projection={"_id": 0},
                return_document=ReturnDocument.AFTER,
            )
        return existing(updated, key=_ID, value=schedule_id)

    def set_priority(self, domain_id: str, collector_id: str, priority: int) -> None:
        """Copy the collector's new priority to its schedules."""
        with translated_errors(key="priority"):
            self._collection.update_many(
                {"domain_id": domain_id, "collector_id": collector_id}, {"$set": {"priority": priority}}
            )

    def delete(self, domain_id: str, collector_id: str, schedule_id: str) -> None:
        """Remove the collector's schedule. Raises ``NotFoundError``."""
        with translated_errors(key=_ID):
            deleted = self._collection.delete_one(_key(domain_id, collector_id, schedule_id)).deleted_count
        if not deleted:
            raise NotFoundError(key=_ID, value=schedule_id)

    def delete_of_collector(self, domain_id: str, collector_id: str) -> int:
        """Remove all schedules of the collector and return their number."""
        with translated_errors(key=_ID):
            return self._collection.delete_many({"domain_id": domain_id, "collector_id": collector_id}).deleted_count

    def due(self, now: datetime, *, limit: int, besides: Iterable[str] = ()) -> list[StoredSchedule]:
        """Return due schedules of all domains, oldest fire time first, then by priority.

        Args:
            limit: maximum number.
            besides: ids of schedules to leave to other schedulers.
        """
        query: Document = {_DUE_AT: {"$lte": now}}
        if left := list(besides):
            query[_ID] = {"$nin": left}
        with translated_errors(key=_ID):
            return list(self._collection.find(query).sort(_DUE).limit(limit))

    def count_due(self, now: datetime, *, limit: int) -> int:
        """Return how many schedules are due, counted up to ``limit``."""
        with translated_errors(key=_ID):
            return self._collection.count_documents({_DUE_AT: {"$lte": now}}, limit=limit)

    def advance(self, steps: Sequence[Advance]) -> int:
        """Take each step whose schedule is still as it was read; return how many were taken.

        A schedule that another scheduler has advanced, or whose fire times a client has changed, is left unchanged.
        """
        if not steps:
            return 0
        # The hint saves MongoDB from trying every index that contains a field of the condition.
        writes = [UpdateOne(_unchanged(step.schedule), {"$set": dict(step.fields)}, hint=_BY_ID) for step in steps]
        with translated_errors(key=_ID):
            return self._collection.bulk_write(writes, ordered=False).matched_count

    def note_fired(self, fired: Iterable[tuple[Mapping[str, Any], datetime]]) -> None:
        """Record when schedules fired whose step could not be taken because they were changed meanwhile.

        Args:
            fired: schedules as they were read, each with the fire time that became a job.
        """
        by_time: dict[datetime, list[Mapping[str, Any]]] = {}
        for schedule, fire_at in fired:
            by_time.setdefault(fire_at, []).append(schedule)
        for fire_at, schedules in by_time.items():
            # Neither alternative matches a schedule with a newer time.
            older = {"$or": [{"last_scheduled_at": {"$lt": fire_at}}, {"last_scheduled_at": None}]}
            with translated_errors(key=_ID):
                self._collection.update_many(_any_of(schedules) | older, {"$set": {"last_scheduled_at": fire_at}})

    def delete_due(self, schedules: Iterable[Mapping[str, Any]]) -> int:
        """Remove schedules, as they were read, whose collector no longer exists; return their number."""
        writes = [DeleteOne(_unchanged(schedule), hint=_BY_ID) for schedule in schedules]
        if not writes:
            return 0
        with translated_errors(key=_ID):
            return self._collection.bulk_write(writes, ordered=False).deleted_count


def _key(domain_id: str, collector_id: str, schedule_id: str) -> Document:
    return {"domain_id": domain_id, _ID: schedule_id, "collector_id": collector_id}


def _any_of(schedules: Iterable[Mapping[str, Any]]) -> Document:
    keys = [(schedule["domain_id"], schedule["_id"]) for schedule in schedules]
    return {"domain_id": {"$in": sorted({key[0] for key in keys})}, "_id": {"$in": [key[1] for key in keys]}}


def _unchanged(schedule: Mapping[str, Any]) -> Document:
    """The condition that nobody has advanced or changed the schedule since; ``domain_id`` routes to its shard.

    A field that somebody removed by hand was read as None, which also matches an absent field.
    """
    return {key: schedule.get(key) for key in ("domain_id", "_id", _DUE_AT, "anchor_at", "schedule")}
