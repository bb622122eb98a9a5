"""Ticks: due schedules become jobs, exactly one per fire time, with any number of schedulers, even if some die.

The job of a fire time is inserted first; its unique key prevents a second one. Then the schedule is advanced, provided
that nobody else has advanced or changed it. If a scheduler dies in between, the schedule is still due: the next tick of
any scheduler finds the job and advances the schedule. The job is enqueued last; if that is missed, the sweeper does it.
Schedulers that tick at the same time claim due schedules so that they share the work. Only speed depends on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from inventory.connector.queue_port import JobToPlan, Queue
from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.domain.schedule.due import CollectorState, Decision, Patience, decide, ended, merged
from inventory.domain.schedule.fire_times import FireTimes
from inventory.errors import BadRequestError, ConnectionFailureError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.from_schedules import Fire, FiredJob, ScheduledJobManager
from inventory.manager.schedule.due_batch import DueBatchManager
from inventory.manager.schedule.manager import Advance, ScheduleManager
from inventory.model.documents.schedule import StoredSchedule
from inventory.observe.logs import get_logger
from inventory.service.schedule.stored import read_collector, read_skips, read_times, write_skips

BATCH: Final = 500
"""Number of schedules that are fired together."""
MAX_BATCHES: Final = 200
"""Batches per tick; the rest is left to the next tick."""
SKIPS_KEPT: Final = 100
"""Number of skips stored with a schedule."""

_IDLE_ROUNDS: Final = 3

_log = get_logger(__name__)


@dataclass(slots=True)
class TickReport:
    """What one tick did: jobs created, and schedules skipped, removed, or parked because they cannot be read.

    Attributes:
        left_to_sweeper: jobs that the tick could not enqueue.
    """

    fired: int = 0
    skipped: int = 0
    removed: int = 0
    parked: int = 0
    left_to_sweeper: int = 0


_Collectors = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Decided:
    """A due schedule with its fire times, its collector, and what happens to it."""

    schedule: StoredSchedule
    times: FireTimes
    collector: CollectorState
    decision: Decision

    @property
    def waits_for(self) -> tuple[str, str, datetime]:
        """The key that the job of the fire time it waits for would have."""
        return (self.schedule["domain_id"], self.schedule["schedule_id"], self.schedule["next_fire_at"])


@dataclass(frozen=True, slots=True)
class _Step:
    """The next step of a due schedule: the job of a fire time, if any, and the advance to the next one."""

    fire: Fire | None
    advance: Advance
    times: FireTimes


@dataclass(slots=True)
class _Steps:
    """For due schedules: the next steps, schedules whose collector no longer exists, and unreadable schedules."""

    ready: list[_Step] = field(default_factory=list)
    orphans: list[StoredSchedule] = field(default_factory=list)
    unreadable: list[StoredSchedule] = field(default_factory=list)


class ScheduleTicker:
    """Fires due schedules."""

    def __init__(
        self,
        *,
        schedules: ScheduleManager,
        collectors: CollectorManager,
        jobs: ScheduledJobManager,
        batches: DueBatchManager,
        queue: Queue,
        clock: Clock,
        grace_seconds: float,
        spread_seconds: float = 0.0,
        tick_seconds: float = 1.0,
        observe_lateness: Callable[[float], None] = lambda _seconds: None,
        should_stop: Callable[[], bool] = lambda: False,
        batch: int = BATCH,
    ) -> None:
        """Prepare.

        Args:
            queue: receives the jobs; a tick waits for it, so it should fail within about a second.
            grace_seconds: how late a missed fire time is still caught up, s.
            spread_seconds: the interval over which fire times are spread, s.
            observe_lateness: called, for each new job, with the time from its fire time to now, s.
            should_stop: whether to end after the current batch.
            batch: number of schedules that are fired together.
        """
        self._schedules = schedules
        self._collectors = collectors
        self._jobs = jobs
        self._batches = batches
        self._queue = queue
        self._clock = clock
        self._patience = Patience.of(grace_seconds, tick_seconds)
        self._spread_seconds = spread_seconds
        self._observe_lateness = observe_lateness
        self._should_stop = should_stop
        self._batch = batch

    def tick(self) -> TickReport:
        """Fire everything that is due, oldest and most urgent first.

        Raises:
            ConnectionFailureError: MongoDB is unreachable; the next tick continues.
        """
        report = TickReport()
        if not self.backlog(1):
            return report
        idle = 0
        for _ in range(MAX_BATCHES):
            due = self._schedules.due(self._clock.now(), limit=self._batch, besides=self._batches.of_others())
            if not due:
                break
            others = self._batches.take([str(schedule.get("schedule_id")) for schedule in due])
            taken = self._fire([schedule for schedule in due if schedule.get("schedule_id") not in others], report)
            idle = 0 if taken else idle + 1
            if idle == _IDLE_ROUNDS or self._should_stop():
                break
        self._batches.drop()
        return report

    def backlog(self, limit: int) -> int:
        """Return how many schedules are due, counted up to ``limit``."""
        return self._schedules.count_due(self._clock.now(), limit=limit)

    def _fire(self, schedules: Sequence[StoredSchedule], report: TickReport) -> int:
        """Take the next step of each schedule and return how many were taken here."""
        steps = self._decide(schedules)
        jobs = self._jobs.insert([step.fire for step in steps.ready if step.fire is not None])
        self._report_lateness(jobs)
        confirmed = {job.fire.key for job in jobs}
        advances = [step.advance for step in steps.ready if step.fire is None or step.fire.key in confirmed]
        advances += [Advance(schedule, {"next_fire_at": None}) for schedule in steps.unreadable]
        taken = self._schedules.advance(advances)
        if taken < len(advances):
            self._note_fired(steps.ready, jobs)
        removed = self._schedules.delete_due(steps.orphans)
        self._enqueue(jobs, report)
        report.fired += sum(job.is_new for job in jobs)
        report.skipped += sum(step.fire is None for step in steps.ready)
        report.removed += removed
        report.parked += len(steps.unreadable)
        return taken + removed

    def _decide(self, schedules: Sequence[StoredSchedule]) -> _Steps:
        """Return what happens to each schedule, the most urgent of each fire time first."""
        collectors = self._collectors.states(_collector_keys(schedules))
        now = self._clock.now()
        steps = _Steps()
        found: list[_Decided] = []
        for schedule in schedules:
            try:
                decided = self._decided(schedule, collectors, now)
            except (BadRequestError, OverflowError) as exc:
                # A schedule that somebody broke by hand must not hold up the others.
                steps.unreadable.append(schedule)
                _log.error("schedule_unreadable", schedule_id=schedule.get("schedule_id"), reason=str(exc))
                continue
            if decided is None:
                steps.orphans.append(schedule)
            else:
                found.append(decided)
        steps.ready = sorted(map(_step, self._resumed(found)), key=_urgency)
        return steps

    def _decided(self, schedule: StoredSchedule, collectors: _Collectors, now: datetime) -> _Decided | None:
        """Return what happens to a schedule, or None if its collector does not exist; raises if it cannot be read."""
        times = read_times(schedule, self._spread_seconds)
        stored = collectors.get((schedule["domain_id"], schedule["collector_id"]))
        if stored is None:
            return None
        collector = read_collector(stored)
        due_at = schedule["next_fire_at"]
        decision = decide(times, due_at, now=now, collector=collector, patience=self._patience)
        return _Decided(schedule, times, collector, decision)

    def _resumed(self, found: Sequence[_Decided]) -> Iterator[_Decided]:
        """Yield each decision; if a scheduler died during a step, the remainder of that step instead.

        A fire time that has a job must not be reported as skipped. If nothing is to be skipped, inserting the job finds
        it.
        """
        made = self._jobs.newest_since(each.waits_for for each in found if each.decision.skips)
        for each in found:
            made_at = made.get(each.waits_for[:2])
            if made_at is None:
                yield each
            else:
                yield replace(each, decision=ended(each.times, each.schedule["next_fire_at"], made_at))

    def _note_fired(self, steps: Sequence[_Step], jobs: Sequence[FiredJob]) -> None:
        """Record what fired here although another scheduler took the step, or a client changed the schedule."""
        new = {job.fire.key for job in jobs if job.is_new}
        fires = [(step.advance.schedule, step.fire) for step in steps if step.fire is not None]
        self._schedules.note_fired((schedule, fire.fire_at) for schedule, fire in fires if fire.key in new)

    def _report_lateness(self, jobs: Sequence[FiredJob]) -> None:
        now = self._clock.now()
        for job in jobs:
            if job.is_new:
                self._observe_lateness(max((now - job.fire.fire_at).total_seconds(), 0.0))

    def _enqueue(self, jobs: Sequence[FiredJob], report: TickReport) -> None:
        """Enqueue the jobs that wait to be planned; if the queue is unreachable, the sweeper does it later.

        A tick waits for an unreachable queue once: each further batch would delay the fire times of the next one.
        """
        waiting = [JobToPlan(job.job_id, job.fire.domain_id, job.fire.priority) for job in jobs if job.waits]
        if report.left_to_sweeper:
            report.left_to_sweeper += len(waiting)
            return
        try:
            self._queue.plan_jobs(waiting)
        except ConnectionFailureError as exc:
            report.left_to_sweeper += len(waiting)
            _log.warning("queue_unreachable", jobs=len(waiting), reason=exc.message)


def _collector_keys(schedules: Sequence[StoredSchedule]) -> set[tuple[str, str]]:
    pairs = ((schedule.get("domain_id"), schedule.get("collector_id")) for schedule in schedules)
    return {
        (domain_id, collector_id)
        for domain_id, collector_id in pairs
        if isinstance(domain_id, str) and isinstance(collector_id, str)
    }


def _step(decided: _Decided) -> _Step:
    schedule, decision, priority = decided.schedule, decided.decision, decided.collector.priority
    fields: Document = {"next_fire_at": decision.next_fire_at, "priority": priority}
    if decision.skips:
        last = schedule.get("last_scheduled_at")
        fired_at = last if isinstance(last, datetime) else None
        fields["skips"] = write_skips(merged(read_skips(schedule), fired_at, decision.skips, keep=SKIPS_KEPT))
    if decision.fire_at is None:
        return _Step(None, Advance(schedule, fields), decided.times)
    fields["last_scheduled_at"] = decision.fire_at
    fire = Fire(
        domain_id=schedule["domain_id"],
        schedule_id=schedule["schedule_id"],
        fire_at=decision.fire_at,
        collector_id=schedule["collector_id"],
        priority=priority,
        collect_mode=schedule["collect_mode"],
        filter=schedule.get("filter") or {},
    )
    return _Step(fire, Advance(schedule, fields), decided.times)


def _urgency(step: _Step) -> tuple[datetime, int]:
    """The order of firing: by the collector's priority, of which the schedule has a copy."""
    return step.advance.schedule["next_fire_at"], step.advance.fields["priority"]
