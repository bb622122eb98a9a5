"""Holds of kind AGE: the resources of one type of which too many are too old at once.

Its resources are marked with it: an approve deletes what it has held from the beginning, and nothing that aged later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain import ids
from inventory.domain.batches import batched
from inventory.domain.deletion_guard import DeletionGuard
from inventory.domain.plain import Document
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.deletion.summary import FIELDS, Summary
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.removal import ResourceRemover
from inventory.manager.transactions import Transactions
from inventory.model.documents.deletion import (
    AGE,
    APPROVING,
    DISCARDED,
    DISCARDING,
    DISSOLVED,
    HELD,
    PREPARING,
    StoredDeletion,
)
from inventory.observe.logs import get_logger
from inventory.service.resource.aged import READ, AgedResources, old_resources

_BATCH: Final = 500

_log = get_logger(__name__)


class AgeHolds:
    """Makes, checks and answers holds of kind AGE."""

    def __init__(self, *, database: Database[Document], holds: HoldManager, guard: DeletionGuard) -> None:
        self._database = database
        self._services = database["cloud_service"]
        self._states = StateStore(database=database)
        self._remover = ResourceRemover(database=database)
        self._holds = holds
        self._guard = guard

    def hold(
        self, old: Document, cutoff: datetime, aged: AgedResources, now: datetime, transactions: Transactions
    ) -> StoredDeletion | None:
        """Hold the resources of a type if too many of them are too old; None: they are not.

        Args:
            old: the query for the old resources of the type.
            cutoff: the time since when nobody has seen them.
            aged: decides which of them nobody will see again.
            transactions: of the process that holds them.
        """
        summary = self._summary(old, cutoff, aged)
        living = {name: old[name] for name in ("domain_id", "ref_cloud_service_type", "state")}
        # What a collect holds counts as lost already.
        alive = self._services.count_documents(living) - self._held_by_collects(living)
        if not self._guard.holds(summary.total, alive):
            return None
        hold = self._prepared(old, cutoff, now, summary, alive)
        self.complete(hold, aged, transactions)
        _log.warning(
            "deletion_held",
            hold_id=hold["deletion_id"],
            domain_id=hold["domain_id"],
            resources=summary.total,
            alive=alive,
        )
        return self._holds.get(hold["domain_id"], hold["deletion_id"])

    def complete(self, hold: StoredDeletion, aged: AgedResources, transactions: Transactions) -> None:
        """Mark what a PREPARING hold has yet to hold, and open it. Raises ``HoldChangedError``."""
        query = {**old_resources(hold["domain_id"], hold["cutoff"]), **_type_of(hold), "hold_id": None}
        for batch in batched(self._services.find(query, READ), _BATCH):
            transactions.run(partial(self._mark, hold, batch, aged))
        self._holds.open(hold["domain_id"], hold["deletion_id"])

    def check(self, hold: StoredDeletion, aged: AgedResources, now: datetime, transactions: Transactions) -> bool:
        """Release what was seen or updated since it was held; return False if the hold holds nothing any more."""
        missing = 0
        for batch in batched(self._services.find(_marked(hold), READ), _BATCH):
            missing += transactions.run(partial(self._release_seen, hold, batch, aged))
        if not missing:
            self._holds.close(hold["domain_id"], hold["deletion_id"], DISSOLVED, of=HELD, now=now)
            return False
        self._holds.renew(hold, missing=missing, now=now)
        return True

    def release_seen(self, hold: StoredDeletion) -> None:
        """Release what was seen or updated since it was held; reads all that a hold contains, and writes only then."""
        aged = AgedResources(database=self._database, domain_id=hold["domain_id"])
        transactions = Transactions(database=self._database)
        for batch in batched(self._services.find(_marked(hold), READ), _BATCH):
            if len(aged.among(batch, hold["cutoff"])) < len(batch):
                transactions.run(partial(self._release_seen, hold, batch, aged))

    def delete(self, hold: StoredDeletion, *, now: datetime, should_stop: Callable[[], bool]) -> bool:
        """Delete the resources of an APPROVING hold that nobody has seen or updated since it was made.

        Returns:
            False if it was stopped before it was done.

        Raises:
            HoldChangedError: the hold is no longer APPROVING.
        """
        aged = AgedResources(database=self._database, domain_id=hold["domain_id"])
        transactions = Transactions(database=self._database)
        while batch := list(self._services.find(_marked(hold), READ).limit(_BATCH)):
            if should_stop():
                return False
            transactions.run(partial(self._delete, hold, batch, aged, now))
        return True

    def keep(self, hold: StoredDeletion, *, now: datetime) -> None:
        """Keep the resources of a DISCARDING hold, and close it; it may be interrupted and repeated.

        They do not age until somebody sees or updates them again.
        """
        self._services.update_many(_marked(hold), {"$set": {"kept_at": now}, "$unset": {"hold_id": ""}})
        self._holds.close(hold["domain_id"], hold["deletion_id"], DISCARDED, of=DISCARDING, now=now)

    def dissolve_all(self, domain_id: str, now: datetime) -> None:
        """Close the holds of a domain in which resources no longer age."""
        for hold in self._holds.of_types(domain_id).values():
            if hold["state"] == DISCARDING:
                self.keep(hold, now=now)
            elif hold["state"] in (PREPARING, HELD):
                self._services.update_many(_marked(hold), {"$unset": {"hold_id": ""}})
                self._holds.close(domain_id, hold["deletion_id"], DISSOLVED, of=hold["state"], now=now)

    def _held_by_collects(self, living: Document) -> int:
        """Return how many of these active resources of a domain are in holds of kind COLLECT."""
        held = self._states.held(living["domain_id"])
        return sum(
            self._services.count_documents({**living, "cloud_service_id": {"$in": batch}})
            for batch in batched(held, _BATCH)
        )

    def _summary(self, old: Document, cutoff: datetime, aged: AgedResources) -> Summary:
        """Return the summary of what would be deleted."""
        summary = Summary()
        for batch in batched(self._services.find(old, READ | dict.fromkeys(FIELDS, 1)), _BATCH):
            doomed = aged.among(batch, cutoff)
            summary.add([entry for entry in batch if entry["cloud_service_id"] in doomed])
        return summary

    def _prepared(self, old: Document, cutoff: datetime, now: datetime, summary: Summary, alive: int) -> StoredDeletion:
        name, percent = next(iter(summary.types)), self._guard.percent
        reason = f"{summary.total} of {alive} resources of the type {name} are too old, more than {percent:g} %"
        return self._holds.prepare(
            {
                **summary.fields(),
                "domain_id": old["domain_id"],
                "deletion_id": ids.new_id("hold"),
                "kind": AGE,
                "reason": reason,
                "ref_cloud_service_type": old["ref_cloud_service_type"],
                "open_of": old["ref_cloud_service_type"],
                "cutoff": cutoff,
                "alive": alive,
                "percent": percent,
                "created_at": now,
            }
        )

    def _mark(
        self, hold: StoredDeletion, batch: Sequence[Document], aged: AgedResources, session: ClientSession
    ) -> None:
        doomed = aged.among(batch, hold["cutoff"], session)
        keys = [entry["_id"] for entry in batch if entry["cloud_service_id"] in doomed]
        old = {**_type_of(hold), "_id": {"$in": keys}, "updated_at": {"$lt": hold["cutoff"]}, "hold_id": None}
        change = {"$set": {"hold_id": hold["deletion_id"]}}
        count = self._services.update_many(old, change, session=session).modified_count
        self._holds.works(hold["domain_id"], hold["deletion_id"], PREPARING, session, held=count, missing=count)

    def _release_seen(
        self, hold: StoredDeletion, batch: Sequence[Document], aged: AgedResources, session: ClientSession
    ) -> int:
        """Release, in a transaction, those of these resources that are no longer too old; return how many still are."""
        doomed = aged.among(batch, hold["cutoff"], session)
        seen = [entry["_id"] for entry in batch if entry["cloud_service_id"] not in doomed]
        self._release(hold, seen, session)
        return len(doomed)

    def _delete(
        self,
        hold: StoredDeletion,
        batch: Sequence[Document],
        aged: AgedResources,
        now: datetime,
        session: ClientSession,
    ) -> None:
        doomed = aged.among(batch, hold["cutoff"], session)
        gone = self._remover.delete(
            list(doomed),
            domain_id=hold["domain_id"],
            now=now,
            deleted_by=hold["deletion_id"],
            collector_ids=doomed,
            session=session,
            unless_updated_since=hold["cutoff"],
            user_id=hold.get("decided_by", ""),
        )
        self._release(hold, [entry["_id"] for entry in batch if entry["cloud_service_id"] not in gone], session)
        self._holds.works(hold["domain_id"], hold["deletion_id"], APPROVING, session, deleted_count=len(gone))

    def _release(self, hold: StoredDeletion, keys: Sequence[object], session: ClientSession) -> None:
        if keys:
            marked = {**_marked(hold), "_id": {"$in": keys}}
            self._services.update_many(marked, {"$unset": {"hold_id": ""}}, session=session)


def _type_of(hold: StoredDeletion) -> Document:
    reference = hold["ref_cloud_service_type"]
    return {"domain_id": hold["domain_id"], "ref_cloud_service_type": reference, "state": "ACTIVE"}


def _marked(hold: StoredDeletion) -> Document:
    return {"domain_id": hold["domain_id"], "hold_id": hold["deletion_id"], "state": "ACTIVE"}
