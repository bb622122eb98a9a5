"""What the ingest reads and writes, built once for all streams."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Self

from pymongo.database import Database

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.ingest.reading.kinds import KINDS, ResourceKind
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.resource.records import RecordStore
from inventory.manager.resource.store import ResourceStore


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStores:
    """The stores of all streams of a process; each is safe to use from any thread.

    Attributes:
        resources: the stores of resources by resource type.
    """

    database: Database[Document]
    resources: Mapping[str, ResourceStore]
    records: RecordStore
    caches: FilterCacheStore
    tasks: JobTaskManager
    rules: CollectorRuleManager

    @classmethod
    def of(
        cls,
        database: Database[Document],
        clock: Clock,
        *,
        tasks: JobTaskManager | None = None,
        store_of: Callable[[ResourceKind], ResourceStore] | None = None,
    ) -> Self:
        """Return the stores of ``database``.

        Args:
            tasks: the job tasks; None: those of ``database``.
            store_of: creates the store of a kind of resources; None: that of its collection in ``database``.
        """
        made = store_of or (lambda kind: plain_store(database, kind))
        return cls(
            database=database,
            resources={kind.resource_type: made(kind) for kind in KINDS.values()},
            records=RecordStore(database=database),
            caches=FilterCacheStore(database=database),
            tasks=tasks
            or JobTaskManager(database=database, slices=SliceManager(database=database, clock=clock), clock=clock),
            rules=CollectorRuleManager(database=database),
        )

    def states(self) -> StateStore:
        """Return a store of the collection state, for one thread."""
        return StateStore(database=self.database)

    def stored(self, domain_id: str, kind: ResourceKind, keys: Collection[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """Return which resources of a kind are stored, by the values of its natural keys."""
        names = kind.natural_keys
        query = {"$or": [dict(zip(names, key, strict=True)) for key in keys]}
        found = self.resources[kind.resource_type].find(domain_id, query, fields=names)
        return {tuple(str(each.get(name)) for name in names) for each in found}


def plain_store(database: Database[Document], kind: ResourceKind) -> ResourceStore:
    """Return the store of a kind of resources in its collection in ``database``."""
    return ResourceStore(database=database, collection=kind.collection, id_field=kind.id_field, stateful=kind.stateful)
