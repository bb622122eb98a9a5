"""Slots of running slices: how many may run at a time per collector and per plugin endpoint, and which ones wait.

A running slice occupies one numbered slot of its collector and one of its plugin endpoint. A unique index on each
number keeps the limits exact. A slice that finds no free slot goes back to PENDING and records which of the two it
lacks. It checks for a free slot once more before it gives up, and whoever frees a slot does so before looking for
waiters. One of the two therefore always sees the other, and no thread has to block.

Whoever frees slots wakes one slice per slot. A woken slice that then lacks the other kind of slot waits for that one,
and passes the slot it cannot use to the next waiter.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.clock import Clock
from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.model.connection import translated_errors
from inventory.model.documents.job_task import StoredSlice
from inventory.model.stored import collection_of

WAIT_SECONDS: Final = 30.0
"""How long a slice waits for a slot before the sweeper enqueues it, in case nobody has woken it, s."""

_LOOKS: Final = 4
"""How often a slice may alternate between lacking one slot and the other before the whole claim is tried again."""


class SlotKind(StrEnum):
    """What a slot belongs to, as stored in ``waits_for``."""

    COLLECTOR = "collector"
    ENDPOINT = "endpoint"

    @property
    def slot(self) -> str:
        """The field that stores the slot's number."""
        return f"{self.value}_slot"

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields whose values slices sharing these slots have in common."""
        return ("domain_id", "collector_id") if self is SlotKind.COLLECTOR else ("endpoint",)

    def group(self, found: Mapping[str, Any]) -> Document:
        """Return the query for slices that share slots with ``found``; empty if it needs no slot of this kind."""
        group = {key: found.get(key) for key in self.keys}
        return group if all(group.values()) else {}


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """How many slices may run at a time for one collector and against one plugin endpoint."""

    per_collector: int
    per_endpoint: int

    def of(self, kind: SlotKind) -> int:
        """Return the limit for one kind of slot."""
        return self.per_collector if kind is SlotKind.COLLECTOR else self.per_endpoint


class SliceSlots:
    """Slots, and the slices that wait for them."""

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._slices = collection_of(database, "slice", StoredSlice)
        self._clock = clock

    @translated_errors()
    def free(self, found: StoredSlice, limits: SlotLimits) -> dict[str, int] | SlotKind:
        """Return a free slot of each kind that the slice needs, or the kind that is full."""
        slots = {}
        for kind, taken in self._taken(found, tuple(SlotKind)).items():
            limit = limits.of(kind)
            if len(taken) >= limit:
                return kind
            # Chosen at random so that concurrent claims rarely collide.
            slots[kind.slot] = random.choice([slot for slot in range(limit) if slot not in taken])  # noqa: S311 (no secret)
        return slots

    def _taken(self, found: StoredSlice, kinds: Sequence[SlotKind]) -> dict[SlotKind, set[int]]:
        """Return, per kind in ``kinds`` that the slice needs, the slot numbers that other slices occupy; one query."""
        groups = {kind: group for kind in kinds if (group := kind.group(found))}
        if not groups:
            return {}
        branches = [group | {kind.slot: {"$gte": 0}} for kind, group in groups.items()]
        wanted = dict.fromkeys((name for kind in groups for name in (*kind.keys, kind.slot)), 1)
        # A slice whose lease has expired frees its own slots when it is claimed again.
        rows: list[Any] = [row for row in self._slices.find({"$or": branches}, wanted) if row["_id"] != found["_id"]]
        return {
            kind: {row[kind.slot] for row in rows if kind.slot in row and kind.group(row) == group}
            for kind, group in groups.items()
        }

    def put_back(self, found: StoredSlice, limits: SlotLimits) -> SlotKind | None:
        """Make the slice wait for the slot it lacks, and return its kind; None if another claim is worth trying."""
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
    def _wait_for(self, found: StoredSlice, kind: SlotKind) -> None:
        not_before = self._clock.now() + timedelta(seconds=WAIT_SECONDS)
        query = {
            "domain_id": found["domain_id"],
            "slice_id": found["slice_id"],
            "status": TaskStatus.PENDING.value,
            "held": False,
        }
        self._slices.update_one(query, {"$set": {"waits_for": kind.value, "not_before": not_before}})

    @translated_errors()
    def next_waiters(self, found: StoredSlice, lacking: SlotKind, limits: SlotLimits) -> list[StoredSlice]:
        """Choose the slices that may use an endpoint slot that ``found`` cannot use for lack of a collector slot.

        In the opposite case there is nothing to pass on: all slices of a collector use the same endpoint and lack it as
        well.
        """
        if lacking is not SlotKind.COLLECTOR:
            return []
        taken = self._taken(found, [SlotKind.ENDPOINT]).get(SlotKind.ENDPOINT)
        has_room = taken is not None and len(taken) < limits.of(SlotKind.ENDPOINT)
        return self.wake(found, [SlotKind.ENDPOINT]) if has_room else []

    @translated_errors()
    def wake(self, freed: Mapping[str, Any], kinds: Collection[SlotKind] = tuple(SlotKind)) -> list[StoredSlice]:
        """Choose the slices that may try for the slots that ``freed`` gave up, most urgent first; enqueue them.

        At most one per kind of slot. A slice waits for one kind at a time, so nobody is chosen twice.

        Returns:
            The chosen slices as they were while waiting.
        """
        now = self._clock.now()
        change = {"$set": {"not_before": now, "enqueued_at": now}, "$unset": {"waits_for": ""}}
        lines = {kind.value: {"waits_for": kind.value} | group for kind in kinds if (group := kind.group(freed))}
        woken: list[StoredSlice] = []
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
    def wake_idle(self, *, limit: int) -> list[StoredSlice]:
        """Choose one slice per group that waits although nothing of the group runs, since nobody else would wake it.

        This happens after waiters were canceled, or after a worker was lost.
        """
        woken: list[StoredSlice] = []
        for kind in SlotKind:
            waiting = self._groups(kind, {"waits_for": kind.value}, limit)
            if waiting:
                busy = self._groups(kind, {"status": TaskStatus.IN_PROGRESS.value}, 0)
                for key in waiting - busy:
                    woken += self.wake(dict(zip(kind.keys, key, strict=True)), [kind])
        return woken

    def _groups(self, kind: SlotKind, match: Document, limit: int) -> set[tuple[str, ...]]:
        stages: list[Document] = [{"$match": match}, {"$group": {"_id": [f"${key}" for key in kind.keys]}}]
        rows: list[Any] = list(self._slices.aggregate(stages + ([{"$limit": limit}] if limit else [])))
        return {tuple(row["_id"]) for row in rows}
