"""Garbage collection: deletes resources that full collects no longer see (contract, section 7).

It runs once a whole job task has ended as SUCCESS. If it is interrupted, it may be repeated for the same task: each
state records the task that counted it, so nothing is counted or deleted twice, and the counts are the same. It works in
transactions, under the fence of its claim: a process that has lost the claim counts and deletes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.domain.clock import Clock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.plain import Document
from inventory.ingest.context import IngestContext
from inventory.ingest.task_guard import GuardDecision, TaskGuard
from inventory.manager.deletion.holds import HoldChangedError, hold_id_of
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.removal import ResourceRemover
from inventory.manager.transactions import ClaimLostError, Fence, Transactions

FEATURE: Final = "garbage_collection"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class GarbageCounts:
    """The number of deleted resources, and of those only counted as disconnected."""

    deleted: int = 0
    disconnected: int = 0
    held: int = 0
    """The disconnected resources that are held because too many would have been deleted at once."""
    confirmed: int = 0
    """The disconnected resources that were held before."""


def is_due(context: IngestContext, *, resources_seen: int) -> bool:
    """Return whether a task that ended as SUCCESS with all its slices proves that resources no longer exist.

    Args:
        context: of the task; ``full_collect`` says that the filter sent was empty.
        resources_seen: CloudServices, summed over the slices; types and regions prove nothing (contract, section 7).
    """
    features = context.plugin_metadata.get("supported_features")
    return (
        context.full_collect
        and context.collect_mode is CollectMode.ALL
        and resources_seen > 0
        and isinstance(features, list | tuple)
        and FEATURE in features
    )


def collect_garbage(
    database: Database[Document],
    *,
    context: IngestContext,
    task_started_at: datetime,
    clock: Clock,
    threshold: int = 3,
    grace_seconds: float = 3600.0,
    may_go_on: Callable[[], bool] = lambda: True,
    fence: Fence | None = None,
    session: ClientSession | None = None,
    repeated: bool = False,
) -> GarbageCounts | None:
    """Count what the task did not see, and delete what too many tasks in a row did not see.

    Where that would be more at once than the context's guard lets pass, it is held instead, until somebody decides.

    Call it once after a task for which :func:`is_due`.

    Args:
        context: of the task; domain, collector, secret, job and job task are used.
        task_started_at: when its first slice began.
        threshold: number of misses at which a resource is deleted.
        grace_seconds: resources seen within this time are not counted, s.
        may_go_on: asked before each batch; may stop it anywhere.
        fence: the claim of the garbage collection; None for none.
        session: used for the writes; None: a new one.
        repeated: whether another process may have begun it.

    Returns:
        The counts, the same when repeated for the same task; None if it was stopped.
    """
    now = clock.now()
    transactions = Transactions(database=database, fence=fence)
    garbage = _Garbage(database, context, now, transactions)
    with transactions.session(session):
        try:
            before = min(now - timedelta(seconds=grace_seconds), task_started_at)
            done = garbage.count(before, may_go_on) and garbage.remove(threshold, may_go_on, repeated=repeated)
        except (ClaimLostError, HoldChangedError):
            # Another process has taken over the task, or it has ended and its hold was completed without it.
            done = False
    if not done:
        return None
    counts = garbage.counts()
    if counts.confirmed:
        garbage.guard.confirm(task_started_at)
    return counts


class _Garbage:
    """The steps of one task's garbage collection, over the states of its collector and secret."""

    def __init__(
        self, database: Database[Document], context: IngestContext, now: datetime, transactions: Transactions
    ) -> None:
        self._database = database
        self._states = database["collection_state"]
        self._store = StateStore(database=database)
        self._remover = ResourceRemover(database=database)
        self.guard = TaskGuard(database=database, context=context, now=now)
        self._hold_id = hold_id_of(context.job_task_id)
        self._transactions = transactions
        self._context = context
        self._now = now
        self._pair = {
            "domain_id": context.domain_id,
            "collector_id": context.collector_id,
            "secret_id": context.secret_id,
        }
        self._counted = {**self._pair, "garbage_task_id": context.job_task_id}
        self._not_counted = {**self._pair, "garbage_task_id": {"$ne": context.job_task_id}}

    def count(self, before: datetime, may_go_on: Callable[[], bool]) -> bool:
        """Count a miss for what was last seen before ``before``; False: broken off."""
        task_id = self._context.job_task_id
        unseen = {**self._not_counted, "seen_at": {"$lt": before}, "job_task_id": {"$ne": task_id}}
        steps: list[tuple[Document, Document, Callable[[list[Document], ClientSession], None]]] = [
            # States of resources deleted by earlier tasks are removed.
            ({**self._not_counted, "deleted": True}, {"_id": 1}, self._forget),
            (unseen, {"_id": 1}, partial(self._count, unseen)),
            ({**self._counted, "deleted": {"$ne": True}}, {"cloud_service_id": 1}, self._drop_vanished),
        ]
        for query, fields, step in steps:
            for batch in batched(self._states.find(query, fields), _BATCH):
                if not may_go_on():
                    return False
                self._transactions.run(partial(step, batch))
        return True

    def remove(self, threshold: int, may_go_on: Callable[[], bool], *, repeated: bool) -> bool:
        """Delete, or hold, what has ``threshold`` misses and is not held yet; False: broken off."""
        doomed = {**self._counted, "disconnected_count": {"$gte": threshold}, "deleted": {"$ne": True}, "hold_id": None}
        found = self._states.find(doomed, {"cloud_service_id": 1})
        first = list(islice(found, self._context.deletion_guard.least))
        decision = self.guard.decide(doomed, len(first), self._unseen_by_others, repeated=repeated)
        if decision is GuardDecision.LEAVE:
            return True
        step = self._hold if decision is GuardDecision.HOLD else self._delete
        for batch in batched(chain(first, found), _BATCH):
            if not may_go_on():
                return False
            self._transactions.run(partial(step, batch))
        if decision is GuardDecision.HOLD:
            self.guard.open()
        return True

    def _hold(self, batch: list[Document], session: ClientSession) -> None:
        """Hold the resources of these states, but those that somebody else has seen since."""
        lonely = self._unseen_by_others(batch, session)
        held = {**self._counted, "cloud_service_id": {"$in": lonely}, "hold_id": None}
        marked = self._states.update_many(held, {"$set": {"hold_id": self._hold_id}}, session=session).modified_count
        self.guard.marked(marked, session)

    def _forget(self, batch: list[Document], session: ClientSession) -> None:
        keys = {"_id": {"$in": [state["_id"] for state in batch]}}
        self._states.delete_many({**self._not_counted, **keys, "deleted": True}, session=session)

    def _count(self, unseen: Document, batch: list[Document], session: ClientSession) -> None:
        """Count one miss for those states of ``batch`` that still match ``unseen``."""
        keys = {"_id": {"$in": [state["_id"] for state in batch]}}
        change = {"$inc": {"disconnected_count": 1}, "$set": {"garbage_task_id": self._context.job_task_id}}
        self._states.update_many({**unseen, **keys}, change, session=session)

    def _drop_vanished(self, batch: list[Document], session: ClientSession) -> None:
        """Remove all states of resources that somebody else has deleted: they do not count as disconnected."""
        domain_id = self._context.domain_id
        ids_ = [state["cloud_service_id"] for state in batch]
        alive_or_ours = {
            "domain_id": domain_id,
            "cloud_service_id": {"$in": ids_},
            "$or": [{"state": "ACTIVE"}, {"deleted_by": self._context.job_task_id}],
        }
        found = self._database["cloud_service"].find(alive_or_ours, {"cloud_service_id": 1}, session=session)
        kept = {entry["cloud_service_id"] for entry in found}
        self._store.forget(domain_id, [key for key in ids_ if key not in kept], session)

    def _delete(self, batch: list[Document], session: ClientSession) -> None:
        """Delete the resources of these states, except those that another collector or secret has seen since."""
        context = self._context
        others: list[Document] = []
        lonely = self._unseen_by_others(batch, session, others)
        gone = self._remover.delete(
            lonely,
            domain_id=context.domain_id,
            now=self._now,
            deleted_by=context.job_task_id,
            collector_ids=dict.fromkeys(lonely, context.collector_id),
            session=session,
            job_id=context.job_id,
            # If it is seen while this runs, it is updated, and then not deleted.
            unless_updated_since=self._now,
            # The state of this collector and secret stays; an undo names it.
            states=others,
        )
        if not gone:
            return
        own = {**self._counted, "cloud_service_id": {"$in": gone}}
        self._states.update_many(own, {"$set": {"deleted": True}}, session=session)
        self._states.delete_many(self._elsewhere(gone), session=session)

    def counts(self) -> GarbageCounts:
        """Return the numbers of those that this task has counted, by result."""
        tests = {
            "deleted": {"$eq": ["$deleted", True]},
            "held": {"$eq": ["$hold_id", self._hold_id]},
            "confirmed": {"$not": [{"$in": [{"$ifNull": ["$hold_id", None]}, [None, self._hold_id]]}]},
        }
        sums = {name: {"$sum": {"$cond": [test, 1, 0]}} for name, test in tests.items()}
        group = {"_id": None, "counted": {"$sum": 1}, **sums}
        rows = list(self._states.aggregate([{"$match": self._counted}, {"$group": group}]))
        row = rows[0] if rows else dict.fromkeys(("counted", *tests), 0)
        return GarbageCounts(row["deleted"], row["counted"] - row["deleted"], row["held"], row["confirmed"])

    def _unseen_by_others(
        self, batch: list[Document], session: ClientSession | None, others: list[Document] | None = None
    ) -> list[str]:
        """Return the resources of ``batch`` that nobody else has seen since this collector and secret last did.

        The states that others have of the resources of ``batch`` are added to ``others``.
        """
        asked = {**self._counted, "cloud_service_id": {"$in": [state["cloud_service_id"] for state in batch]}}
        fields = dict.fromkeys(("cloud_service_id", "collector_id", "secret_id", "seen_at", "hold_id"), 1)
        last_seen = {
            row["cloud_service_id"]: row["seen_at"] for row in self._states.find(asked, fields, session=session)
        }
        elsewhere = list(self._states.find(self._elsewhere(list(last_seen)), fields, session=session))
        if others is not None:
            others.extend(elsewhere)
        # What is held elsewhere waits for that answer, too.
        kept = {
            other["cloud_service_id"]
            for other in elsewhere
            if other["seen_at"] > last_seen[other["cloud_service_id"]] or other.get("hold_id")
        }
        return [key for key in last_seen if key not in kept]

    def _elsewhere(self, cloud_service_ids: list[str]) -> Document:
        """Return the query for the states of these resources that belong to another collector or secret."""
        return {
            "domain_id": self._context.domain_id,
            "cloud_service_id": {"$in": cloud_service_ids},
            "$or": [
                {"collector_id": {"$ne": self._context.collector_id}},
                {"secret_id": {"$ne": self._context.secret_id}},
            ],
        }
