"""The guard of one task's garbage collection: whether what it would delete is so much that it is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.ingest.context import IngestContext
from inventory.manager.deletion.holds import FIELDS, HoldManager, Summary, hold_id_of
from inventory.model.connection import Document
from inventory.model.documents.deletion import COLLECT, HELD
from inventory.observe.logs import get_logger

_BATCH: Final = 500

_log = get_logger(__name__)


class TaskGuard:
    """Decides by all that the task would delete, before it deletes anything.

    Args:
        database: where the resources are.
        context: of the task, with its guard.
        now: the time.
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

    def holds(
        self,
        doomed: Document,
        at_least: int,
        unseen_by_others: Callable[[list[Document], None], list[str]],
        *,
        repeated: bool,
    ) -> bool:
        """Return whether what is to be deleted is held instead, and store the hold then.

        Args:
            doomed: finds the states of what is to be deleted; its ``disconnected_count`` is the threshold.
            at_least: how many they are, up to the least that can be held: fewer cost no command.
            unseen_by_others: returns those of some resources that nobody else has seen since.
            repeated: whether another may have begun, and have decided already.
        """
        context, guard = self._context, self._context.deletion_guard
        if repeated and self._holds.exists(context.domain_id, self._hold_id):
            # Whoever began it has decided, by all of them.
            return True
        if not guard.percent or at_least < guard.least:
            return False
        alive, candidates = self._sizes(doomed["disconnected_count"]["$gte"])
        if not guard.holds(candidates, alive):
            return False
        summary = Summary()
        for batch in batched(self._states.find(doomed, {"cloud_service_id": 1}), _BATCH):
            lonely = {"$in": unseen_by_others(batch, None)}
            living = {"domain_id": context.domain_id, "cloud_service_id": lonely, "state": "ACTIVE"}
            summary.add(list(self._database["cloud_service"].find(living, dict.fromkeys(FIELDS, 1))))
        if not guard.holds(summary.total, alive):
            return False
        self._store_hold(summary, alive)
        return True

    def _sizes(self, threshold: int) -> tuple[int, int]:
        """Return how many resources this collector and secret have alive, and how many of them are to be deleted."""
        is_doomed = {
            "$and": [
                {"$eq": ["$garbage_task_id", self._context.job_task_id]},
                {"$gte": ["$disconnected_count", threshold]},
                {"$eq": [{"$type": "$hold_id"}, "missing"]},
            ]
        }
        group = {"_id": None, "alive": {"$sum": 1}, "doomed": {"$sum": {"$cond": [is_doomed, 1, 0]}}}
        living = {**self._pair, "deleted": {"$ne": True}}
        rows = list(self._states.aggregate([{"$match": living}, {"$group": group}]))
        return (rows[0]["alive"], rows[0]["doomed"]) if rows else (0, 0)

    def _store_hold(self, summary: Summary, alive: int) -> None:
        context = self._context
        reason = (
            f"a complete collect no longer saw {summary.total} of {alive} resources, more than "
            f"{context.deletion_guard.percent:g} %"
        )
        self._holds.put(
            {
                **self._pair,
                **summary.fields(),
                "deletion_id": self._hold_id,
                "kind": COLLECT,
                "state": HELD,
                "reason": reason,
                "job_id": context.job_id,
                "job_task_id": context.job_task_id,
                "alive": alive,
                "percent": context.deletion_guard.percent,
                "created_at": self._now,
            }
        )
        _log.warning("deletion_held", hold_id=self._hold_id, resources=summary.total, alive=alive)

    def confirm(self, task_started_at: datetime) -> None:
        """Note that this task has not seen either what was held before."""
        self._holds.confirm(**self._pair, now=self._now, unless_since=task_started_at)
