"""Applying streamed CloudServices: lookup, decision, records, bulk write, collection state."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from bson.objectid import ObjectId

from inventory.connector.ports import ResourceMessage
from inventory.domain.collector.collect_mode import CollectMode
from inventory.errors import InvalidResourceError, InventoryError
from inventory.ingest.decision.decide import Decider, Moment, Plan
from inventory.ingest.decision.match import PLATFORM_ERRORS, match_key, stored_values
from inventory.ingest.reading.items import CONTENDED, Item, ItemReader, resolve, rounds
from inventory.ingest.reading.kinds import CLOUD_SERVICE
from inventory.ingest.tally import Tally
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.records import RecordStore
from inventory.manager.resource.store import UNSTORABLE, BulkOutcome, ResourceStore

Document = dict[str, Any]

_ATTEMPTS: Final = 6
"""How often a resource is looked at anew because somebody else wrote it in between."""


class CloudServiceApplier:
    """Applies batches of CloudServices of one stream."""

    def __init__(
        self, *, store: ResourceStore, records: RecordStore, states: StateStore, decider: Decider, tally: Tally
    ) -> None:
        self._store = store
        self._records = records
        self._states = states
        self._decider = decider
        self._tally = tally
        self._counted: set[str] = set()
        """Resources that this attempt has counted as created; kept only where there was an earlier one."""
        self._domain_id = tally.context.domain_id
        self._mode = tally.context.collect_mode
        self._reader = ItemReader(
            CLOUD_SERVICE, store=store, domain_id=self._domain_id, fail=tally.fail, fill=decider.filled
        )

    def apply(self, messages: Sequence[ResourceMessage]) -> None:
        """Store a batch; what cannot be stored fails alone."""
        fingerprints = [self._decider.fingerprint(message) for message in messages]
        for items in rounds(self._reader.read(messages, fingerprints)):
            pending = items
            while pending:
                pending = [item for item in self._round(pending) if self._may_try(item)]

    def _may_try(self, item: Item) -> bool:
        if item.attempts < _ATTEMPTS:
            return True
        error = InvalidResourceError(key="resource", reason=CONTENDED)
        self._tally.fail(item.message, error)
        return False

    def _round(self, items: list[Item]) -> list[Item]:
        """Store what can be stored now; return what must be looked at anew."""
        moment = Moment(self._tally.clock.now(), os.urandom(8))
        found = self._resolve(items)
        known: dict[ObjectId, Item] = {}
        creating: list[Item] = []
        again: list[Item] = []
        for item in found:
            if item.recognized and not self._is_unchanged(item):
                # Changed by somebody since it was recognized: now its own words count.
                again.extend([item] if self._reader.reread(item) else [])
            elif item.hit is None:
                self._sort_out_unknown(item, creating)
            elif item.hit["_id"] in known:
                again.append(item)
            else:
                known[item.hit["_id"]] = item
        changing = self._sort_out_known(known, moment.now)
        plans = self._plan_creations(creating, moment, again)
        plans.extend(self._plan_changes(changing, moment, again))
        again.extend(self._write(plans, moment))
        self._note_seen(known.values(), plans, again, moment.now)
        return again

    def _resolve(self, items: list[Item]) -> list[Item]:
        """Find the stored resources; whole those that have surely changed, so that they are read once."""
        whole = [item for item in items if self._needs_all(item)]
        brief = [item for item in items if not self._needs_all(item)]
        fine: set[Item] = set()
        for group, fields in ((whole, None), (brief, ("fingerprint", "cloud_service_id"))):
            fine.update(
                resolve(group, store=self._store, domain_id=self._domain_id, fields=fields, fail=self._tally.fail)
            )
        return [item for item in items if item in fine]

    def _needs_all(self, item: Item) -> bool:
        return item.differs and self._mode is not CollectMode.CREATE

    def _sort_out_unknown(self, item: Item, creating: list[Item]) -> None:
        if self._mode is CollectMode.UPDATE:
            self._tally.pass_over(seen=False)
        else:
            creating.append(item)

    def _sort_out_known(self, known: dict[ObjectId, Item], now: datetime) -> dict[ObjectId, Item]:
        """Deal with what needs no decision and return the rest."""
        if self._mode is CollectMode.CREATE:
            for _ in known:
                self._tally.pass_over(seen=True)
            return {}
        unchanged = [key for key, item in known.items() if self._is_unchanged(item)]
        context = self._tally.context
        self._store.touch(
            self._domain_id,
            unchanged,
            {"$set": {"updated_at": now, "collection_info.$[entry].last_collected_at": now}},
            [{"entry.collector_id": context.collector_id, "entry.secret_id": context.secret_id}],
        )
        self._tally.unchanged += len(unchanged)
        self._count([(known[key].hit or {})["cloud_service_id"] for key in unchanged], created=False)
        self._tally.resources_seen += len(unchanged)
        passed = set(unchanged)
        return {key: item for key, item in known.items() if key not in passed}

    def _is_unchanged(self, item: Item) -> bool:
        stored = item.hit.get("fingerprint") if item.hit else None
        return stored is not None and stored == self._decider.fingerprint(item.message)

    def _plan_creations(self, creating: list[Item], moment: Moment, again: list[Item]) -> list[Plan]:
        collided = [item for item in creating if item.collided and item.conditions]
        found = self._release(collided) if collided else set()
        again.extend(item for item in collided if item in found)
        plans = []
        for item in creating:
            if item not in found and (plan := self._decide(item, None, moment)):
                plans.append(plan)
        return plans

    def _release(self, collided: list[Item]) -> set[Item]:
        """Free the match keys that kept items from being created; return the items that do exist by now.

        The holder of a key was created as the same resource. Either it still is (look again), or it has become
        something else since and must let go of the key.
        """
        wanted = {match_key(CLOUD_SERVICE, item.conditions[0]): item for item in collided}
        found: set[Item] = set()
        stale = []
        for holder in self._store.holders(self._domain_id, list(wanted)):
            item = wanted[bytes(holder["match_key"])]
            condition = item.conditions[0]
            if holder.get("state") == "ACTIVE" and stored_values(holder, condition.paths) == condition.values:
                item.attempts += 1
                found.add(item)
            else:
                stale.append((holder["_id"], holder["match_key"]))
        self._store.release_match_keys(self._domain_id, stale)
        return found

    def _plan_changes(self, changing: dict[ObjectId, Item], moment: Moment, again: list[Item]) -> list[Plan]:
        unread = [key for key, item in changing.items() if not self._needs_all(item)]
        stored = self._store.fetch(self._domain_id, unread) if unread else {}
        plans = []
        for key, item in changing.items():
            document = item.hit if self._needs_all(item) else stored.get(key)
            if document is None:
                item.attempts += 1
                again.append(item)
            elif plan := self._decide(item, document, moment):
                plans.append(plan)
        return plans

    def _decide(self, item: Item, stored: Document | None, moment: Moment) -> Plan | None:
        """Return the write that ``item`` leads to, or None where it failed."""
        try:
            if stored is None:
                return self._decider.create(item, moment)
            return self._decider.update(item, stored, moment)
        except PLATFORM_ERRORS:
            raise
        except InventoryError as exc:
            self._tally.fail(item.message, exc)
        except RecursionError:
            self._tally.fail(item.message, InvalidResourceError(key="data", reason="nests too deeply"))
        return None

    def _write(self, plans: list[Plan], moment: Moment) -> list[Item]:
        """Write the plans, their records first; return what must be tried again."""
        # A record without its write is withdrawn or replaced on replay; a write without its record would be lost.
        self._records.insert([plan.record for plan in plans if plan.record is not None])
        outcome = self._store.write([plan.write for plan in plans])
        lost = self._lost(plans, outcome, moment.stamp)
        told = (plans[position].record for position in lost)
        self._records.withdraw([record["_id"] for record in told if record is not None])
        again = []
        for position, plan in enumerate(plans):
            if position in outcome.refused:
                self._tally.fail(plan.item.message, InvalidResourceError(key="resource", reason=UNSTORABLE))
            elif position in lost:
                plan.item.collided = plan.creates
                plan.item.attempts += 1
                again.append(plan.item)
            else:
                plan.done = True
                self._tally.resources_seen += 1
        for creates in (True, False):
            done = [plan.cloud_service_id for plan in plans if plan.done and plan.creates is creates]
            self._count(done, created=creates)
        return again

    def _count(self, cloud_service_ids: Sequence[str], *, created: bool) -> None:
        """Count resources as created or updated; one that an earlier attempt at the slice created counts as created."""
        counts = self._tally.counts
        earlier: set[str] = set()
        if self._tally.context.resumed and cloud_service_ids:
            if not created:
                unknown = [each for each in cloud_service_ids if each not in self._counted]
                earlier = self._records.created_by(self._decider.writer_id, unknown)
            self._counted.update(cloud_service_ids if created else earlier)
        counts.recreated += len(earlier)
        counts.created += len(cloud_service_ids) if created else len(earlier)
        counts.updated += 0 if created else len(cloud_service_ids) - len(earlier)

    def _lost(self, plans: list[Plan], outcome: BulkOutcome, stamp: bytes) -> set[int]:
        """Return the positions of the plans that did not come about."""
        lost = outcome.duplicates | outcome.refused
        updates = [position for position, plan in enumerate(plans) if not plan.creates and position not in lost]
        if outcome.matched < len(updates):
            applied = self._store.stamped(self._domain_id, [plans[position].key for position in updates], stamp)
            lost = lost | {position for position in updates if plans[position].key not in applied}
        return lost

    def _note_seen(self, known: Iterable[Item], plans: list[Plan], again: list[Item], now: datetime) -> None:
        """Note what this collector and secret saw: all that matched, in every mode, and all that is new."""
        context = self._tally.context
        waiting = set(again)
        self._states.seen(
            [item.hit["cloud_service_id"] for item in known if item.hit and item not in waiting],
            domain_id=self._domain_id,
            collector_id=context.collector_id,
            secret_id=context.secret_id,
            job_task_id=context.job_task_id,
            now=now,
            fresh=[plan.cloud_service_id for plan in plans if plan.creates and plan.done],
        )
