"""Ticks: due schedules become jobs, each fire time exactly once, however many schedulers tick and whichever dies.

The job of a fire time is inserted first (its unique key makes it one), then the schedule is advanced, on the condition
that nobody else has advanced or changed it. Whoever dies in between leaves a schedule that is still due: the next tick,
anywhere, finds the job made, and advances. The bell is rung last; the sweeper makes up for one that was not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from inventory.connector.ports import JobToPlan, Queue
from inventory.domain.clock import Clock
from inventory.domain.due import ON_TIME, CollectorState, Decision, Patience, Skip, SkipReason, decide, merged
from inventory.domain.schedule import FireTimes, ScheduleSpec, spread_of
from inventory.errors import BadRequestError, ConnectionFailureError
from inventory.logs import get_logger
from inventory.manager.collector import ENABLED, CollectorManager
from inventory.manager.schedule import Advance, ScheduleManager
from inventory.manager.scheduled_job import Fire, FiredJob, ScheduledJobManager

Document = dict[str, Any]

BATCH: Final = 500
"""Schedules that are fired together."""
MAX_BATCHES: Final = 200
"""Batches of one tick; what is left is the next tick's."""
SKIPS_KEPT: Final = 100
"""Skips that a schedule remembers."""

_IDLE_ROUNDS: Final = 3
_TICKS_ON_TIME: Final = 3
"""Where ticks are rare, what is less than so many of them late is on time."""
_ASIDE: Final = 8
"""How many batches a scheduler steps aside at most when another works on the first."""

_log = get_logger(__name__)


@dataclass(slots=True)
class TickReport:
    """What one tick did: jobs made, schedules passed over, removed, and parked since nobody can read them."""

    fired: int = 0
    skipped: int = 0
    removed: int = 0
    parked: int = 0


@dataclass(frozen=True, slots=True)
class _Due:
    """A due schedule, its collector, and what becomes of it."""

    schedule: Document
    collector: CollectorState
    decision: Decision

    def fire(self) -> Fire | None:
        """Return what becomes a job, if anything."""
        if self.decision.fire_at is None:
            return None
        schedule = self.schedule
        return Fire(
            domain_id=schedule["domain_id"],
            schedule_id=schedule["schedule_id"],
            fire_at=self.decision.fire_at,
            collector_id=schedule["collector_id"],
            priority=self.collector.priority,
            collect_mode=schedule["collect_mode"],
            filter=schedule.get("filter") or {},
        )

    def advance(self) -> Advance:
        """Return the step to the next fire time."""
        decision = self.decision
        fields: Document = {"next_fire_at": decision.next_fire_at, "priority": self.collector.priority}
        if decision.fire_at is not None:
            fields["last_scheduled_at"] = decision.fire_at
        if decision.skips:
            fields["skips"] = _with_skips(self.schedule, decision.skips)
        return Advance(self.schedule, fields)


