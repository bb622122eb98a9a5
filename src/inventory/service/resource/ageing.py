"""Ageing: deletes collected resources that nobody has updated or seen for too long; too many at once are held."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain import ids
from inventory.domain.batches import batched
from inventory.domain.deletion_guard import DeletionGuard
from inventory.manager.deletion.holds import FIELDS, HoldManager, Summary
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.removal import ResourceRemover
from inventory.manager.transactions import Transactions
from inventory.model.connection import Document
from inventory.model.documents.deletion import AGE, DISSOLVED, DONE, HELD, HOUSEKEEPING, StoredDeletion
from inventory.observe.logs import get_logger
from inventory.service.resource.last_seen import SuccessfulRuns, last_seen

_BATCH: Final = 500
_READ: Final = ("cloud_service_id", "collection_info", "updated_at")

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ages:
    """Maximum ages.

    Attributes:
        resource_hours: time without update after which a CloudService is DELETED, a type or region removed, h.
        hours_by_type: the same for single types of CloudServices, by ``provider.group.type``, h.
        retention_days: how long DELETED resources are kept, days.
    """

    resource_hours: float = 48.0
    hours_by_type: Mapping[str, float] = field(default_factory=dict)
    retention_days: float = 90.0


@dataclass(slots=True)
class AgeCounts:
    """The numbers of resources that one run deleted and newly held in one domain."""

    deleted: int = 0
    held: int = 0


class Ageing:
    """Ages resources, type by type.

    Args:
        database: holds the resources.
        ages: maximum ages.
        guard: limits how many resources of a type are deleted at once without confirmation.
    """

    def __init__(self, *, database: Database[Document], ages: Ages, guard: DeletionGuard) -> None:
        self._services = database["cloud_service"]
        self._database = database
        self._ages = ages
        self._guard = guard
        self._remover = ResourceRemover(database=database)
        self._states = StateStore(database=database)
        self._holds = HoldManager(database=database, kept_days=ages.retention_days)

    def run(self, domain_id: str, now: datetime, transactions: Transactions) -> AgeCounts:
        """Delete what is too old in a domain, except types of which too much is too old, or that are held."""
        runs = SuccessfulRuns(self._database, domain_id)
        counts = AgeCounts()
        held = self._holds.of_types(domain_id)
        run = _Run(domain_id, now, ids.new_id("housekeeping"))
        for query, cutoff in self._old(domain_id, now):
            for reference in self._suspicious(query, held):
                counts.held += self._check(run, query, cutoff, reference, held, runs)
            unheld = {"$and": [query, {"ref_cloud_service_type": {"$nin": list(held)}}]} if held else query
            for batch in batched(self._services.find(unheld, dict.fromkeys(_READ, 1)), _BATCH):
                if not counts.deleted and self._doomed(batch, domain_id, cutoff, runs, None):
                    self._begin(run)
                step = partial(self._delete, batch, run, cutoff, runs)
                counts.deleted += transactions.run(step)
        if counts.deleted:
            self._holds.close(domain_id, run.deletion_id, DONE, now=now, deleted=counts.deleted)
        return counts

    def delete_held(self, hold: StoredDeletion, *, now: datetime, should_stop: Callable[[], bool]) -> bool:
        """Delete the resources of an approved hold of kind AGE; False if it was stopped before it was done."""
        domain_id, cutoff = hold["domain_id"], hold["cutoff"]
        runs = SuccessfulRuns(self._database, domain_id)
        run = _Run(domain_id, now, hold["deletion_id"])
        transactions = Transactions(database=self._database)
        query = {**_collected(domain_id, cutoff), "ref_cloud_service_type": hold["ref_cloud_service_type"]}
        for batch in batched(self._services.find(query, dict.fromkeys(_READ, 1)), _BATCH):
            if should_stop():
                return False
            transactions.run(partial(self._delete, batch, run, cutoff, runs))
        return True

    def _begin(self, run: _Run) -> None:
        """Record that a run of housekeeping deletes something, before it does: it may be undone by this id."""
        values = {"domain_id": run.domain_id, "deletion_id": run.deletion_id, "created_at": run.now}
        reason = "not updated for too long, and not seen by later collects"
        self._holds.put({**values, "kind": HOUSEKEEPING, "state": DONE, "reason": reason})

    def _suspicious(self, query: Document, held: Mapping[str, StoredDeletion]) -> list[str]:
        """Return the types to check more closely: those that are held, and those with that many old resources."""
        if not self._guard.percent and not held:
            return []
        group = {"_id": "$ref_cloud_service_type", "count": {"$sum": 1}}
        found = {row["_id"]: row["count"] for row in self._services.aggregate([{"$match": query}, {"$group": group}])}
        return [
            reference
            for reference in sorted({*found, *held} - {None})
            if reference in held or (self._guard.percent and found[reference] >= self._guard.least)
        ]

    def _check(
        self,
        run: _Run,
        query: Document,
        cutoff: datetime,
        reference: str,
        held: dict[str, StoredDeletion],
        runs: SuccessfulRuns,
    ) -> int:
        """Hold a type if it must be, or check one that is held already; return how many more resources are held."""
        other = query.get("ref_cloud_service_type")
        if other is not None and not (
            reference not in other["$nin"] if isinstance(other, dict) else reference == other
        ):
            return 0
        summary = self._summary(query, cutoff, reference, run.domain_id, runs)
        known = held.get(reference)
        if known is not None:
            if known["state"] == HELD and not summary.total:
                self._holds.close(run.domain_id, known["deletion_id"], DISSOLVED, now=run.now)
            elif known["state"] == HELD:
                self._holds.renew(known, missing=summary.total, cutoff=cutoff, now=run.now)
            return 0
        living = {"domain_id": run.domain_id, "ref_cloud_service_type": reference, "state": "ACTIVE"}
        alive = self._services.count_documents(living)
        if not self._guard.holds(summary.total, alive):
            return 0
        held[reference] = self._hold(run, reference, cutoff, summary, alive)
        return summary.total

    def _hold(self, run: _Run, reference: str, cutoff: datetime, summary: Summary, alive: int) -> StoredDeletion:
        hold_id = ids.new_id("hold")
        name = next(iter(summary.types))
        reason = (
            f"{summary.total} of {alive} resources of the type {name} are too old, more than {self._guard.percent:g} %"
        )
        self._holds.put(
            {
                **summary.fields(),
                "domain_id": run.domain_id,
                "deletion_id": hold_id,
                "kind": AGE,
                "state": HELD,
                "reason": reason,
                "ref_cloud_service_type": reference,
                "open_of": reference,
                "cutoff": cutoff,
                "alive": alive,
                "percent": self._guard.percent,
                "created_at": run.now,
            }
        )
        _log.warning("deletion_held", hold_id=hold_id, domain_id=run.domain_id, resources=summary.total, alive=alive)
        return self._holds.get(run.domain_id, hold_id)

    def _summary(
        self, query: Document, cutoff: datetime, reference: str, domain_id: str, runs: SuccessfulRuns
    ) -> Summary:
        """Return the summary of what would be deleted of a type."""
        summary = Summary()
        own = {**query, "ref_cloud_service_type": reference}
        for batch in batched(self._services.find(own, dict.fromkeys((*_READ, *FIELDS), 1)), _BATCH):
            doomed = self._doomed(batch, domain_id, cutoff, runs, None)
            summary.add([entry for entry in batch if entry["cloud_service_id"] in doomed])
        return summary

    def _doomed(
        self,
        batch: Sequence[Document],
        domain_id: str,
        cutoff: datetime,
        runs: SuccessfulRuns,
        session: ClientSession | None,
    ) -> dict[str, str]:
        """Return those of these old resources that nobody will see again, with the collector that saw each last.

        Resources in a hold of kind COLLECT are not among them.
        """
        found = [entry["cloud_service_id"] for entry in batch]
        states = self._states.last_seen(domain_id, found, session)
        seen = {entry["cloud_service_id"]: last_seen(entry, states, runs.exists) for entry in batch}
        doomed = {key: last.collector_id for key, last in seen.items() if last.at < cutoff and runs.outlived(last)}
        held = self._states.held_among(domain_id, list(doomed), session) if doomed else set()
        return {key: collector_id for key, collector_id in doomed.items() if key not in held}

    def _delete(
        self, batch: list[Document], run: _Run, cutoff: datetime, runs: SuccessfulRuns, session: ClientSession
    ) -> int:
        """Delete, in a transaction, those of these old resources that nobody will see again; return their number."""
        doomed = self._doomed(batch, run.domain_id, cutoff, runs, session)
        if not doomed:
            return 0
        gone = self._remover.delete(
            list(doomed),
            domain_id=run.domain_id,
            now=run.now,
            deleted_by=run.deletion_id,
            collector_ids=doomed,
            session=session,
            unless_updated_since=cutoff,
        )
        self._states.forget(run.domain_id, gone, session)
        return len(gone)

    def _old(self, domain_id: str, now: datetime) -> Iterator[tuple[Document, datetime]]:
        """Yield the queries for old resources: one per type with its own age, and one for all others."""
        own = {f"{domain_id}.{key}": hours for key, hours in self._ages.hours_by_type.items()}
        for reference, hours in own.items():
            cutoff = now - timedelta(hours=hours)
            yield {**_collected(domain_id, cutoff), "ref_cloud_service_type": reference}, cutoff
        cutoff = now - timedelta(hours=self._ages.resource_hours)
        others = _collected(domain_id, cutoff)
        if own:
            others["ref_cloud_service_type"] = {"$nin": list(own)}
        yield others, cutoff


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of deletion: its domain, its time, and the id by which it can be undone."""

    domain_id: str
    now: datetime
    deletion_id: str


def _collected(domain_id: str, cutoff: datetime) -> Document:
    """Return the query for collected resources that nobody has updated since ``cutoff``."""
    return {
        "domain_id": domain_id,
        "state": "ACTIVE",
        "collection_info.0": {"$exists": True},
        "updated_at": {"$lt": cutoff},
    }
