"""What a schedule did, will do and skipped, and why, derived from stored facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Final

from inventory.domain.clock import Clock, isoformat
from inventory.domain.plain import Document
from inventory.domain.principal import Principal
from inventory.domain.schedule.due import Decision, Patience, SkippedSpan, SkipReason, merged, outlook, without
from inventory.domain.schedule.fire_times import FireTimes
from inventory.errors import BadRequestError
from inventory.manager.collector.manager import ENABLED, CollectorManager
from inventory.manager.job.from_schedules import ScheduledJobManager
from inventory.manager.schedule.manager import ScheduleManager
from inventory.model.documents.collector import StoredCollector
from inventory.model.documents.schedule import StoredSchedule
from inventory.service.schedule.stored import read_collector, read_skips, times_or_problem

NEXT_TIMES: Final = 10
LOOK_BACK: Final = timedelta(days=1)

_COUNTED: Final = 100_000
"""The maximum number of skipped fire times that are counted; more than the seconds of a day."""


@dataclass(frozen=True, slots=True)
class SkippedTimes:
    """Fire times that created no job, within the examined period.

    Attributes:
        first: the first of them.
        last: the last of them.
        count: their number, or None if the schedule has changed since or cannot be read.
    """

    first: datetime
    last: datetime
    reason: SkipReason
    count: int | None


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """What a list of schedules shows of one schedule.

    Attributes:
        next_fire_at: the fire time it waits for, or None if it cannot fire.
        last_scheduled_at: the last fire time that created a job, or None.
        last_job: job_id, status and times of the last job, or None.
        problem: why it cannot fire, if somebody broke it by hand; else empty.
        times: its fire times, or None if they cannot be read.
    """

    schedule: StoredSchedule
    next_fire_at: datetime | None
    last_scheduled_at: datetime | None
    last_job: Document | None
    collector_enabled: bool
    problem: str = ""
    times: FireTimes | None = None

    def document(self) -> Document:
        """Return it for JSON: times as in the API, empty if they never happened."""
        return {
            "schedule_id": self.schedule["schedule_id"],
            "name": self.schedule.get("name", ""),
            "schedule": self._presentable(),
            "collect_mode": self.schedule.get("collect_mode"),
            "collector_id": self.schedule["collector_id"],
            "collector_enabled": self.collector_enabled,
            "problem": self.problem,
            "next_fire_at": isoformat(self.next_fire_at),
            "last_scheduled_at": isoformat(self.last_scheduled_at),
            "last_job": {
                key: isoformat(value) if isinstance(value, datetime) else value
                for key, value in (self.last_job or {}).items()
            },
        }

    def _presentable(self) -> Document:
        """Return the fire times as stored; if they cannot be read, only the parts that clients can display."""
        if self.times is not None:
            return self.times.spec.document()
        stored = self.schedule.get("schedule")
        cron = stored.get("cron") if isinstance(stored, Mapping) else None
        return {"cron": cron} if isinstance(cron, str) else {}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a schedule fires when it does.

    Attributes:
        facts: as in a list.
        next_times: the next ten fire times, starting with those that are due and have not fired.
        skipped: what was skipped in the last day, and what will be because no scheduler ran, oldest first.
    """

    facts: ScheduleFacts
    next_times: list[datetime]
    skipped: list[SkippedTimes]

    def document(self) -> Document:
        """Return it for JSON, like the facts."""
        skipped = [
            {
                "first": isoformat(each.first),
                "last": isoformat(each.last),
                "reason": each.reason.value,
                "count": each.count,
            }
            for each in self.skipped
        ]
        return self.facts.document() | {"next_times": [isoformat(each) for each in self.next_times], "skipped": skipped}


