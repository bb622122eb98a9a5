"""Ageing: deletes collected resources that nobody has updated or seen for too long; too many at once are held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain import ids
from inventory.domain.batches import batched
from inventory.domain.deletion_guard import DeletionGuard
from inventory.domain.plain import Document
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.resource.removal import ResourceRemover
from inventory.manager.transactions import Transactions
from inventory.model.documents.deletion import DISCARDING, DONE, HELD, PREPARING
from inventory.service.resource.age_holds import AgeHolds
from inventory.service.resource.aged import READ, AgedResources, old_resources

_BATCH: Final = 500


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
    """Ages resources, type by type."""

    def __init__(self, *, database: Database[Document], ages: Ages, guard: DeletionGuard) -> None:
        self._services = database["cloud_service"]
        self._database = database
        self._ages = ages
        self._guard = guard
        self._remover = ResourceRemover(database=database)
        self._holds = HoldManager(database=database, kept_days=ages.retention_days)
        self._age_holds = AgeHolds(database=database, holds=self._holds, guard=guard)

    def run(self, domain_id: str, now: datetime, transactions: Transactions) -> AgeCounts:
        """Delete what is too old in a domain, except types of which too much is too old, or that are held."""
        aged = AgedResources(database=self._database, domain_id=domain_id)
        run = _Run(domain_id, now, ids.new_id("housekeeping"), aged, transactions)
        held = self._still_held(run)
        counts = AgeCounts()
        for query, cutoff in self._old(domain_id, now):
            for reference in self._suspicious(query, held):
                hold = self._age_holds.hold(
                    {**query, "ref_cloud_service_type": reference}, cutoff, aged, now, transactions
                )
                if hold is not None:
                    held.append(reference)
                    counts.held += hold["held"]
            unheld = {"$and": [query, {"ref_cloud_service_type": {"$nin": held}}]} if held else query
            for batch in batched(self._services.find(unheld, READ), _BATCH):
                if not counts.deleted and aged.among(batch, cutoff):
                    self._holds.begin_housekeeping(domain_id, run.deletion_id, now=now)
                counts.deleted += transactions.run(partial(self._delete, batch, run, cutoff))
        return counts

    def dissolve_holds(self, domain_id: str, now: datetime) -> None:
        """Close the holds of a domain that is excluded from housekeeping by now: nothing ages in it."""
        self._age_holds.dissolve_all(domain_id, now)

    def _still_held(self, run: _Run) -> list[str]:
        """Return the held types, after releasing what was seen or updated since and finishing interrupted discards."""
        held = []
        for reference, hold in self._holds.of_types(run.domain_id).items():
            if hold["state"] == DISCARDING:
                self._age_holds.keep(hold, now=run.now)
                continue
            if hold["state"] == HELD and not self._age_holds.check(hold, run.aged, run.now, run.transactions):
                continue
            if hold["state"] == PREPARING:
                self._age_holds.complete(hold, run.aged, run.transactions)
            held.append(reference)
        return held

    def _suspicious(self, query: Document, held: list[str]) -> list[str]:
        """Return the types with so many old resources that they are checked more closely."""
        if not self._guard.percent:
            return []
        group = {"_id": "$ref_cloud_service_type", "count": {"$sum": 1}}
        found = {row["_id"]: row["count"] for row in self._services.aggregate([{"$match": query}, {"$group": group}])}
        known = sorted({*found} - {None, *held})
        return [reference for reference in known if found[reference] >= self._guard.least]

    def _delete(self, batch: list[Document], run: _Run, cutoff: datetime, session: ClientSession) -> int:
        """Delete, in a transaction, those of these old resources that nobody will see again; return their number."""
        doomed = run.aged.among(batch, cutoff, session)
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
        self._holds.works(run.domain_id, run.deletion_id, DONE, session, deleted_count=len(gone))
        return len(gone)

    def _old(self, domain_id: str, now: datetime) -> Iterator[tuple[Document, datetime]]:
        """Yield the queries for old resources: one per type with its own age, and one for all others."""
        own = {f"{domain_id}.{key}": hours for key, hours in self._ages.hours_by_type.items()}
        for reference, hours in own.items():
            cutoff = now - timedelta(hours=hours)
            yield {**old_resources(domain_id, cutoff), "ref_cloud_service_type": reference}, cutoff
        cutoff = now - timedelta(hours=self._ages.resource_hours)
        others = old_resources(domain_id, cutoff)
        if own:
            others["ref_cloud_service_type"] = {"$nin": list(own)}
        yield others, cutoff


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of housekeeping in one domain, and the id by which what it deletes can be brought back."""

    domain_id: str
    now: datetime
    deletion_id: str
    aged: AgedResources
    transactions: Transactions
