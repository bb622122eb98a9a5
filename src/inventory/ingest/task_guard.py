"""The guard of one task's garbage collection: holds the deletions if there are too many.

A hold is PREPARING while the garbage collection marks resources with it. If that is interrupted, a repetition for the
same task continues it; after the task's end, the next garbage collection of the same collector and secret, or the
scheduler, opens the hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.domain.plain import Document
from inventory.ingest.context import IngestContext
from inventory.manager.deletion.holds import HoldManager, hold_id_of
from inventory.manager.deletion.summary import FIELDS, Summary
from inventory.model.documents.deletion import COLLECT, PREPARING
from inventory.observe.logs import get_logger

_BATCH: Final = 500

_log = get_logger(__name__)


class GuardDecision(Enum):
    """The decision about the resources that a task would delete."""

    DELETE = auto()
    HOLD = auto()
    LEAVE = auto()
    """Do nothing: they were held, and the hold may have been answered since. The next collect decides."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The numbers of active resources of a collector and secret.

    What is held counts as lost already: if it counted as alive, a hold would let the rest pass unguarded.

    Attributes:
        alive: those that are not held.
        held: those that are.
        candidates: those of ``alive`` that are to be deleted, unless others still see them.
    """

    alive: int
    held: int
    candidates: int


class TaskGuard:
    """Decides before anything is deleted, from everything that the task would delete.

    Args:
        database: where the resources are.
        context: of the task, with its guard.
    """

    def __init__(self, *, database: Database[Document], context: IngestContext, now: datetime) -> None:
        self._database = database
        self._states = database["collection_state"]
        self._holds = HoldManager(database=database)
        self._context = context
        self._now = now
        self._hold_id = hold_id_of(context.job_task_id)
        self._pair = {
            "domain_id": context.domain_id,
            "collector_id": context.collector_id,
            "secret_id": context.secret_id,
        }

    def decide(
        self,
        doomed: Document,
        at_least: int,
        unseen_by_others: Callable[[list[Document], None], list[str]],
        *,
        repeated: bool,
    ) -> GuardDecision:
        """Return what to do with what is to be deleted; if it is to be held, the hold is PREPARING.

        Args:
            doomed: finds the states of what is to be deleted; its ``disconnected_count`` is the threshold.
            at_least: how many they are, up to the least that can be held: none cost no command, fewer one.
            unseen_by_others: returns those of some resources that nobody else has seen since.
            repeated: whether another may have begun, and have decided already.
        """
        own = self._holds.find(self._context.domain_id, self._hold_id) if repeated else None
        if own is not None:
            return GuardDecision.HOLD if own["state"] == PREPARING else GuardDecision.LEAVE
        if not at_least:
            return GuardDecision.DELETE
        cut_off = self._holds.prepared_of(**self._pair)
        if cut_off is not None:
            # What it has yet to hold is among what is to be deleted now.
            self._holds.open(self._context.domain_id, cut_off["deletion_id"])
        guard = self._context.deletion_guard
        if cut_off is None and (not guard.percent or at_least < guard.least):
            return GuardDecision.DELETE
        threshold = doomed["disconnected_count"]["$gte"]
        sizes = self._sizes(threshold)
        if cut_off is None and not guard.holds(sizes.candidates, sizes.alive):
            return GuardDecision.DELETE
        summary = self._summary(doomed, unseen_by_others)
        if not summary.total or (cut_off is None and not guard.holds(summary.total, sizes.alive)):
            return GuardDecision.DELETE
        self._prepare(summary, sizes, threshold, cut_off=cut_off is not None)
        return GuardDecision.HOLD

    def _summary(self, doomed: Document, unseen_by_others: Callable[[list[Document], None], list[str]]) -> Summary:
        summary = Summary()
        for batch in batched(self._states.find(doomed, {"cloud_service_id": 1}), _BATCH):
            lonely = {"$in": unseen_by_others(batch, None)}
            living = {"domain_id": self._context.domain_id, "cloud_service_id": lonely, "state": "ACTIVE"}
            summary.add(list(self._database["cloud_service"].find(living, dict.fromkeys(FIELDS, 1))))
        return summary

    def marked(self, count: int, session: ClientSession) -> None:
        """Count resources that were marked in this transaction. Raises ``HoldChangedError``."""
        self._holds.works(self._context.domain_id, self._hold_id, PREPARING, session, held=count)

    def open(self) -> None:
        """Open the hold for an answer: all its resources are marked."""
        self._holds.open(self._context.domain_id, self._hold_id)

    def _sizes(self, threshold: int) -> _Sizes:
        is_held = {"$ne": [{"$type": "$hold_id"}, "missing"]}
        is_candidate = {
            "$and": [
                {"$eq": ["$garbage_task_id", self._context.job_task_id]},
                {"$gte": ["$disconnected_count", threshold]},
                {"$not": [is_held]},
            ]
        }
        tests = {"held": is_held, "candidates": is_candidate}
        sums = {name: {"$sum": {"$cond": [test, 1, 0]}} for name, test in tests.items()}
        group = {"_id": None, "all": {"$sum": 1}, **sums}
        living = {**self._pair, "deleted": {"$ne": True}}
        for row in self._states.aggregate([{"$match": living}, {"$group": group}]):
            return _Sizes(row["all"] - row["held"], row["held"], row["candidates"])
        return _Sizes(0, 0, 0)

    def _prepare(self, summary: Summary, sizes: _Sizes, threshold: int, *, cut_off: bool) -> None:
        context = self._context
        why = f"more than {context.deletion_guard.percent:g} %"
        if cut_off:
            why = "and one before it was cut off while it held what it missed"
        others = f" ({sizes.held} more are held already)" if sizes.held else ""
        reason = f"a complete collect no longer saw {summary.total} of {sizes.alive} resources{others}, {why}"
        self._holds.prepare(
            {
                **self._pair,
                **summary.fields(),
                "deletion_id": self._hold_id,
                "kind": COLLECT,
                "threshold": threshold,
                "reason": reason,
                "job_id": context.job_id,
                "job_task_id": context.job_task_id,
                "alive": sizes.alive,
                "percent": context.deletion_guard.percent,
                "created_at": self._now,
            }
        )
        if not context.rehearsed:
            _log.warning("deletion_held", hold_id=self._hold_id, resources=summary.total, alive=sizes.alive)

    def confirm(self, task_started_at: datetime) -> None:
        """Record that this task, too, has not seen the resources held before."""
        self._holds.confirm(**self._pair, now=self._now, unless_since=task_started_at)