class ScheduleTicker:
    """Fires what is due."""

    def __init__(
        self,
        *,
        schedules: ScheduleManager,
        collectors: CollectorManager,
        jobs: ScheduledJobManager,
        queue: Queue,
        clock: Clock,
        grace_seconds: float,
        spread_seconds: float = 0.0,
        tick_seconds: float = 1.0,
        observe_lateness: Callable[[float], None] = lambda _seconds: None,
        should_stop: Callable[[], bool] = lambda: False,
        chance: random.Random | None = None,
        batch: int = BATCH,
    ) -> None:
        """Prepare.

        Args:
            schedules, collectors, jobs, queue, clock: what it works with.
            grace_seconds: how late a missed fire time is still caught up, s.
            spread_seconds: over how long fire times are spread, s.
            tick_seconds: how often it ticks, s.
            observe_lateness: told, for each job made, the time from its fire time to now, s.
            should_stop: whether to end after the batch in hand.
            chance: where to step aside to.
            batch: schedules that are fired together.
        """
        self._schedules = schedules
        self._collectors = collectors
        self._jobs = jobs
        self._queue = queue
        self._clock = clock
        self._patience = Patience(
            grace=timedelta(seconds=grace_seconds),
            on_time=max(ON_TIME, timedelta(seconds=_TICKS_ON_TIME * tick_seconds)),
        )
        self._spread_seconds = spread_seconds
        self._observe_lateness = observe_lateness
        self._should_stop = should_stop
        self._chance = chance or random.Random()  # noqa: S311  nothing secret depends on it
        self._batch = batch

    def tick(self) -> TickReport:
        """Fire all that is due, oldest and most urgent first.

        Raises:
            ConnectionFailureError: MongoDB cannot be reached; the next tick goes on.
        """
        report = TickReport()
        skip = idle = 0
        for _ in range(MAX_BATCHES):
            due = self._schedules.due(self._clock.now(), limit=self._batch, skip=skip)
            if due:
                taken = self._fire(due, report)
                idle = 0 if taken else idle + 1
                if taken * 2 < len(due):
                    # Another scheduler works on the same ones: leave them to it, and go on side by side.
                    skip = self._batch * self._chance.randrange(_ASIDE)
            elif skip:
                skip = 0
            else:
                break
            if idle == _IDLE_ROUNDS or self._should_stop():
                break
        return report

    def backlog(self, limit: int) -> int:
        """Return how many schedules are due, counted up to ``limit``."""
        return self._schedules.count_due(self._clock.now(), limit=limit)

    def _fire(self, schedules: Sequence[Document], report: TickReport) -> int:
        """Do the next step of each schedule and return how many of them were taken here."""
        due, orphans, unreadable = self._decide(schedules)
        fires = [fire for each in due if (fire := each.fire()) is not None]
        jobs = self._jobs.insert(fires)
        self._tell_lateness(jobs)
        confirmed = {job.fire.key for job in jobs}
        steps = [each.advance() for each in due if (fire := each.fire()) is None or fire.key in confirmed]
        steps += [Advance(schedule, {"next_fire_at": None}) for schedule in unreadable]
        taken = self._schedules.advance(steps)
        removed = self._schedules.delete_due(orphans)
        self._ring(jobs)
        report.fired += sum(job.is_new for job in jobs)
        report.skipped += sum(each.decision.fire_at is None for each in due)
        report.removed += removed
        report.parked += len(unreadable)
        return taken + removed

    def _decide(self, schedules: Sequence[Document]) -> tuple[list[_Due], list[Document], list[Document]]:
        """Return what becomes of which schedule, those without a collector, and those that nobody can read."""
        collectors = self._states(schedules)
        now = self._clock.now()
        due: list[_Due] = []
        orphans: list[Document] = []
        unreadable: list[Document] = []
        for schedule in schedules:
            collector = collectors.get((schedule["domain_id"], schedule["collector_id"]))
            if collector is None:
                orphans.append(schedule)
                continue
            try:
                times = self._times(schedule)
            except BadRequestError as exc:
                unreadable.append(schedule)
                _log.error("schedule_unreadable", schedule_id=schedule["schedule_id"], reason=exc.message)
                continue
            decision = decide(times, schedule["next_fire_at"], now=now, collector=collector, patience=self._patience)
            due.append(_Due(schedule, collector, decision))
        return due, orphans, unreadable

    def _times(self, schedule: Document) -> FireTimes:
        shift = spread_of(schedule["schedule_id"], self._spread_seconds)
        return FireTimes(ScheduleSpec.parse(schedule["schedule"]), schedule["anchor_at"], shift)

    def _states(self, schedules: Sequence[Document]) -> Mapping[tuple[str, str], CollectorState]:
        keys = {(schedule["domain_id"], schedule["collector_id"]) for schedule in schedules}
        return {
            key: CollectorState(collector["state"] == ENABLED, collector.get("enabled_at"), collector["priority"])
            for key, collector in self._collectors.states(keys).items()
        }

    def _tell_lateness(self, jobs: Sequence[FiredJob]) -> None:
        now = self._clock.now()
        for job in jobs:
            if job.is_new:
                self._observe_lateness(max((now - job.fire.fire_at).total_seconds(), 0.0))

    def _ring(self, jobs: Sequence[FiredJob]) -> None:
        """Ask workers to plan what waits; where the queue is out of reach, the sweeper rings later."""
        waiting = [JobToPlan(job.job_id, job.fire.domain_id, job.fire.priority) for job in jobs if job.waits]
        try:
            self._queue.plan_jobs(waiting)
        except ConnectionFailureError as exc:
            _log.warning("queue_unreachable", jobs=len(waiting), reason=exc.message)


def _with_skips(schedule: Document, skips: tuple[Skip, ...]) -> list[Document]:
    """Return a schedule's stored skips with new ones."""
    known = [read_skip(entry) for entry in schedule.get("skips") or ()]
    told = merged(known, schedule.get("last_scheduled_at"), skips, keep=SKIPS_KEPT)
    return [{"fire_at": each.first, "last_at": each.last, "reason": each.reason.value} for each in told]


def read_skip(entry: Mapping[str, Any]) -> Skip:
    """Return a skip as it is stored: ``{fire_at, last_at, reason}``."""
    return Skip(entry["fire_at"], entry["last_at"], SkipReason(entry["reason"]))