@dataclass(kw_only=True, eq=False)
class ScheduleFactsService:
    """Reads the facts.

    Args:
        grace_seconds: how late a missed fire time is still caught up, s.
        spread_seconds: the interval over which fire times are spread, s.
        tick_seconds: how often schedulers tick, s.
    """

    schedules: ScheduleManager
    collectors: CollectorManager
    jobs: ScheduledJobManager
    clock: Clock
    grace_seconds: float
    spread_seconds: float = 0.0
    tick_seconds: float = 1.0

    def of_collector(self, principal: Principal, collector_id: str) -> list[ScheduleFacts]:
        """Return the facts of a collector's schedules, by name. Raises ``NotFoundError``."""
        collector = self.collectors.get(principal.domain_id, collector_id)
        return self._facts(collector, self.schedules.of_collector(principal.domain_id, collector_id))

    def of_domain(self, principal: Principal, *, with_last_jobs: bool) -> list[ScheduleFacts]:
        """Return the facts of all schedules of the domain, by name.

        Args:
            with_last_jobs: whether to read the last job of each, with a query per schedule.
        """
        collectors = {each["collector_id"]: each for each in self.collectors.named(principal.domain_id)}
        found = self.schedules.of_collectors(principal.domain_id, collectors)
        schedules = sorted((each for rows in found.values() for each in rows), key=lambda each: each.get("name", ""))
        ids = [each["schedule_id"] for each in schedules] if with_last_jobs else []
        last = self.jobs.last_of(principal.domain_id, ids)
        return [self._fact(collectors[each["collector_id"]], each, last.get(each["schedule_id"])) for each in schedules]

    def explain(self, principal: Principal, collector_id: str, schedule_id: str) -> Explanation:
        """Return when the collector's schedule fires next, and what it skipped. Raises ``NotFoundError``."""
        schedule = self.schedules.get(principal.domain_id, collector_id, schedule_id)
        collector = self.collectors.get(principal.domain_id, collector_id)
        facts = self._facts(collector, [schedule])[0]
        now = self.clock.now()
        next_times: list[datetime] = []
        skips = self._without_fired(schedule, facts.times)
        if facts.next_fire_at is not None and facts.times is not None:
            ahead = self._outlook(facts.times, facts.next_fire_at, facts.last_job, collector, now)
            first = ahead.fire_at or ahead.next_fire_at
            next_times = [first, *facts.times.next_times(max(first, now), NEXT_TIMES - 1)]
            skips = merged(skips, facts.last_scheduled_at, ahead.skips, keep=len(skips) + len(ahead.skips))
        since = now - LOOK_BACK
        skipped = [_within(skip, facts.times, since) for skip in skips if skip.last > since]
        return Explanation(facts, next_times, skipped)

    def _without_fired(self, schedule: StoredSchedule, times: FireTimes | None) -> list[SkippedSpan]:
        """Return the recorded skips without the fire times that have a job after all.

        A scheduler that was frozen between its decision and the job creates the job of a fire time that another one has
        skipped meanwhile. Nothing more is asked of it, since it may die with that write.
        """
        skips = read_skips(schedule)
        if not skips or times is None:
            return skips
        first, last = min(skip.first for skip in skips), max(skip.last for skip in skips)
        for fire_at in self.jobs.fire_times(schedule["domain_id"], schedule["schedule_id"], first, last):
            skips = without(skips, fire_at, times)
        return skips

    def _outlook(
        self, times: FireTimes, due_at: datetime, last_job: Document | None, collector: StoredCollector, now: datetime
    ) -> Decision:
        """Return what will happen to due fire times: they are overdue while no scheduler runs, and most never fire."""
        last_fire_at = _moment((last_job or {}).get("fire_at"))
        if last_fire_at is not None and last_fire_at >= due_at:
            # The scheduler that fired it died before it could advance the schedule.
            due_at = times.next_after(last_fire_at)
        try:
            state = read_collector(collector)
        except BadRequestError:
            return Decision(due_at)
        return outlook(
            times, due_at, now=now, collector=state, patience=Patience.of(self.grace_seconds, self.tick_seconds)
        )

    def _facts(self, collector: StoredCollector, schedules: list[StoredSchedule]) -> list[ScheduleFacts]:
        last = self.jobs.last_of(collector["domain_id"], [schedule["schedule_id"] for schedule in schedules])
        return [self._fact(collector, schedule, last.get(schedule["schedule_id"])) for schedule in schedules]

    def _fact(self, collector: StoredCollector, schedule: StoredSchedule, last_job: Document | None) -> ScheduleFacts:
        times, problem = times_or_problem(schedule, self.spread_seconds)
        return ScheduleFacts(
            schedule=schedule,
            next_fire_at=None if problem else schedule["next_fire_at"],
            last_scheduled_at=_moment(schedule.get("last_scheduled_at")),
            last_job=last_job,
            collector_enabled=collector["state"] == ENABLED,
            problem=problem,
            times=times,
        )


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _within(skip: SkippedSpan, times: FireTimes | None, since: datetime) -> SkippedTimes:
    """Return the part of a skip later than ``since``."""
    first = skip.first
    if times is None:
        return SkippedTimes(max(first, since), skip.last, skip.reason, None)
    if skip.first <= since:
        first = min(times.next_after(since), skip.last)
    if skip.first <= times.anchor:
        return SkippedTimes(first, skip.last, skip.reason, None)
    later = islice(times.after(first), _COUNTED)
    count = 1 + sum(1 for _ in takewhile(lambda moment: moment <= skip.last, later))
    return SkippedTimes(first, skip.last, skip.reason, count)
