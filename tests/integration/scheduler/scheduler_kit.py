"""What the scheduler's tests share: replicas over a real mongod, a clock that is moved by hand, and sudden death."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from inventory.connector.queue_port import JobToPlan
from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.principal import Principal
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.from_schedules import Fire, FiredJob, ScheduledJobManager
from inventory.manager.reader import Reader
from inventory.manager.schedule.due_batch import HELD_SECONDS, DueBatchManager
from inventory.manager.schedule.manager import Advance, ScheduleManager
from inventory.model.documents.collector import Collector
from inventory.model.new_document import new_document
from inventory.query.schemas import COLLECTOR, SCHEDULE
from inventory.service.job.manage import CollectorReferences
from inventory.service.schedule.facts import ScheduleFactsService, SkippedTimes
from inventory.service.schedule.manage import ScheduleService
from inventory.service.schedule.ticks import ScheduleTicker
from tests.manual_clock import ManualClock

ME = Principal(domain_id="domain-1")
OTHER = Principal(domain_id="domain-2")

Document = dict[str, Any]


class Killed(BaseException):
    """A replica dies here: nothing in it may catch this."""


class Fate:
    """Decides, step by step, whether a replica dies."""

    def __init__(self, chance: random.Random, probability: float) -> None:
        self._chance = chance
        self._probability = probability
        self.deaths: list[str] = []

    def step(self, name: str) -> None:
        """Die here, perhaps."""
        if self._chance.random() < self._probability:
            self.deaths.append(name)
            raise Killed(name)

    def cut(self, size: int) -> int:
        """Return how much of a bulk write is done before death."""
        return self._chance.randrange(size + 1)


class MortalSchedules:
    """Schedules of a replica that may die before, within and after every step."""

    def __init__(self, schedules: ScheduleManager, fate: Fate) -> None:
        self._schedules = schedules
        self._fate = fate

    def due(self, now: datetime, *, limit: int, besides: Iterable[str] = ()) -> list[Document]:
        found = self._schedules.due(now, limit=limit, besides=besides)
        self._fate.step("found")
        return found

    def count_due(self, now: datetime, *, limit: int) -> int:
        return self._schedules.count_due(now, limit=limit)

    def advance(self, steps: Sequence[Advance]) -> int:
        try:
            self._fate.step("in advance")
        except Killed:
            self._schedules.advance(steps[: self._fate.cut(len(steps))])
            raise
        taken = self._schedules.advance(steps)
        self._fate.step("advanced")
        return taken

    def note_fired(self, fired: Iterable[tuple[Mapping[str, Any], datetime]]) -> None:
        self._schedules.note_fired(fired)

    def delete_due(self, schedules: Sequence[Mapping[str, Any]]) -> int:
        return self._schedules.delete_due(schedules)


class MortalJobs:
    """Jobs of a replica that may die."""

    def __init__(self, jobs: ScheduledJobManager, fate: Fate) -> None:
        self._jobs = jobs
        self._fate = fate

    def insert(self, fires: Sequence[Fire]) -> list[FiredJob]:
        try:
            self._fate.step("in insert")
        except Killed:
            self._jobs.insert(fires[: self._fate.cut(len(fires))])
            raise
        made = self._jobs.insert(fires)
        self._fate.step("inserted")
        return made

    def newest_since(self, due: Iterable[tuple[str, str, datetime]]) -> dict[tuple[str, str], datetime]:
        return self._jobs.newest_since(due)


@dataclass
class RecordingQueue:
    """A queue that notes what it is asked to plan; ``failure`` is what it fails with, ``fate`` may kill."""

    enqueued: list[str] = field(default_factory=list)
    priorities: list[int] = field(default_factory=list)
    failure: Exception | None = None
    fate: Fate | None = None

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        if self.failure is not None:
            raise self.failure
        if self.fate is not None:
            self.fate.step("ringing")
        self.enqueued.append(job_id)
        self.priorities.append(priority)

    def plan_jobs(self, jobs: Sequence[JobToPlan]) -> None:
        for job in jobs:
            self.plan_job(job.job_id, domain_id=job.domain_id, priority=job.priority)

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        raise AssertionError("the scheduler runs no slices")

    def ping(self) -> None:
        return None


class SchedulerKit:
    """Schedules, their service, and replicas that fire them."""

    def __init__(self, database: Database[Document], clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.schedules = ScheduleManager(database=database)
        self.collectors = CollectorManager(database=database, timeout_seconds=10)
        self.jobs = ScheduledJobManager(database=database, clock=clock)
        self.queue = RecordingQueue()
        self.replicas = 0
        self.ticker = self.replica()

    def service(self, spread_seconds: float = 0.0) -> ScheduleService:
        readers = {
            name: Reader(database=self.database, collection=name, schema=schema, timeout_seconds=10)
            for name, schema in (("collector", COLLECTOR), ("schedule", SCHEDULE))
        }
        return ScheduleService(
            schedules=self.schedules,
            collectors=self.collectors,
            reader=readers["schedule"],
            references=CollectorReferences(collectors=self.collectors, reader=readers["collector"]),
            clock=self.clock,
            spread_seconds=spread_seconds,
        )

    def facts(self) -> ScheduleFactsService:
        return ScheduleFactsService(
            schedules=self.schedules, collectors=self.collectors, jobs=self.jobs, clock=self.clock, grace_seconds=3600.0
        )

    def replica(self, *, fate: Fate | None = None, clock: Clock | None = None, **options: Any) -> ScheduleTicker:
        """Return a scheduler; with ``fate`` one that may die."""
        jobs = ScheduledJobManager(database=self.database, clock=clock or self.clock)
        mortal: dict[str, Any] = {"schedules": self.schedules, "jobs": jobs, "queue": self.queue}
        if fate is not None:
            mortal = {
                "schedules": MortalSchedules(self.schedules, fate),
                "jobs": MortalJobs(jobs, fate),
                "queue": RecordingQueue(fate=fate),
            }
        self.replicas += 1
        owner = f"scheduler-{self.replicas}"
        return ScheduleTicker(
            batches=DueBatchManager(database=self.database, clock=clock or self.clock, owner=owner),
            collectors=self.collectors,
            clock=clock or self.clock,
            **{"grace_seconds": 3600.0, **mortal, **options},
        )

    def bury(self) -> None:
        """Let so much time pass that nobody heeds any more what the dead had in hand."""
        self.clock.advance(timedelta(seconds=HELD_SECONDS))

    def collector(self, principal: Principal = ME, *, metadata: Document | None = None, **fields: Any) -> str:
        """Store a collector and return its id."""
        collector_id = ids.new_id(ids.COLLECTOR)
        values: Document = {
            "collector_id": collector_id,
            "name": "mine",
            "domain_id": principal.domain_id,
            "plugin_info": {"plugin_id": "plugin-1", "version": "1.0", "metadata": metadata or {}},
            "created_at": self.clock.now(),
        }
        self.collectors.insert(new_document(Collector, **(values | fields)))
        return collector_id

    def add(self, collector_id: str, schedule: Document, principal: Principal = ME, **params: Any) -> str:
        """Add a schedule and return its id."""
        request = {"collector_id": collector_id, "schedule": schedule} | params
        return str(self.service().add(principal, request)["schedule_id"])

    def fired(self, schedule_id: str) -> list[datetime]:
        """Return the fire times that became jobs, in order."""
        found = self.database["job"].find({"schedule_id": schedule_id}).sort("fire_at", 1)
        return [job["fire_at"] for job in found]

    def skipped(self, schedule_id: str) -> list[SkippedTimes]:
        """Return what is shown as skipped in the last day, and as what will be."""
        return self.facts().explain(ME, self.stored(schedule_id)["collector_id"], schedule_id).skipped

    def stored(self, schedule_id: str) -> Document:
        found = self.database["schedule"].find_one({"schedule_id": schedule_id})
        assert found is not None
        return found

    def until(self, end: datetime, tick: Callable[[], object], step: timedelta) -> None:
        """Let time pass, with a tick at each step."""
        for _ in self.moments(end, step):
            tick()

    def moments(self, end: datetime, step: timedelta) -> Iterator[datetime]:
        """Let time pass, step by step."""
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()))
            yield self.clock.now()
