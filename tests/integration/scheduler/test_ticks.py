"""Due schedules become jobs: when, which, in what order, and what becomes of those that do not."""

from __future__ import annotations

import random
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from inventory import scheduler
from inventory.bootstrap import Container
from inventory.connector.queue_port import Queue
from inventory.domain.schedule.due import SkipReason
from inventory.errors import ConnectionFailureError
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.service.collector.delete import CollectorRemover
from inventory.settings import Settings
from tests.integration.scheduler.scheduler_kit import ME, Fate, Killed, SchedulerKit
from tests.manual_clock import ManualClock

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute)


def test_a_fire_time_becomes_a_job_that_is_as_the_schedule_says(kit: SchedulerKit) -> None:
    collector_id = kit.collector(priority=42)
    schedule_id = kit.add(collector_id, {"hours": [13]}, filter={"zone": "a"}, collect_mode="UPDATE")
    kit.clock.set(at(12, 59))
    assert kit.ticker.tick().fired == 0
    kit.clock.set(at(13))
    assert kit.ticker.tick().fired == 1
    assert kit.ticker.tick().fired == 0
    job = kit.database["job"].find_one({})
    assert job is not None
    expected = {
        "domain_id": "domain-1",
        "collector_id": collector_id,
        "schedule_id": schedule_id,
        "fire_at": at(13),
        "status": "CREATED",
        "planned": False,
        "filter": {"zone": "a"},
        "collect_mode": "UPDATE",
        "priority": 42,
        "created_at": at(13),
    }
    assert {key: job[key] for key in expected} == expected
    assert (kit.queue.enqueued, kit.queue.priorities) == ([job["job_id"]], [42])
    stored = kit.stored(schedule_id)
    assert (stored["last_scheduled_at"], stored["next_fire_at"]) == (at(13), at(13) + 24 * HOUR)
    assert kit.service().get(ME, collector_id, schedule_id)["last_scheduled_at"] == at(13)


def test_every_kind_fires_through_a_day(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedules = {
        kit.add(collector_id, spec): expected
        for spec, expected in (
            ({"hours": [13, 15]}, 2),
            ({"minutes": [0, 30]}, 48),
            ({"hours": [14], "minutes": [1, 2]}, 2),
            ({"interval": 3600}, 24),
            ({"cron": "*/20 15-16 * * 1"}, 6),
        )
    }
    kit.until(NOON + 24 * HOUR, kit.ticker.tick, timedelta(minutes=1))
    assert {schedule_id: len(kit.fired(schedule_id)) for schedule_id in schedules} == schedules


def test_a_changed_priority_counts(kit: SchedulerKit) -> None:
    collector_id = kit.collector(priority=9)
    schedule_id = kit.add(collector_id, {"hours": [13, 14]})
    kit.collectors.update_fields("domain-1", collector_id, {"priority": 1})
    kit.clock.set(at(13))
    kit.ticker.tick()
    assert kit.queue.priorities == [1]
    assert kit.stored(schedule_id)["priority"] == 1


def test_a_restart_over_the_full_hour_catches_up(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"hours": list(range(24))})
    kit.clock.set(at(13, 20))
    kit.replica().tick()
    assert kit.fired(schedule_id) == [at(13)]


def test_missed_times_run_once_for_the_newest(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"hours": list(range(24))})
    kit.clock.set(at(18, 20))
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(18)]
    stored = kit.stored(schedule_id)
    assert stored["next_fire_at"] == at(19)
    assert stored["skips"] == [{"fire_at": at(13), "last_at": at(17), "reason": SkipReason.COALESCED}]


def test_beyond_the_grace_it_waits_for_the_next(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"hours": [13]})
    kit.clock.set(at(14, 1))
    assert kit.ticker.tick().skipped == 1
    assert kit.fired(schedule_id) == []
    stored = kit.stored(schedule_id)
    assert "last_scheduled_at" not in stored
    assert stored["next_fire_at"] == at(13) + 24 * HOUR
    assert stored["skips"] == [{"fire_at": at(13), "last_at": at(13), "reason": SkipReason.DOWNTIME}]


def test_a_clock_that_steps_back_doubles_nothing(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"minutes": [0, 30]})
    kit.until(at(14), kit.ticker.tick, timedelta(minutes=1))
    assert len(kit.fired(schedule_id)) == 4
    kit.clock.set(at(12, 30))
    kit.until(at(14, 30), kit.ticker.tick, timedelta(minutes=1))
    assert kit.fired(schedule_id) == [at(12, 30), at(13), at(13, 30), at(14), at(14, 30)]


def test_a_clock_that_jumps_ahead_counts_as_downtime(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"hours": [13, 15]})
    kit.until(at(13), kit.ticker.tick, timedelta(minutes=10))
    kit.clock.set(at(13, 30) + 24 * HOUR)
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(13), at(13) + 24 * HOUR]
    reasons = [(skip["fire_at"], skip["last_at"], skip["reason"]) for skip in kit.stored(schedule_id)["skips"]]
    assert reasons == [(at(15), at(15), "COALESCED")]


