"""Much that is due at once: found by the index, in order, in batches, shared by schedulers, spread if wanted."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from inventory.manager.schedule.due_batch import DueBatchManager
from tests.integration.scheduler.scheduler_kit import ME, Fate, SchedulerKit

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute)


def test_jobs_are_made_in_the_order_of_priority_across_batches(kit: SchedulerKit) -> None:
    for priority in random.Random(1).sample(range(100), 30):
        kit.add(kit.collector(priority=priority), {"hours": [13]})
    kit.clock.set(at(13))
    kit.replica(batch=7).tick()
    assert len(kit.queue.priorities) == 30
    assert kit.queue.priorities == sorted(kit.queue.priorities)


def test_spread_schedules_fire_through_the_spread_and_each_at_its_own_time(kit: SchedulerKit) -> None:
    service, collector_id = kit.service(spread_seconds=1800), kit.collector()
    request = {"collector_id": collector_id, "schedule": {"minutes": [0]}}
    ids = [service.add(ME, request)["schedule_id"] for _ in range(20)]
    kit.until(at(15), kit.replica(spread_seconds=1800.0).tick, timedelta(minutes=1))
    late = {schedule_id: [moment - at(13) for moment in kit.fired(schedule_id)] for schedule_id in ids}
    for found in late.values():
        assert found[:2] == [found[0], found[0] + HOUR]
        assert timedelta(0) <= found[0] < timedelta(minutes=30)
    assert len({found[0] for found in late.values()}) > 10


def test_due_schedules_are_found_by_the_index(kit: SchedulerKit) -> None:
    for _ in range(20):
        kit.add(kit.collector(), {"hours": [14]})
    found = kit.database["schedule"].find({"next_fire_at": {"$lte": at(13)}}).sort({"next_fire_at": 1, "priority": 1})
    stats = found.explain()["executionStats"]
    assert (stats["totalDocsExamined"], stats["totalKeysExamined"]) == (0, 0)


def test_schedulers_that_tick_at_once_share_what_is_due(kit: SchedulerKit) -> None:
    ids = [kit.add(kit.collector(priority=number), {"hours": [13]}) for number in range(12)]
    kit.clock.set(at(13))
    fired: list[int] = []

    class AnotherTicks(Fate):
        def step(self, name: str) -> None:
            if name == "in insert" and not fired:
                fired.append(0)
                fired[0] = kit.replica(batch=4).tick().fired

    report = kit.replica(fate=AnotherTicks(random.Random(), 0), batch=4).tick()
    # The other one leaves alone what the first has in hand, and does all the rest meanwhile, most urgent first.
    assert (report.fired, fired) == (4, [8])
    assert kit.queue.priorities == [4, 5, 6, 7, 8, 9, 10, 11]
    assert [len(kit.fired(schedule_id)) for schedule_id in ids] == [1] * 12
    assert kit.database["due_batch"].count_documents({}) == 0


def test_of_two_that_take_the_same_at_the_same_moment_one_goes_on(kit: SchedulerKit) -> None:
    first, second = (DueBatchManager(database=kit.database, clock=kit.clock, owner=owner) for owner in ("a", "b"))
    assert (first.of_others(), second.of_others()) == (set(), set())
    assert (first.take(["1", "2"]), second.take(["2", "3"])) == (set(), {"2"})
    assert (first.of_others(), second.of_others()) == ({"2", "3"}, {"1", "2"})
    kit.bury()
    assert (first.of_others(), second.of_others()) == (set(), set())
    kit.clock.advance(-24 * HOUR)
    assert first.of_others() == set()
