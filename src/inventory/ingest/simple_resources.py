"""Applies streamed CloudServiceTypes and Regions: they are few, and have no state, history or project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bson.objectid import ObjectId
from pymongo import InsertOne, UpdateOne

from inventory.connector.ports import ResourceMessage
from inventory.domain import ids
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.plain import Document
from inventory.errors import InvalidResourceError, InventoryError
from inventory.ingest.decision.change import Change
from inventory.ingest.decision.changeset import (
    change_cloud_service_type,
    change_region,
    new_cloud_service_type,
    new_region,
)
from inventory.ingest.decision.decide import CLOCK_SET_BACK
from inventory.ingest.reading.items import CONTENDED, Item, ItemReader, resolve, rounds
from inventory.ingest.reading.kinds import CLOUD_SERVICE_TYPE, REGION, ResourceKind
from inventory.ingest.reading.record import values_of
from inventory.ingest.tally import Tally
from inventory.manager.resource.store import UNSTORABLE, RefusedWriteError, ResourceStore, Write, encodable
from inventory.manager.transactions import Transactions
from inventory.model.documents.cloud_service_type import StoredCloudServiceType
from inventory.model.documents.region import StoredRegion

_ATTEMPTS: Final = 3


class SimpleApplier:
    """Applies batches of one of the two kinds; its writes count neither as created nor as updated."""

    def __init__(self, kind: ResourceKind, *, store: ResourceStore, transactions: Transactions, tally: Tally) -> None:
        self._kind = kind
        self._store = store
        self._transactions = transactions
        self._tally = tally
        self._domain_id = tally.context.domain_id
        self._reader = ItemReader(kind, store=store, domain_id=self._domain_id, fail=tally.fail, fill=self._filled)

    def apply(self, messages: Sequence[ResourceMessage]) -> None:
        """Store a batch; a resource that cannot be stored fails alone."""
        if self._kind is CLOUD_SERVICE_TYPE:
            self._tally.review.types(messages)
        else:
            self._tally.review.regions(messages)
        for items in rounds(self._reader.read(messages)):
            pending = items
            while pending:
                pending = self._round(pending)

    def _round(self, items: list[Item]) -> list[Item]:
        found = resolve(items, store=self._store, domain_id=self._domain_id, fields=None, fail=self._tally.fail)
        held: set[ObjectId] = set()
        again: list[Item] = []
        planned: list[tuple[Item, Write]] = []
        for item in found:
            if item.hit and item.hit["_id"] in held:
                again.append(item)
                continue
            if item.hit:
                held.add(item.hit["_id"])
            try:
                write = self._decide(item)
            except InventoryError as exc:
                self._tally.fail(item.message, exc)
                continue
            if write is None:
                self._tally.count_other(seen=False)
            else:
                planned.append((item, write))
        return [*again, *self._write(planned)]

    def _decide(self, item: Item) -> Write | None:
        """Return the write for ``item``, or None if the mode excludes it."""
        mode = self._tally.context.collect_mode
        values = values_of(self._kind, item.message.resource)
        if item.hit is None and item.collided:
            item.hit = self._by_natural_keys(values)
        if item.hit is None:
            if mode is CollectMode.UPDATE:
                return None
            document = self._new(values) | self._observation(self._tally.clock.now())
            if not encodable(document):
                raise InvalidResourceError(key="resource", reason=UNSTORABLE)
            return InsertOne(document)
        mine = {"_id": item.hit["_id"], "domain_id": self._domain_id}
        if mode is CollectMode.CREATE:
            # Excluded by the mode, but seen: housekeeping must not remove it.
            return UpdateOne(mine, {"$set": {"seen_at": self._tally.clock.now()}})
        context, now = self._tally.context, self._tally.clock.now()
        known = item.hit
        if context.parallel:
            # All that was sent is written: another slice may change the resource between this lookup and the write.
            known = {key: value for key, value in known.items() if values.get(key) in (None, "")}
            mine["$nor"] = [self._newer(now)]
        change = self._change(known, values)
        if not encodable(change.set):
            raise InvalidResourceError(key="resource", reason=UNSTORABLE)
        sets = {**change.set, "updated_at": now, "updated_by": context.collector_id, **self._observation(now)}
        update: Document = {"$set": sets}
        if change.unset:
            update["$unset"] = dict.fromkeys(change.unset, "")
        return UpdateOne(mine, update)

    def _observation(self, now: datetime) -> Document:
        """Return the fields that say what a slice saw, and when, if others of its task may see the same."""
        context = self._tally.context
        if not context.parallel:
            return {}
        return {"observed_at": self._tally.observed_at or now, "observed_with": context.secret_id}

    def _newer(self, now: datetime) -> Document:
        """Return the query for what another slice of the task has seen later, and has written already."""
        context = self._tally.context
        later = {"$gt": self._tally.observed_at or now, "$lte": now + CLOCK_SET_BACK}
        return {"updated_by": context.collector_id, "observed_with": context.secret_id, "observed_at": later}

    def _by_natural_keys(self, values: Mapping[str, Any]) -> Document | None:
        query = {key: values.get(key) for key in self._kind.natural_keys}
        return next(iter(self._store.find(self._domain_id, query)), None)

    def _new(self, values: Mapping[str, Any]) -> StoredCloudServiceType | StoredRegion:
        new_id, now = ids.new_id(self._kind.id_prefix), self._tally.clock.now()
        collector_id = self._tally.context.collector_id
        if self._kind is REGION:
            values = {"name": values.get("region_code"), **values}
            return new_region(values, region_id=new_id, domain_id=self._domain_id, now=now, updated_by=collector_id)
        return new_cloud_service_type(
            values, cloud_service_type_id=new_id, domain_id=self._domain_id, now=now, updated_by=collector_id
        )

    def _filled(self, resource: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values that a match rule may name and that the service fills in, as for a new resource."""
        document = self._new(values_of(self._kind, resource))
        return {key: document.get(key) for key in self._kind.filled_keys}

    def _change(self, stored: Any, values: Mapping[str, Any]) -> Change:
        return change_region(stored, values) if self._kind is REGION else change_cloud_service_type(stored, values)

    def _write(self, planned: list[tuple[Item, Write]]) -> list[Item]:
        """Write, and return the items that collided with ones just created by another writer."""
        pending, again = list(planned), []
        size = len(pending)
        while pending:
            part = [write for _, write in pending[:size]]
            try:
                self._transactions.run(lambda session, part=part: self._store.write(part, session))  # type: ignore[misc]
            except RefusedWriteError as exc:
                if exc.position is None and len(part) > 1:
                    size = 1
                    continue
                position = exc.position or 0
                item, _ = pending.pop(position)
                again.extend(self._refused(item, duplicate=exc.duplicate))
                # The writes before the refused one were made.
                size = position or max(len(part) - 1, 1)
            else:
                for _ in part:
                    self._tally.count_other(seen=False)
                pending = pending[size:]
                size = len(pending)
        return again

    def _refused(self, item: Item, *, duplicate: bool) -> list[Item]:
        """Return the item if it should be looked up again; otherwise let it fail."""
        if duplicate and item.attempts < _ATTEMPTS:
            item.collided = True
            item.attempts += 1
            return [item]
        reason = CONTENDED if duplicate else UNSTORABLE
        self._tally.fail(item.message, InvalidResourceError(key="resource", reason=reason))
        return []
