"""Settles holds: closes empty ones, and completes interrupted ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.manager.deletion.holds import HoldChangedError, HoldManager
from inventory.manager.transactions import Transactions
from inventory.model.connection import translated_errors
from inventory.model.documents.deletion import AGE, DISCARDING, DISSOLVED, HELD, PREPARING, StoredDeletion

_BATCH: Final = 500


class HoldSettler:
    """Settles holds of all domains; any number of processes may do it at any time.

    Args:
        release_seen: releases the resources of a HELD hold of kind AGE that were seen or updated since.
    """

    def __init__(
        self, *, database: Database[Document], holds: HoldManager, release_seen: Callable[[StoredDeletion], None]
    ) -> None:
        self._database = database
        self._holds = holds
        self._release_seen = release_seen
        self._states = database["collection_state"]
        self._tasks = database["job_task"]

    @translated_errors()
    def settle(self, now: datetime) -> None:
        """Close empty HELD holds, open PREPARING ones whose preparation was interrupted, and finish DISCARDING ones."""
        for hold in self._holds.unsettled():
            if hold["state"] == PREPARING:
                if not self._is_prepared(hold):
                    self.complete(hold)
            elif hold["state"] == DISCARDING:
                self._holds.reset(hold, now=now)
            else:
                # A collect releases what it sees from holds of its own kind only.
                if hold["kind"] == AGE:
                    self._release_seen(hold)
                if self._holds.is_empty(hold):
                    self._holds.close(hold["domain_id"], hold["deletion_id"], DISSOLVED, of=HELD, now=now)

    def complete(self, hold: StoredDeletion) -> None:
        """Mark the remaining resources of a PREPARING hold, and open it.

        This includes resources that others have seen since; an approval releases them.
        """
        transactions = Transactions(database=self._database)
        with suppress(HoldChangedError):
            while transactions.run(partial(self._mark, hold)):
                pass
        self._holds.open(hold["domain_id"], hold["deletion_id"])

    def _is_prepared(self, hold: StoredDeletion) -> bool:
        """Return whether a task that may add to the hold, or a later one of the same secret, is running."""
        pair = {"domain_id": hold["domain_id"], "collector_id": hold["collector_id"], "secret_id": hold["secret_id"]}
        running = {**pair, "status": TaskStatus.IN_PROGRESS.value}
        return self._tasks.find_one(running, {"_id": 1}) is not None

    def _mark(self, hold: StoredDeletion, session: ClientSession) -> int:
        """Mark, in a transaction, some of the remaining resources of the hold, and return their number."""
        doomed = {
            "domain_id": hold["domain_id"],
            "collector_id": hold["collector_id"],
            "secret_id": hold["secret_id"],
            "garbage_task_id": hold["job_task_id"],
            "disconnected_count": {"$gte": hold["threshold"]},
            "deleted": {"$ne": True},
            "hold_id": None,
        }
        keys = [state["_id"] for state in self._states.find(doomed, {"_id": 1}, session=session).limit(_BATCH)]
        if not keys:
            return 0
        change = {"$set": {"hold_id": hold["deletion_id"]}}
        self._states.update_many({"_id": {"$in": keys}, "domain_id": hold["domain_id"]}, change, session=session)
        self._holds.works(hold["domain_id"], hold["deletion_id"], PREPARING, session, held=len(keys))
        return len(keys)
