"""Places of running slices: how many run at a time per collector and per plugin endpoint, and who waits for one.

A running slice occupies a numbered place of its collector and one of its plugin endpoint, and both numbers have a
unique index: that keeps the limits exact. A slice that finds none is put back and notes which of the two it lacks.
It looks once more before it leaves, and whoever gives a place up does so before it looks for waiting ones. So one of
the two always sees the other, and no thread is kept.

Whoever gives places up wakes one slice for each. One that was woken and finds that it lacks the other place now waits
for that, and passes the place that it cannot use on to the next in line: each step takes one out of that line.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from pymongo.database import Database

from inventory.domain.clock import Clock
from inventory.domain.job.states import TaskStatus
from inventory.model.connection import Document, translated_errors

WAIT_SECONDS: Final = 30.0
"""After how long the sweeper rings for a slice that waits for a place, should nobody have woken it, s."""

_LOOKS: Final = 4
"""How often a slice may find that it lacks the one place, then the other, before it is claimed anew."""


class SlotKind(StrEnum):
    """What a place belongs to, as it is stored in ``waits_for``."""

    COLLECTOR = "collector"
    ENDPOINT = "endpoint"

    @property
    def slot(self) -> str:
        """The field with the number of the place."""
        return f"{self.value}_slot"

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields by which slices share places."""
        return ("domain_id", "collector_id") if self is SlotKind.COLLECTOR else ("endpoint",)

    def group(self, found: Document) -> Document:
        """Return the query for the slices that share the places of ``found``; empty where it needs no such place."""
        group = {key: found.get(key) for key in self.keys}
        return group if all(group.values()) else {}


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """How many slices may run at a time for one collector and against one plugin endpoint."""

    per_collector: int
    per_endpoint: int

    def of(self, place: SlotKind) -> int:
        """Return the limit of a kind of place."""
        return self.per_collector if place is SlotKind.COLLECTOR else self.per_endpoint


class SliceSlots:
    """Places and those who wait for them.

    Args:
        database: where the slices are.
        clock: tells the time.
    """

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._slices = database["slice"]
        self._clock = clock

    @translated_errors()
    def free(self, found: Document, limits: SlotLimits) -> dict[str, int] | SlotKind:
        """Return a free place of each kind that the slice needs; or the kind that is full."""
        slots = {}
        for place, taken in self._taken(found, tuple(SlotKind)).items():
            limit = limits.of(place)
            if len(taken) >= limit:
                return place
            # At random, so that claimers seldom collide.
            slots[place.slot] = random.choice([slot for slot in range(limit) if slot not in taken])  # noqa: S311 (no secret)
        return slots

    def _taken(self, found: Document, places: Sequence[SlotKind]) -> dict[SlotKind, set[int]]:
        """Return, for each kind among ``places`` that the slice needs, the numbers that others occupy, at one look."""
        groups = {place: group for place in places if (group := place.group(found))}
        if not groups:
            return {}
        branches = [group | {place.slot: {"$gte": 0}} for place, group in groups.items()]
        wanted = dict.fromkeys((name for place in groups for name in (*place.keys, place.slot)), 1)
        # A slice whose lease ran out gives its own place up by being claimed anew.
        rows = [row for row in self._slices.find({"$or": branches}, wanted) if row["_id"] != found["_id"]]
        return {
            place: {row[place.slot] for row in rows if place.slot in row and place.group(row) == group}
            for place, group in groups.items()
        }

    def put_back(self, found: Document, limits: SlotLimits) -> SlotKind | None:
        """Let the slice wait for the place that it lacks, and return which; None where a claim is worth it again."""
        lacking = self.free(found, limits)
        for _ in range(_LOOKS):
            if not isinstance(lacking, SlotKind):
                return None
            self._wait_for(found, lacking)
            before, lacking = lacking, self.free(found, limits)
            if lacking is before:
                return before
        return None

    @translated_errors()
    def _wait_for(self, found: Document, place: SlotKind) -> None:
        not_before = self._clock.now() + timedelta(seconds=WAIT_SECONDS)
        query = {
            "domain_id": found["domain_id"],
            "slice_id": found["slice_id"],
            "status": TaskStatus.PENDING.value,
            "held": False,
        }
        self._slices.update_one(query, {"$set": {"waits_for": place.value, "not_before": not_before}})

    @translated_errors()
    def next_waiters(self, found: Document, lacking: SlotKind, limits: SlotLimits) -> list[Document]:
        """Choose who may use what ``found`` was perhaps woken for, and cannot use as it lacks a place of its collector.

        The other way round there is nothing to pass on: slices of one collector go to one endpoint, and all lack it.
        """
        if lacking is not SlotKind.COLLECTOR:
            return []
        taken = self._taken(found, [SlotKind.ENDPOINT]).get(SlotKind.ENDPOINT)
        has_room = taken is not None and len(taken) < limits.of(SlotKind.ENDPOINT)
        return self.wake(found, [SlotKind.ENDPOINT]) if has_room else []

    @translated_errors()
    def wake(self, freed: Document, places: Collection[SlotKind] = tuple(SlotKind)) -> list[Document]:
        """Choose who may try for the places that ``freed`` gave up, the most urgent first; ring for them.

        One for each kind of place: the most urgent of all, then that of the other kinds, as nobody waits for two.

        Returns:
            The chosen as they waited.
        """
        now = self._clock.now()
        change = {"$set": {"not_before": now, "enqueued_at": now}, "$unset": {"waits_for": ""}}
        lines = {place.value: {"waits_for": place.value} | group for place in places if (group := place.group(freed))}
        woken: list[Document] = []
        while lines:
            found = self._slices.find_one_and_update(
                {"$or": list(lines.values())}, change, sort=[("priority", 1), ("created_at", 1)]
            )
            if found is None:
                break
            del lines[found["waits_for"]]
            woken.append(found)
        return woken

    @translated_errors()
    def wake_idle(self, *, limit: int) -> list[Document]:
        """Choose one slice of each group that waits though nothing of the group runs: nobody else would wake it.

        That is so after a cancelation of those who were in line, or after a lost worker.
        """
        woken: list[Document] = []
        for place in SlotKind:
            waiting = self._groups(place, {"waits_for": place.value}, limit)
            if waiting:
                busy = self._groups(place, {"status": TaskStatus.IN_PROGRESS.value}, 0)
                for key in waiting - busy:
                    woken += self.wake(dict(zip(place.keys, key, strict=True)), [place])
        return woken

    def _groups(self, place: SlotKind, match: Document, limit: int) -> set[tuple[str, ...]]:
        stages: list[Document] = [{"$match": match}, {"$group": {"_id": [f"${key}" for key in place.keys]}}]
        rows: Sequence[Document] = list(self._slices.aggregate(stages + ([{"$limit": limit}] if limit else [])))
        return {tuple(row["_id"]) for row in rows}
