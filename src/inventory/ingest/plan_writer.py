"""Writes the planned changes of CloudServices: resources, records and collection states, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bson.objectid import ObjectId
from pymongo.client_session import ClientSession

from inventory.domain.clock import day_of
from inventory.ingest.context import IngestContext
from inventory.ingest.decision.decide import Moment, Plan
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.records import RecordKnownError, RecordStore
from inventory.manager.resource.store import RefusedWriteError, ResourceStore
from inventory.manager.transactions import Transactions

_SHRINK: Final = 4
"""How many times fewer plans the next transaction takes after one whose first write was refused, and more after a
success, so that little is sent twice while many writes are refused."""


@dataclass(slots=True)
class Round:
    """The plans and observations that are written together.

    Attributes:
        plans: creations first.
        moment: the time and the stamp of the writes.
        unchanged: ``_id`` of unchanged resources.
        seen: ids of further resources in the stream, including the unchanged ones.
    """

    plans: list[Plan]
    moment: Moment
    unchanged: Sequence[ObjectId] = ()
    seen: Sequence[str] = ()


@dataclass(slots=True)
class Written:
    """The result of writing a round; plans in neither list are done.

    Attributes:
        lost: another writer has changed or created the resource since it was looked up.
        refused: cannot be stored.
    """

    lost: list[Plan] = field(default_factory=list)
    refused: list[Plan] = field(default_factory=list)


class PlanWriter:
    """Writes the rounds of one stream.

    Usually one transaction stores a round. MongoDB aborts it at the first refused write; the rest is then written again
    without that write.

    Args:
        context: the collector and secret that see the resources.
    """

    def __init__(
        self,
        *,
        store: ResourceStore,
        records: RecordStore,
        states: StateStore,
        transactions: Transactions,
        context: IngestContext,
    ) -> None:
        self._store = store
        self._records = records
        self._states = states
        self._transactions = transactions
        self._context = context
        self._replaces_records = False

    def write(self, whole: Round, *, taken: Callable[[Sequence[Plan]], Collection[Plan]]) -> Written:
        """Write a round.

        Args:
            whole: what to write.
            taken: returns the creations whose match key belongs to another resource.

        Raises:
            ClaimLostError: another process has the slice now, or the slice has ended; plans that are not done were not
                written.
        """
        self._touch(whole)
        written = Written()
        pending, size, first = list(whole.plans), max(len(whole.plans), 1), True
        while pending or first:
            part = Round(pending[:size], whole.moment)
            if first:
                part.unchanged, part.seen = whole.unchanged, whole.seen
            try:
                lost = self._transactions.run(lambda session, part=part: self._store_all(part, session))  # type: ignore[misc]
            except RecordKnownError:
                self._replaces_records = True
            except RefusedWriteError as exc:
                size = self._leave_out(exc, part.plans, pending, written, taken)
            else:
                written.lost.extend(lost)
                done = [plan.applied for plan in part.plans if plan.applied and plan not in lost]
                self._store.remember(self._context.domain_id, done)
                pending, size, first = pending[size:], size * _SHRINK, False
        if stored := [plan.cloud_service_id for plan in written.refused if not plan.creates]:
            # Their change cannot be stored, but they were seen.
            self._transactions.run(lambda session: self._see(stored, [], whole.moment, session))
        return written

    def _touch(self, whole: Round) -> None:
        """Note that unchanged resources were seen: times that only grow, so that a late writer changes nothing.

        No index is about them but the day's, so that most notes change no index.
        """
        if not whole.unchanged:
            return
        context, moment = self._context, whole.moment
        self._transactions.check()
        self._store.touch(
            context.domain_id,
            whole.unchanged,
            {
                "$max": {
                    "updated_at": moment.now,
                    "updated_day": day_of(moment.now),
                    "collection_info.$[entry].last_collected_at": moment.observed_at,
                }
            },
            [{"entry.collector_id": context.collector_id, "entry.secret_id": context.secret_id}],
        )

    def _leave_out(
        self,
        refusal: RefusedWriteError,
        part: list[Plan],
        pending: list[Plan],
        written: Written,
        taken: Callable[[Sequence[Plan]], Collection[Plan]],
    ) -> int:
        """Remove the refused plans from ``pending``; return the number of plans in the next transaction."""
        if refusal.position is None and len(part) > 1:
            return 1
        position = refusal.position or 0
        bad = {part[position]}
        if refusal.duplicate:
            bad.update(taken([plan for plan in part if plan.creates]))
        (written.lost if refusal.duplicate else written.refused).extend(bad)
        pending[:] = [plan for plan in pending if plan not in bad]
        return position or max(len(part) // _SHRINK, 1)

    def _store_all(self, part: Round, session: ClientSession) -> list[Plan]:
        """Write a part of a round; return the plans whose resource has changed in between."""
        moment = part.moment
        matched = self._store.write([plan.write for plan in part.plans], session)
        lost = self._lost(part, matched, session)
        done = [plan for plan in part.plans if plan not in lost]
        records = [plan.record for plan in done if plan.record is not None]
        self._records.insert(records, session, replace=self._replaces_records)
        known = [*part.seen, *(plan.cloud_service_id for plan in done if not plan.creates)]
        self._see(known, [plan.cloud_service_id for plan in done if plan.creates], moment, session)
        return list(lost)

    def _see(self, known: Sequence[str], fresh: Sequence[str], moment: Moment, session: ClientSession) -> None:
        self._states.seen(
            known,
            domain_id=self._context.domain_id,
            collector_id=self._context.collector_id,
            secret_id=self._context.secret_id,
            job_task_id=self._context.job_task_id,
            now=moment.now,
            session=session,
            fresh=fresh,
        )

    def _lost(self, part: Round, matched: int, session: ClientSession) -> set[Plan]:
        updates = [plan for plan in part.plans if not plan.creates]
        if matched == len(updates):
            return set()
        keys: list[Any] = [plan.key for plan in updates]
        applied = self._store.stamped(self._context.domain_id, keys, part.moment.stamp, session)
        return {plan for plan in updates if plan.key not in applied}
