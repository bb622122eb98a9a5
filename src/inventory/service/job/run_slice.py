"""Running a slice: claim it, collect it, and record the result (docs/design/collect.md)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from pymongo.client_session import ClientSession

from inventory.connector.queue_port import Queue
from inventory.domain.clock import Clock
from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus
from inventory.errors import ConnectionFailureError, InventoryError, RequestTimeoutError, UnknownError
from inventory.manager.job.slice_claim import SliceClaims
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.documents.collector import StoredCollector
from inventory.model.documents.job_task import StoredSlice
from inventory.observe import tracing
from inventory.observe.logs import bind, get_logger, unbind
from inventory.service.job.collect_slice import Assignment, Attempt, SliceCollector, failed
from inventory.service.job.metrics import SLICE_SECONDS, SLICES_LEFT
from inventory.service.job.running import RunningSlice, RunningSlices, StopReason
from inventory.service.job.settle import Settler
from inventory.service.job.start_slice import SliceStarter

T = TypeVar("T")

_PAUSE_SECONDS: Final = 0.25
"""Pause between attempts to write while MongoDB is unreachable, s."""

_log = get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class RunSlice:
    """Runs slices; one object serves all threads of a worker.

    Args:
        patience_seconds: how long writing a slice's end is retried while MongoDB is unreachable, s. After that
            the lease expires and another worker starts the slice again.
    """

    slices: SliceManager
    claims: SliceClaims
    tasks: JobTaskManager
    starter: SliceStarter
    collector: SliceCollector
    running: RunningSlices
    settler: Settler
    queue: Queue
    clock: Clock
    patience_seconds: float

    def run(self, domain_id: str, slice_id: str) -> None:
        """Run the slice if it exists, is due and is unclaimed; else return at once. Safe to call at any time, again.

        Raises:
            ConnectionFailureError: MongoDB is unreachable; the sweeper will enqueue the slice again.
        """
        if self.running.stopping:
            return
        found = self.slices.get(domain_id, slice_id)
        collector = self.starter.collector_of(found) if found else None
        if found is None or collector is None:
            return
        with self.claims.session() as session:
            claim = self.starter.claim(found, collector, session.session_id["id"])
            self._enqueue_each(claim.next_waiters)
            if claim.claimed is not None:
                self._run(claim.claimed, collector, session)

    def _run(self, claimed: StoredSlice, collector: StoredCollector, session: ClientSession) -> None:
        bind(job_id=claimed["job_id"], job_task_id=claimed["job_task_id"], slice_id=claimed["slice_id"])
        try:
            with self.running.tracking(claimed, session) as running:
                if assignment := self.starter.start_task(claimed, collector):
                    attempt = self._attempt(assignment, running)
                    self._persist(partial(self._conclude, assignment, running, attempt))
            self._persist(lambda: self._wake(claimed))
        finally:
            unbind("job_id", "job_task_id", "slice_id")

    def _attempt(self, assignment: Assignment, running: RunningSlice) -> Attempt:
        _log.info("slice_started", number=assignment.slice["number"], attempt=assignment.slice["attempts"])
        try:
            number, attempts = assignment.slice["number"], assignment.slice["attempts"]
            with tracing.span("slice.attempt", number=number, attempt=attempts), SLICE_SECONDS.time():
                return self.collector.attempt(assignment, running)
        except (ConnectionFailureError, RequestTimeoutError) as exc:
            _log.warning("slice_interrupted", error=str(exc))
            return Attempt(outcome=running.progress or Outcome(), failure=exc, passing=True)
        except InventoryError as exc:
            return Attempt(outcome=running.progress or Outcome(), failure=exc)
        except Exception:  # noqa: BLE001 (a slice's outermost frame)
            # An unexpected error is logged and retried; otherwise the slice would be stuck until its lease expires.
            _log.exception("slice_failed_unexpectedly")
            error = UnknownError(transaction_id=assignment.slice["slice_id"])
            return Attempt(outcome=running.progress or Outcome(), failure=error, passing=True)

    def _conclude(self, assignment: Assignment, running: RunningSlice, attempt: Attempt) -> None:
        """Record the result of the claimed slice, unless the claim was lost."""
        claimed = assignment.slice
        if running.stop_reason is StopReason.NOT_OURS and not attempt.complete:
            self._left_behind(claimed, attempt)
        elif running.stop_reason is StopReason.SHUTDOWN and not attempt.complete:
            if self.claims.hand_back(claimed, running.progress):
                _log.info("slice_handed_back")
                SLICES_LEFT.labels(outcome="handed_back").inc()
                self._enqueue([claimed])
            else:
                self._left_behind(claimed, attempt)
        elif attempt.passing:
            self._retry(assignment, attempt)
        elif attempt.slices is not None:
            self._expand(claimed, attempt.slices)
        else:
            self._end(assignment, attempt)

    def _retry(self, assignment: Assignment, attempt: Attempt) -> None:
        claimed = assignment.slice
        retried = self.claims.retry(claimed, failed(attempt))
        if retried is None:
            self._left_behind(claimed, attempt)
        elif retried:
            _log.warning("slice_will_be_retried", error=str(attempt.failure))
            SLICES_LEFT.labels(outcome="retried").inc()
        else:
            self._end(assignment, attempt)

    def _end(self, assignment: Assignment, attempt: Attempt) -> None:
        claimed = assignment.slice
        outcome = failed(attempt)
        status = TaskStatus.FAILURE if outcome.error_count or outcome.failure_count else TaskStatus.SUCCESS
        if not self.claims.finish(claimed, status, outcome):
            self._left_behind(claimed, attempt)
            return
        _log.info("slice_finished", status=status.value, resources=outcome.total_count)
        SLICES_LEFT.labels(outcome=status.value.lower()).inc()
        if claimed["number"] == 0 and claimed["plan_attempt"] == 1:
            # Slice 0 was never claimed before, so no other slices were planned: it is the whole task.
            self.settler.settle_sole(assignment, status, outcome)
        else:
            self.settler.settle_task(claimed["domain_id"], claimed["job_task_id"])

    def _expand(self, claimed: StoredSlice, options: Sequence[Any]) -> None:
        """Release the slices that the plugin returned to slice 0: they stay held until slice 0 has ended with them."""
        domain_id, job_task_id, attempt = claimed["domain_id"], claimed["job_task_id"], claimed["plan_attempt"]
        self.slices.hold(claimed, options)
        if not self.claims.finish(claimed, TaskStatus.SUCCESS, Outcome(), expanded_attempt=attempt):
            first = self.slices.get(domain_id, claimed["slice_id"])
            # Our earlier write may have succeeded without an answer: continue. Otherwise another plan won, or it ended.
            if first is None or first.get("expanded_attempt") != attempt:
                self.slices.drop_held(domain_id, job_task_id, attempt=attempt)
                return
        SLICES_LEFT.labels(outcome="success").inc()
        released = self.slices.release(domain_id, job_task_id, attempt)
        self.tasks.mark_slices_planned(domain_id, job_task_id)
        _log.info("task_sliced", slices=len(released))
        self._enqueue([claimed | {"slice_id": slice_id} for slice_id in released])
        self.settler.settle_task(domain_id, job_task_id)

    def _left_behind(self, claimed: StoredSlice, attempt: Attempt) -> None:
        """Handle a lost claim: a canceled slice still records what it stored; otherwise another worker owns it."""
        if self.claims.count_canceled(claimed, attempt.outcome):
            _log.info("slice_canceled", resources=attempt.outcome.total_count)
            SLICES_LEFT.labels(outcome="canceled").inc()
        else:
            _log.warning("slice_lost")
            SLICES_LEFT.labels(outcome="lost").inc()
        # Also after a write whose answer was lost, so that the task ends without the sweeper.
        self.settler.settle_task(claimed["domain_id"], claimed["job_task_id"])

    def _wake(self, freed: StoredSlice) -> None:
        self._enqueue_each(self.claims.slots.wake(freed))

    def _enqueue_each(self, slices: Sequence[StoredSlice]) -> None:
        # The slices may belong to different domains and have different priorities.
        for one in slices:
            with tracing.detached():
                self._enqueue([one])

    def _enqueue(self, slices: Sequence[StoredSlice]) -> None:
        if not slices:
            return
        try:
            self.queue.run_slices(
                [one["slice_id"] for one in slices],
                domain_id=slices[0]["domain_id"],
                priority=slices[0]["priority"],
            )
        except ConnectionFailureError as exc:
            # The sweeper enqueues them once Redis is reachable again.
            _log.warning("queue_unreachable", error=str(exc))

    def _persist(self, write: Callable[[], T]) -> T:
        """Return the result of ``write``, which must be safe to repeat; retry while MongoDB is unreachable."""
        deadline = self.clock.monotonic() + self.patience_seconds
        while True:
            try:
                return write()
            except ConnectionFailureError as exc:
                if self.clock.monotonic() >= deadline:
                    raise
                _log.warning("write_retried", error=str(exc))
                time.sleep(_PAUSE_SECONDS)