def test_replicas_with_clocks_apart_fire_once(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"minutes": [0]})
    ahead = ManualClock(NOON)
    replicas = [kit.replica(), kit.replica(clock=ahead)]
    for moment in kit.moments(at(16), timedelta(minutes=1)):
        ahead.set(moment + timedelta(minutes=5))
        for replica in replicas:
            replica.tick()
    assert kit.fired(schedule_id) == [at(13), at(14), at(15), at(16)]


def test_a_disabled_collector_rests_and_nothing_is_caught_up(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    kit.collectors.disable("domain-1", collector_id, kit.clock.now())
    kit.until(at(15, 30), kit.ticker.tick, timedelta(minutes=10))
    kit.collectors.enable("domain-1", collector_id, kit.clock.now())
    kit.until(at(16, 10), kit.ticker.tick, timedelta(minutes=10))
    assert kit.fired(schedule_id) == [at(16)]
    assert kit.stored(schedule_id)["skips"] == [{"fire_at": at(13), "last_at": at(15), "reason": SkipReason.DISABLED}]


def test_what_was_missed_before_a_rest_is_caught_up_after_it(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    for minute, turn in ((10, kit.collectors.disable), (15, kit.collectors.disable), (20, kit.collectors.enable)):
        kit.clock.set(at(13, minute))
        turn("domain-1", collector_id, kit.clock.now())
    kit.clock.set(at(13, 30))
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(13)]
    assert kit.stored(schedule_id).get("skips", []) == []


def test_what_fell_into_a_rest_is_not_caught_up_when_the_scheduler_was_away_too(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    kit.collectors.disable("domain-1", collector_id, kit.clock.now())
    kit.clock.set(at(13, 10))
    kit.collectors.enable("domain-1", collector_id, kit.clock.now())
    kit.clock.set(at(13, 20))
    kit.ticker.tick()
    assert kit.fired(schedule_id) == []
    kit.clock.set(at(14))
    # Enabling what is enabled changes nothing.
    kit.clock.advance(timedelta(seconds=1))
    kit.collectors.enable("domain-1", collector_id, kit.clock.now())
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(14)]


@pytest.mark.parametrize(("grace_seconds", "fires"), [(0, 0), (600, 0), (1800, 1), (7200, 1)])
def test_the_grace_is_a_setting(kit: SchedulerKit, grace_seconds: int, fires: int) -> None:
    schedule_id = kit.add(kit.collector(), {"hours": [13]})
    kit.clock.set(at(13, 20))
    kit.replica(grace_seconds=grace_seconds).tick()
    assert len(kit.fired(schedule_id)) == fires


def test_the_schedules_of_a_deleted_collector_go(kit: SchedulerKit) -> None:
    collector_id, other_id = kit.collector(), kit.collector()
    gone, stays = kit.add(collector_id, {"hours": [13]}), kit.add(other_id, {"hours": [13]})
    # A schedule that was added while its collector was deleted.
    kit.collectors.delete("domain-1", collector_id)
    kit.clock.set(at(13))
    report = kit.ticker.tick()
    assert (report.removed, report.fired) == (1, 1)
    assert kit.database["schedule"].count_documents({"schedule_id": gone}) == 0
    assert kit.fired(stays) == [at(13)]


def test_deleting_a_collector_takes_its_schedules_along(kit: SchedulerKit) -> None:
    database, clock = kit.database, kit.clock
    collector_id, other_id = kit.collector(), kit.collector()
    gone, stays = kit.add(collector_id, {"hours": [13]}), kit.add(other_id, {"hours": [13]})
    clock.set(at(13))
    kit.ticker.tick()
    slices = SliceManager(database=database, clock=clock)
    tasks = JobTaskManager(database=database, slices=slices, clock=clock)
    jobs = JobManager(database=database, tasks=tasks, slices=slices, clock=clock)
    CollectorRemover(
        collectors=kit.collectors,
        schedules=kit.schedules,
        rules=CollectorRuleManager(database=database),
        jobs=jobs,
        states=StateStore(database=database),
        caches=FilterCacheStore(database=database),
    ).delete("domain-1", collector_id)
    clock.set(at(13) + 24 * HOUR)
    kit.ticker.tick()
    assert (len(kit.fired(gone)), len(kit.fired(stays))) == (1, 2)
    assert database["schedule"].count_documents({}) == 1
    statuses = {job["schedule_id"]: job["status"] for job in database["job"].find({"fire_at": at(13)})}
    assert statuses == {gone: "CANCELED", stays: "CREATED"}


def test_a_change_between_looking_and_advancing_is_kept(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"hours": [13]})
    kit.clock.set(at(13))

    class ChangingBell(Fate):
        def step(self, name: str) -> None:
            if name == "inserted":
                key = {"collector_id": collector_id, "schedule_id": schedule_id}
                kit.service().update(ME, key | {"schedule": {"minutes": [15]}})

    kit.replica(fate=ChangingBell(random.Random(), 0)).tick()
    stored = kit.stored(schedule_id)
    assert (stored["schedule"], stored["next_fire_at"]) == ({"minutes": [15]}, at(13, 15))
    assert (kit.fired(schedule_id), stored["last_scheduled_at"]) == ([at(13)], at(13))


