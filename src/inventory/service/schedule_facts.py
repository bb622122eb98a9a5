"""What a schedule did, will do and did not do, and why: from stored facts, for people who ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any, Final

from inventory.domain.clock import Clock, isoformat
from inventory.domain.due import Skip, SkipReason
from inventory.domain.principal import Principal
from inventory.domain.schedule import FireTimes, ScheduleSpec, spread_of
from inventory.manager.collector import ENABLED, CollectorManager
from inventory.manager.schedule import ScheduleManager
from inventory.manager.scheduled_job import ScheduledJobManager
from inventory.service.ticks import read_skip

Document = dict[str, Any]

NEXT_TIMES: Final = 10
LOOK_BACK: Final = timedelta(days=1)

_COUNTED: Final = 100_000
"""So many skipped fire times are counted at most: more than a day has seconds."""


@dataclass(frozen=True, slots=True)
class SkippedTimes:
    """Fire times that made no job, within the time looked back over.

    Attributes:
        first: the first of them.
        last: the last of them.
        reason: why.
        count: how many, or None where the schedule has changed since.
    """

    first: datetime
    last: datetime
    reason: SkipReason
    count: int | None


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """What a list of schedules shows of one.

    Attributes:
        schedule: its document.
        next_fire_at: the fire time it waits for, or None where it cannot fire.
        last_scheduled_at: the last one that made a job, or None.
        last_job: job_id, status and times of the last job, or None.
        collector_enabled: whether its collector collects; else it rests.
    """

    schedule: Document
    next_fire_at: datetime | None
    last_scheduled_at: datetime | None
    last_job: Document | None
    collector_enabled: bool

    def document(self) -> Document:
        """Return it for JSON: times as on the wire, those that never happened empty."""
        return {
            "schedule_id": self.schedule["schedule_id"],
            "name": self.schedule.get("name", ""),
            "schedule": self.schedule["schedule"],
            "collect_mode": self.schedule["collect_mode"],
            "collector_id": self.schedule["collector_id"],
            "collector_enabled": self.collector_enabled,
            "next_fire_at": isoformat(self.next_fire_at),
            "last_scheduled_at": isoformat(self.last_scheduled_at),
            "last_job": {
                key: isoformat(value) if isinstance(value, datetime) else value
                for key, value in (self.last_job or {}).items()
            },
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a schedule fires when it does.

    Attributes:
        facts: as in a list.
        next_times: the next ten fire times; what is due and not yet fired comes first.
        skipped: what was passed over in the last day, oldest first.
    """

    facts: ScheduleFacts
    next_times: list[datetime]
    skipped: list[SkippedTimes]

    def document(self) -> Document:
        """Return it for JSON, as the facts."""
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


class ScheduleFactsService:
    """Reads the facts."""

    def __init__(
        self,
        *,
        schedules: ScheduleManager,
        collectors: CollectorManager,
        jobs: ScheduledJobManager,
        clock: Clock,
        spread_seconds: float = 0.0,
    ) -> None:
        """Prepare.

        Args:
            schedules, collectors, jobs, clock: what it works with.
            spread_seconds: over how long fire times are spread, s.
        """
        self._schedules = schedules
        self._collectors = collectors
        self._jobs = jobs
        self._clock = clock
        self._spread_seconds = spread_seconds

    def of_collector(self, principal: Principal, collector_id: str) -> list[ScheduleFacts]:
        """Return the facts of a collector's schedules, by name. Raises ``NotFoundError``."""
        collector = self._collectors.get(principal.domain_id, collector_id)
        return self._facts(collector, self._schedules.of_collector(principal.domain_id, collector_id))

    def explain(self, principal: Principal, collector_id: str, schedule_id: str) -> Explanation:
        """Return when the collector's schedule fires next, and what it passed over. Raises ``NotFoundError``."""
        schedule = self._schedules.get(principal.domain_id, collector_id, schedule_id)
        collector = self._collectors.get(principal.domain_id, collector_id)
        facts = self._facts(collector, [schedule])[0]
        shift = spread_of(schedule_id, self._spread_seconds)
        times = FireTimes(ScheduleSpec.of(schedule["schedule"]), schedule["anchor_at"], shift)
        next_times: list[datetime] = []
        if facts.next_fire_at is not None:
            next_times = [facts.next_fire_at, *times.next_times(facts.next_fire_at, NEXT_TIMES - 1)]
        since = self._clock.now() - LOOK_BACK
        skips = (read_skip(entry) for entry in schedule.get("skips") or ())
        return Explanation(facts, next_times, [_within(skip, times, since) for skip in skips if skip.last > since])

    def _facts(self, collector: Document, schedules: list[Document]) -> list[ScheduleFacts]:
        last = self._jobs.last_of(collector["domain_id"], [schedule["schedule_id"] for schedule in schedules])
        return [
            ScheduleFacts(
                schedule=schedule,
                next_fire_at=schedule.get("next_fire_at"),
                last_scheduled_at=schedule.get("last_scheduled_at"),
                last_job=last.get(schedule["schedule_id"]),
                collector_enabled=collector["state"] == ENABLED,
            )
            for schedule in schedules
        ]


def _within(skip: Skip, times: FireTimes, since: datetime) -> SkippedTimes:
    """Return the part of a skip later than ``since``."""
    first = skip.first
    if skip.first <= since:
        first = min(times.next_after(since), skip.last)
    if skip.first <= times.anchor:
        return SkippedTimes(first, skip.last, skip.reason, None)
    later = islice(times.after(first), _COUNTED)
    count = 1 + sum(1 for _ in takewhile(lambda moment: moment <= skip.last, later))
    return SkippedTimes(first, skip.last, skip.reason, count)
