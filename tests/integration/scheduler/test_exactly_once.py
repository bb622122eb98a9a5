"""Every fire time exactly once, with three replicas that die between any two steps, and within them."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from inventory.domain.schedule.due import SkipReason
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec
from inventory.service.schedule.stored import read_skips
from inventory.service.schedule.ticks import ScheduleTicker
from tests.integration.scheduler.scheduler_kit import Fate, Killed, SchedulerKit
from tests.reference.fire_times import fire_times

STEP = timedelta(minutes=5)
WEEK = timedelta(days=7)


def _schedule(chance: random.Random) -> dict[str, Any]:
    """Return a schedule whose fire times are half an hour apart at least."""
    minute = chance.randrange(0, 60, 5)
    hours = sorted(chance.sample(range(24), chance.randint(1, 6)))
    return chance.choice(
        [
            {"hours": list(range(24))},
            {"hours": hours},
            {"minutes": [minute]},
            {"hours": hours, "minutes": sorted({minute, (minute + 30) % 60})},
            {"interval": chance.choice([1800, 2700, 3600])},
            {"cron": f"{minute} */{chance.randint(1, 6)} * * *"},
            {"cron": f"{minute} {hours[0]} 6,8 * {chance.randrange(8)}"},
            {"cron": f"{minute} {hours[0]} * JAN mon-fri"},
        ]
    )


class Replicas:
    """Three schedulers of which any may die at any step; a new one takes its place."""

    def __init__(self, kit: SchedulerKit, chance: random.Random, probability: float) -> None:
        self.kit = kit
        self.chance = chance
        self.fate = Fate(chance, probability)
        self.replicas = [self._new() for _ in range(3)]

    def _new(self) -> ScheduleTicker:
        return self.kit.replica(fate=self.fate, batch=self.chance.choice([3, 16, 500]))

    def tick(self) -> None:
        """Let replicas tick in any order, until all of them have lived to see the end of their ticks."""
        deaths = -1
        while deaths != len(self.fate.deaths):
            deaths = len(self.fate.deaths)
            for number in self.chance.sample(range(3), 3):
                try:
                    self.replicas[number].tick()
                except Killed:
                    self.replicas[number] = self._new()
                    if self.chance.random() < 0.5:
                        self.kit.bury()
            self.kit.bury()


def _simulate_deaths(kit: SchedulerKit, chance: random.Random, number: int, span: timedelta) -> Replicas:
    collectors = [kit.collector(priority=chance.randrange(100)) for _ in range(5)]
    specs = {kit.add(chance.choice(collectors), spec): spec for spec in (_schedule(chance) for _ in range(number))}
    begin, end = kit.clock.now(), kit.clock.now() + span
    replicas = Replicas(kit, chance, 0.05)
    outage = 0
    for _ in kit.moments(end, STEP):
        # All replicas are away for up to 25 minutes, now and then.
        outage = outage - 1 if outage else (chance.randint(1, 5) if chance.random() < 0.01 else 0)
        if not outage:
            replicas.tick()
    replicas.tick()
    for schedule_id, spec in specs.items():
        expected = fire_times(spec, begin, begin, end)
        assert kit.fired(schedule_id) == expected, spec
        stored = kit.stored(schedule_id)
        assert stored.get("last_scheduled_at") == (expected[-1] if expected else None)
        assert stored["next_fire_at"] == FireTimes(ScheduleSpec.parse(spec), begin).next_after(end)
        assert stored.get("skips", []) == []
    return replicas


def _check_deaths(replicas: Replicas) -> None:
    deaths = Counter(replicas.fate.deaths)
    assert set(deaths) == {"found", "in insert", "inserted", "in advance", "advanced", "ringing"}
    assert min(deaths.values()) >= 5, deaths


def test_days_of_sudden_deaths_fire_everything_once(kit: SchedulerKit) -> None:
    _check_deaths(_simulate_deaths(kit, random.Random(20260105), 40, timedelta(days=2)))


def _simulate_trouble(kit: SchedulerKit, chance: random.Random, number: int, days: int) -> None:
    """Let schedulers die, all be away for hours, and collectors rest; every fire time is a job or told as skipped."""
    collectors = [kit.collector() for _ in range(4)]
    specs = {kit.add(chance.choice(collectors), spec): spec for spec in (_schedule(chance) for _ in range(number))}
    begin = kit.clock.now()
    replicas = Replicas(kit, chance, 0.1)
    for _ in kit.moments(begin + timedelta(days=days), 2 * STEP):
        if chance.random() < 0.04:
            kit.clock.advance(timedelta(minutes=chance.randint(10, 240)))
        if chance.random() < 0.05:
            collector_id = chance.choice(collectors)
            if chance.random() < 0.5:
                kit.collectors.disable("domain-1", collector_id, kit.clock.now())
            else:
                kit.collectors.enable("domain-1", collector_id, kit.clock.now())
        replicas.tick()
    end = kit.clock.now()
    reasons = set()
    for schedule_id, spec in specs.items():
        stored, fired = kit.stored(schedule_id), kit.fired(schedule_id)
        expected = fire_times(spec, begin, begin, end)
        skips = read_skips(stored)
        reasons |= {skip.reason for skip in skips}
        skipped = [moment for moment in expected for skip in skips if skip.first <= moment <= skip.last]
        assert sorted(fired + skipped) == expected, spec
        assert stored.get("last_scheduled_at") == (fired[-1] if fired else None)
        assert stored["next_fire_at"] > end
    assert reasons == set(SkipReason)


def test_whatever_happens_each_fire_time_is_a_job_or_told_as_skipped(kit: SchedulerKit) -> None:
    _simulate_trouble(kit, random.Random(6), 16, 2)


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(5))
def test_through_weeks_of_trouble_each_fire_time_is_a_job_or_told_as_skipped(kit: SchedulerKit, seed: int) -> None:
    _simulate_trouble(kit, random.Random(seed), 40, 4)


@pytest.mark.deep
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", range(3))
def test_many_schedules_through_a_week_of_sudden_deaths_fire_everything_once(kit: SchedulerKit, seed: int) -> None:
    _check_deaths(_simulate_deaths(kit, random.Random(seed), 500, WEEK))


def test_replicas_at_the_same_moment_make_each_job_once(kit: SchedulerKit) -> None:
    number = 1200
    schedule_id = kit.add(kit.collector(), {"hours": [13]})
    like = kit.stored(schedule_id)
    like.pop("_id")
    kit.database["schedule"].insert_many(
        [{**like, "_id": ObjectId(), "schedule_id": f"sched-{each:012x}"} for each in range(number - 1)]
    )
    kit.clock.advance(timedelta(hours=1))
    fire_at = kit.clock.now()
    barrier = threading.Barrier(3)
    failures: list[BaseException] = []

    def run(seed: int) -> None:
        chance = random.Random(seed)
        fate = Fate(chance, 0.002)
        barrier.wait(10)
        try:
            while kit.schedules.due(kit.clock.now(), limit=1):
                try:
                    kit.replica(fate=fate, batch=50).tick()
                except Killed:
                    kit.bury()
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    jobs = Counter(job["schedule_id"] for job in kit.database["job"].find({}, {"schedule_id": 1}))
    assert len(jobs) == number
    assert set(jobs.values()) == {1}
    assert kit.database["schedule"].count_documents({"last_scheduled_at": fire_at}) == number
