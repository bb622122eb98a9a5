"""Deleting the resources of an approved hold of kind COLLECT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.resource.removal import ResourceRemover
from inventory.manager.transactions import Transactions
from inventory.model.connection import translated_errors
from inventory.model.documents.deletion import APPROVING, StoredDeletion

_BATCH: Final = 500


class HeldResources:
    """Deletes held resources."""

    def __init__(self, *, database: Database[Document], holds: HoldManager) -> None:
        self._database = database
        self._services = database["cloud_service"]
        self._states = database["collection_state"]
        self._remover = ResourceRemover(database=database)
        self._holds = holds

    @translated_errors()
    def delete(self, hold: StoredDeletion, *, now: datetime, should_stop: Callable[[], bool]) -> bool:
        """Delete what the hold still holds, batch by batch; a repeated call continues where the last one was
        interrupted.

        Args:
            hold: APPROVING.
            should_stop: asked before each batch.

        Returns:
            False if it was stopped before it was done.

        Raises:
            HoldChangedError: the hold is no longer APPROVING.
        """
        transactions = Transactions(database=self._database)
        while batch := self._still_held(hold):
            if should_stop():
                return False
            transactions.run(partial(self._delete, hold, batch, now))
        return True

    def _still_held(self, hold: StoredDeletion) -> list[str]:
        found = self._states.find(_held(hold), {"cloud_service_id": 1}).limit(_BATCH)
        return [state["cloud_service_id"] for state in found]

    def _delete(self, hold: StoredDeletion, batch: Sequence[str], now: datetime, session: ClientSession) -> None:
        """Delete, in a transaction, the given resources that are still held and that nobody else has seen since."""
        own = {**_held(hold), "cloud_service_id": {"$in": list(batch)}}
        held = {state["cloud_service_id"]: state["seen_at"] for state in self._states.find(own, session=session)}
        elsewhere = {
            "domain_id": hold["domain_id"],
            "cloud_service_id": {"$in": list(held)},
            "hold_id": {"$ne": hold["deletion_id"]},
        }
        seen = {
            state["cloud_service_id"]
            for state in self._states.find(elsewhere, session=session)
            if state["seen_at"] > held[state["cloud_service_id"]] or state.get("hold_id")
        }
        gone = self._remover.delete(
            [key for key in held if key not in seen],
            domain_id=hold["domain_id"],
            now=now,
            deleted_by=hold["deletion_id"],
            collector_ids=dict.fromkeys(held, hold.get("collector_id", "")),
            session=session,
            job_id=hold.get("job_id", ""),
            user_id=hold.get("decided_by", ""),
            approved=True,
        )
        # Seen or deleted by others, so the hold no longer contains them.
        left = {**own, "cloud_service_id": {"$in": [key for key in held if key not in gone]}}
        change = {"$set": {"disconnected_count": 0}, "$unset": {"hold_id": ""}}
        self._states.update_many(left, change, session=session)
        self._holds.works(hold["domain_id"], hold["deletion_id"], APPROVING, session, deleted_count=len(gone))


def _held(hold: StoredDeletion) -> Document:
    return {"domain_id": hold["domain_id"], "hold_id": hold["deletion_id"]}
