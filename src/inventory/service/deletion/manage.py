"""Use cases of guarded deletion: list and show holds, approve or discard them, and undo deletions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from inventory.domain.clock import Clock
from inventory.domain.collector.values import optional_text, required_text
from inventory.domain.job.states import JOB_OPEN, JobStatus
from inventory.domain.plain import Document, Params
from inventory.domain.principal import Principal
from inventory.errors import InvalidParameterError, NotFoundError
from inventory.manager.deletion.held import HeldResources
from inventory.manager.deletion.holds import HoldChangedError, HoldManager
from inventory.manager.deletion.restore import Pair, Restorer
from inventory.manager.job.manager import JobManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.connection import translated_errors
from inventory.model.documents.deletion import (
    AGE,
    APPROVED,
    APPROVING,
    COLLECT,
    DISCARDED,
    DISCARDING,
    DISSOLVED,
    HOUSEKEEPING,
    OPEN,
    PREPARING,
    StoredDeletion,
)
from inventory.observe.logs import get_logger
from inventory.service.resource.age_holds import AgeHolds

MAX_PAGE: Final = 1000
_PAGE: Final = 100
_CALL_SECONDS: Final = 15.0
"""The maximum time that one call deletes or restores, s; the next call continues."""
_APPROVED: Final = 100
"""The number of approved holds of a job that its undo names."""
_SHARE: Final = 0.5
"""The maximum share of the caller's remaining time."""