def test_without_redis_jobs_are_made_all_the_same(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"hours": [13]})
    kit.queue.failure = ConnectionFailureError(service="redis")
    kit.clock.set(at(13))
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(13)]
    assert kit.stored(schedule_id)["next_fire_at"] == at(13) + 24 * HOUR


def test_a_redis_that_accepts_connections_and_never_answers_delays_a_tick_by_about_a_second(
    kit: SchedulerKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many batches are due: each would wait, and the fire times of the next tick would come late."""
    schedules = [kit.add(kit.collector(), {"hours": [13]}) for _ in range(15)]
    kit.clock.set(at(13))
    given: list[Queue] = []
    monkeypatch.setattr(scheduler, "ScheduleTicker", lambda **parts: given.append(parts["queue"]))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        container = Container(Settings(redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))  # type: ignore[arg-type]
        vars(container)["database"] = kit.database
        scheduler.build(container, threading.Event())
        (queue,) = given
        begun = time.monotonic()
        report = kit.replica(queue=queue, batch=1).tick()
        seconds = time.monotonic() - begun
        queue.close()  # type: ignore[attr-defined]

    # A second for each batch would be 15, and those who cannot do without Redis wait 15 s.
    assert seconds < 12
    assert (report.fired, report.left_to_sweeper) == (15, 15)
    assert [kit.fired(schedule_id) for schedule_id in schedules] == [[at(13)]] * 15


def test_an_unreadable_schedule_is_parked_and_holds_up_nobody(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    broken, sound = kit.add(collector_id, {"hours": [13]}), kit.add(collector_id, {"hours": [13]})
    kit.database["schedule"].update_one({"schedule_id": broken}, {"$set": {"schedule": {"cron": "what?"}}})
    kit.clock.set(at(13))
    report = kit.ticker.tick()
    assert (report.parked, report.fired) == (1, 1)
    assert kit.fired(sound) == [at(13)]
    assert kit.ticker.tick().parked == 0


def test_a_job_that_a_dead_scheduler_did_not_enqueue_is_enqueued_by_the_next(kit: SchedulerKit) -> None:
    schedule_id = kit.add(kit.collector(), {"hours": [13]})
    kit.clock.set(at(13))

    class DiesAfterInsert(Fate):
        def step(self, name: str) -> None:
            if name == "inserted":
                raise Killed(name)

    with pytest.raises(Killed):
        kit.replica(fate=DiesAfterInsert(random.Random(), 0)).tick()
    assert len(kit.fired(schedule_id)) == 1
    assert kit.queue.enqueued == []
    kit.bury()
    assert kit.ticker.tick().fired == 0
    assert len(kit.queue.enqueued) == 1
    assert kit.stored(schedule_id)["last_scheduled_at"] == at(13)


def test_lateness_is_told_once_for_each_job(kit: SchedulerKit) -> None:
    told: list[float] = []
    kit.add(kit.collector(), {"hours": [13]})
    kit.clock.set(at(13, 2))
    replica = kit.replica(observe_lateness=told.append)
    assert replica.backlog(100) == 1
    replica.tick()
    replica.tick()
    assert told == [120.0]
    assert replica.backlog(100) == 0


def test_explain_tells_what_comes_and_what_was_passed_over(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    kit.until(at(13), kit.ticker.tick, timedelta(minutes=1))
    kit.clock.set(at(18, 20))
    overdue = kit.facts().explain(ME, collector_id, schedule_id)
    # What schedulers will do when they are back is told before.
    assert overdue.next_times[:3] == [at(18), at(19), at(20)]
    kit.ticker.tick()
    found = kit.facts().explain(ME, collector_id, schedule_id)
    assert found.skipped == overdue.skipped
    assert found.next_times == [at(19) + number * HOUR for number in range(10)]
    assert [(skip.first, skip.last, skip.reason, skip.count) for skip in found.skipped] == [
        (at(14), at(17), SkipReason.COALESCED, 4)
    ]
    assert found.facts.last_scheduled_at == at(18)
    assert found.facts.last_job is not None
    assert (found.facts.last_job["status"], found.facts.last_job["fire_at"]) == ("CREATED", at(18))
    told = found.document()
    assert told["next_times"][0] == told["next_fire_at"] == "2026-01-05T19:00:00.000Z"
    assert told["skipped"][0]["reason"] == "COALESCED"
    kit.clock.set(at(15, 30) + 24 * HOUR)
    found = kit.facts().explain(ME, collector_id, schedule_id)
    assert [(skip.first, skip.count) for skip in found.skipped] == [(at(16), 2), (at(19), 20)]
    assert [fact.schedule["schedule_id"] for fact in kit.facts().of_collector(ME, collector_id)] == [schedule_id]
