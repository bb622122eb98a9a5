"""Applies streamed CloudServices: looks them up, decides, writes and counts."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from bson.objectid import ObjectId

from inventory.connector.ports import ResourceMessage
from inventory.domain.collector.collect_mode import CollectMode
from inventory.errors import InvalidResourceError, InventoryError
from inventory.ingest.decision.decide import Decider, Moment, Plan
from inventory.ingest.decision.match import PLATFORM_ERRORS, match_key
from inventory.ingest.decision.match_values import stored_values
from inventory.ingest.plan_writer import PlanWriter, Round, Written
from inventory.ingest.reading.items import CONTENDED, Item, ItemReader, resolve, rounds
from inventory.ingest.reading.kinds import CLOUD_SERVICE
from inventory.ingest.review import NAMED_KEYS
from inventory.ingest.tally import Tally
from inventory.manager.resource.records import RecordStore
from inventory.manager.resource.store import UNSTORABLE, ResourceStore
from inventory.manager.transactions import Transactions, pauses
from inventory.model.documents.cloud_service import StoredCloudService

_ATTEMPTS: Final = 24
"""The number of times a resource is decided on again because another writer wrote it in between."""
_BRIEF: Final = ("fingerprint", "fingerprint_outdated", "cloud_service_id", *NAMED_KEYS)
"""What is read of a stored resource that may be unchanged."""


class CloudServiceApplier:
    """Applies one stream's batches of CloudServices."""

    def __init__(
        self,
        *,
        store: ResourceStore,
        records: RecordStore,
        writer: PlanWriter,
        transactions: Transactions,
        decider: Decider,
        tally: Tally,
    ) -> None:
        self._store = store
        self._records = records
        self._writer = writer
        self._transactions = transactions
        self._decider = decider
        self._tally = tally
        self._counted: set[str] = set()
        """Resources that this attempt has counted as created; kept only if there was an earlier attempt."""
        self._domain_id = tally.context.domain_id
        self._mode = tally.context.collect_mode
        self._reader = ItemReader(
            CLOUD_SERVICE, store=store, domain_id=self._domain_id, fail=tally.fail, fill=decider.filled
        )

    def apply(self, messages: Sequence[ResourceMessage]) -> None:
        """Store a batch; each resource that cannot be stored fails alone."""
        fingerprints = [self._decider.fingerprint(message) for message in messages]
        for items in rounds(self._reader.read(messages, fingerprints)):
            self._tally.review.services(items)
            pending, waits = items, pauses()
            while pending:
                pending = [item for item in self._round(pending) if self._may_try(item)]
                if any(item.attempts for item in pending):
                    # Many streams change these resources at once. Waiting reduces the contention.
                    time.sleep(next(waits))

    def _may_try(self, item: Item) -> bool:
        if item.attempts < _ATTEMPTS:
            return True
        error = InvalidResourceError(key="resource", reason=CONTENDED)
        self._tally.fail(item.message, error)
        return False

    def _round(self, items: list[Item]) -> list[Item]:
        """Store what can be stored now; return the items to decide on again."""
        now = self._tally.clock.now()
        moment = Moment(now, os.urandom(8), self._tally.observed_at or now)
        found = self._resolve(items)
        known: dict[ObjectId, Item] = {}
        creating: list[Item] = []
        again: list[Item] = []
        for item in found:
            if item.recognized and not self._is_unchanged(item):
                # Another writer has changed it since it was recognized, so the message has to be decoded after all.
                again.extend([item] if self._reader.reread(item) else [])
            elif item.hit is None:
                self._sort_out_unknown(item, creating)
            elif item.hit["_id"] in known:
                again.append(item)
            else:
                known[item.hit["_id"]] = item
        unchanged, changing = self._sort_out_known(known)
        older: list[Item] = []
        plans = self._plan_creations(creating, moment, again)
        plans.extend(self._plan_changes(changing, moment, again, older))
        # Every matched resource counts as seen, in every mode, even if it then failed.
        elsewhere = {*again, *(plan.item for plan in plans)}
        seen = [item.hit["cloud_service_id"] for item in known.values() if item.hit and item not in elsewhere]
        if plans or seen:
            written = self._writer.write(Round(plans, moment, list(unchanged), seen), taken=self._taken)
            again.extend(self._settle(plans, written))
        self._count_unchanged([*unchanged.values(), *older])
        if self._mode is CollectMode.CREATE:
            self._tally.review.kept(list(known.values()))
            for _ in known:
                self._tally.count_other(seen=True)
        return again

    def _resolve(self, items: list[Item]) -> list[Item]:
        """Find the stored resources; those that have certainly changed are read whole, so that they are read once."""
        whole = [item for item in items if self._needs_all(item)]
        brief = [item for item in items if not self._needs_all(item)]
        fine: set[Item] = set()
        for group, fields in ((whole, None), (brief, _BRIEF)):
            fine.update(
                resolve(group, store=self._store, domain_id=self._domain_id, fields=fields, fail=self._tally.fail)
            )
        return [item for item in items if item in fine]

    def _needs_all(self, item: Item) -> bool:
        return item.differs and self._mode is not CollectMode.CREATE

    def _sort_out_unknown(self, item: Item, creating: list[Item]) -> None:
        if self._mode is CollectMode.UPDATE:
            self._tally.count_other(seen=False)
        else:
            creating.append(item)

    def _sort_out_known(self, known: dict[ObjectId, Item]) -> tuple[dict[ObjectId, Item], dict[ObjectId, Item]]:
        """Return the known items that are unchanged, and those that need a decision."""
        if self._mode is CollectMode.CREATE:
            return {}, {}
        unchanged = {key: item for key, item in known.items() if self._is_unchanged(item)}
        return unchanged, {key: item for key, item in known.items() if key not in unchanged}

    def _count_unchanged(self, items: Collection[Item]) -> None:
        self._tally.review.kept(items)
        self._tally.unchanged += len(items)
        self._tally.resources_seen += len(items)
        self._count([(item.hit or {})["cloud_service_id"] for item in items], created=False)

    def _is_unchanged(self, item: Item) -> bool:
        if item.hit is None or item.hit.get("fingerprint_outdated"):
            return False
        stored = item.hit.get("fingerprint")
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
        """Free the match keys that prevented items from being created; return the items that exist by now.

        The owner of a key was created as the same resource. Either it still is (look it up again), or it has changed
        its identity since and must give up the key.
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
        if stale:
            self._transactions.run(lambda session: self._store.release_match_keys(self._domain_id, stale, session))
        return found

    def _taken(self, plans: Sequence[Plan]) -> set[Plan]:
        """Return the creations whose resource exists already, or whose match key another resource has."""
        wanted = {match_key(CLOUD_SERVICE, plan.item.conditions[0]): plan for plan in plans if plan.item.conditions}
        held = self._store.holders(self._domain_id, list(wanted))
        return {wanted[bytes(holder["match_key"])] for holder in held}

    def _plan_changes(
        self, changing: dict[ObjectId, Item], moment: Moment, again: list[Item], older: list[Item]
    ) -> list[Plan]:
        unread = [key for key, item in changing.items() if not self._needs_all(item)]
        stored: Mapping[ObjectId, Any] = self._store.fetch(self._domain_id, unread) if unread else {}
        plans = []
        for key, item in changing.items():
            hit: Any = item.hit
            document: StoredCloudService | None = hit if self._needs_all(item) else stored.get(key)
            if document is None:
                item.attempts += 1
                again.append(item)
            elif self._decider.is_older(document, moment):
                older.append(item)
            elif plan := self._decide(item, document, moment):
                plans.append(plan)
        return plans

    def _decide(self, item: Item, stored: StoredCloudService | None, moment: Moment) -> Plan | None:
        """Return the write for ``item``, or None if it failed."""
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

    def _settle(self, plans: list[Plan], written: Written) -> list[Item]:
        """Count what was written, and return the items to decide on again."""
        lost, refused = set(written.lost), set(written.refused)
        again = []
        for plan in plans:
            if plan in refused:
                self._tally.fail(plan.item.message, InvalidResourceError(key="resource", reason=UNSTORABLE))
            elif plan in lost:
                plan.item.collided = plan.creates
                plan.item.attempts += 1
                again.append(plan.item)
            else:
                self._tally.resources_seen += 1
        done = [plan for plan in plans if plan not in lost and plan not in refused]
        self._tally.counts.changed += sum(plan.record is not None and not plan.creates for plan in done)
        self._tally.review.written([(plan.cloud_service_id, plan.item) for plan in done])
        for creates in (True, False):
            self._count([plan.cloud_service_id for plan in done if plan.creates is creates], created=creates)
        return again

    def _count(self, cloud_service_ids: Sequence[str], *, created: bool) -> None:
        """Count resources as created or updated; those of an earlier attempt at the slice count as created."""
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