_log = get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class DeletionService:
    """Deletions of the caller's domain."""

    holds: HoldManager
    held: HeldResources
    restorer: Restorer
    age_holds: AgeHolds
    jobs: JobManager
    tasks: JobTaskManager
    clock: Clock

    def list(self, principal: Principal, params: Params) -> tuple[Sequence[StoredDeletion], int]:
        """Return a page of holds and of runs of housekeeping, the newest first, and the total number.

        Args:
            params: optional states and collector_id; page with start, from 1, and limit, at most ``MAX_PAGE``.
        """
        page = params.get("page") or {}
        return self.holds.list(
            principal.domain_id,
            states=params.get("states") or (),
            collector_id=optional_text(params, "collector_id"),
            start=page.get("start") or 1,
            limit=min(page.get("limit") or _PAGE, MAX_PAGE),
        )

    def get(self, principal: Principal, deletion_id: str) -> StoredDeletion:
        """Return the hold, with the current ``missing``. Raises ``NotFoundError``."""
        return self.holds.get(principal.domain_id, deletion_id)

    def approve(self, principal: Principal, deletion_id: str) -> StoredDeletion:
        """Delete the resources of a hold that are still missing.

        If the time of one call is not enough, the hold is APPROVING, and the same call continues. A second call also
        finishes what was interrupted.

        Raises:
            NotFoundError: there is no such hold.
            InvalidParameterError: it is not a hold, or it was decided otherwise.
        """
        hold = self._answer(principal, deletion_id, APPROVING, APPROVED)
        if hold["state"] != APPROVING:
            return hold
        now, should_stop = self.clock.now(), self._limit(principal)
        delete = self.age_holds.delete if hold["kind"] == AGE else self.held.delete
        with suppress(HoldChangedError), translated_errors():
            # Another call may have finished or undone it.
            if delete(hold, now=now, should_stop=should_stop):
                self.holds.close(principal.domain_id, deletion_id, APPROVED, of=APPROVING, now=now)
                _log.info("deletion_approved", hold_id=deletion_id)
        return self.holds.get(principal.domain_id, deletion_id)

    def discard(self, principal: Principal, deletion_id: str) -> StoredDeletion:
        """Keep the held resources.

        Those of a collect count as if they had been seen: they are held again after as many misses. Those that were too
        old do not age until they are seen or updated again.

        Raises: as for ``approve``.
        """
        hold = self._answer(principal, deletion_id, DISCARDING, DISCARDED)
        if hold["state"] == DISCARDING:
            self._release(hold)
        return self.holds.get(principal.domain_id, deletion_id)

    def _release(self, hold: StoredDeletion) -> None:
        """Keep what a DISCARDING hold still holds, and close it."""
        now = self.clock.now()
        if hold["kind"] == COLLECT:
            self.holds.reset(hold, now=now)
        else:
            with translated_errors():
                self.age_holds.keep(hold, now=now)
        _log.info("deletion_discarded", hold_id=hold["deletion_id"])

    def _answer(self, principal: Principal, deletion_id: str, state: str, end: str) -> StoredDeletion:
        """Set a hold to ``state`` and return it; one that has reached ``end`` already is returned unchanged."""
        found = self.holds.get(principal.domain_id, deletion_id)
        if found["kind"] == HOUSEKEEPING:
            raise InvalidParameterError(key="deletion_id", reason="is no hold: it has deleted already; undo it")
        if found["state"] == end:
            return found
        if found["state"] == DISSOLVED:
            # It may be stored as HELD until the scheduler closes it.
            raise InvalidParameterError(key="deletion_id", reason="the hold is DISSOLVED already: it holds nothing")
        answered = self.holds.answer(
            principal.domain_id, deletion_id, state, by=principal.user_id, now=self.clock.now()
        )
        if answered is None:
            state = self.holds.get(principal.domain_id, deletion_id)["state"]
            reason = ": not all that it is to hold is marked yet; try again soon" if state == PREPARING else " already"
            raise InvalidParameterError(key="deletion_id", reason=f"the hold is {state}{reason}")
        return answered

    def undo(self, principal: Principal, params: Params) -> Document:
        """Restore what one job's garbage collection, one approved hold or one run of housekeeping deleted.

        Args:
            params: job_id, or deletion_id.

        Returns:
            restored (by this call), not_restored and living (``Living``, the first hundred; by this call and those that
                it continues), and complete: False if the same call must be repeated to continue. Nothing is restored
                twice. Of a job also approved: holds of it whose approval deleted resources that are not restored;
                approving was a decision of its own, and is undone by the id of the hold.

        Raises:
            NotFoundError: there is no such job or deletion.
            InvalidParameterError: the job still runs, or the hold is not decided. If an approval was interrupted, the
                remaining resources are kept.
        """
        deleted_by = self._of_job(principal, params) if params.get("job_id") else self._of_deletion(principal, params)
        done = self.restorer.restore(
            principal.domain_id,
            params.get("job_id") or params["deletion_id"],
            deleted_by,
            user_id=principal.user_id,
            now=self.clock.now(),
            should_stop=self._limit(principal),
        )
        _log.info("deletion_undone", restored=done.restored, not_restored=done.not_restored, complete=done.complete)
        return asdict(done) | (
            {"approved": self._approved_of(principal, params["job_id"])} if params.get("job_id") else {}
        )

    def _approved_of(self, principal: Principal, job_id: str) -> Sequence[StoredDeletion]:
        found = self.holds.approved_of(principal.domain_id, job_id, _APPROVED)
        return [each for each in found if each["deleted_count"] > each.get("restored_count", 0)]

    def _of_job(self, principal: Principal, params: Params) -> dict[str, Pair | None]:
        if params.get("deletion_id"):
            raise InvalidParameterError(key="deletion_id", reason="job_id and deletion_id exclude each other")
        job_id = required_text(params, "job_id")
        job = self.jobs.find(principal.domain_id, job_id)
        if job is not None and JobStatus(job["status"]) in JOB_OPEN:
            raise InvalidParameterError(key="job_id", reason="the job still runs")
        if tasks := self.tasks.garbage.with_deletions(principal.domain_id, job_id):
            return {task["job_task_id"]: (task["collector_id"], task["secret_id"]) for task in tasks}
        # Jobs are removed earlier than the resources that they deleted.
        removed = self.restorer.tasks_of(principal.domain_id, job_id)
        if job is None and not removed and not self._approved_of(principal, job_id):
            raise NotFoundError(key="job_id", value=job_id)
        return dict.fromkeys(removed)

    def _of_deletion(self, principal: Principal, params: Params) -> dict[str, Pair | None]:
        domain_id, deletion_id = principal.domain_id, required_text(params, "deletion_id")
        found = self.holds.get(domain_id, deletion_id)
        if found["state"] in (APPROVING, DISCARDING):
            # The resources that are not deleted yet are kept.
            found = self._answer_cut_off(principal, found)
        if found["state"] in OPEN:
            raise InvalidParameterError(
                key="deletion_id", reason=f"the hold is {found['state']}: nothing is to undo yet"
            )
        collector_id, secret_id = found.get("collector_id"), found.get("secret_id")
        pair = (collector_id, secret_id or "") if collector_id else None
        return {found["deletion_id"]: pair}

    def _answer_cut_off(self, principal: Principal, found: StoredDeletion) -> StoredDeletion:
        """Discard the rest of a hold whose approval or undo was interrupted, and return the hold."""
        domain_id, deletion_id = found["domain_id"], found["deletion_id"]
        hold = self.holds.answer(
            domain_id, deletion_id, DISCARDING, by=principal.user_id, now=self.clock.now(), of=APPROVING
        )
        if hold is not None:
            self._release(hold)
        return self.holds.get(domain_id, deletion_id)

    def _limit(self, principal: Principal) -> Callable[[], bool]:
        """Return a function that returns whether the time of one call is over."""
        end = self.clock.monotonic() + min(_CALL_SECONDS, principal.remaining_seconds() * _SHARE)
        return lambda: self.clock.monotonic() >= end
