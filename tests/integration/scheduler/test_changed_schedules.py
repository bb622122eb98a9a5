"""Schedules and collectors that change while a fire time is due: what is told is what happened."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inventory.domain.schedule.due import SkipReason
from inventory.errors import NotFoundError
from inventory.service.schedule.facts import Explanation
from tests.integration.scheduler.scheduler_kit import ME, Fate, Killed, SchedulerKit

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def at(hour: int, minute: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute)


class At(Fate):
    """Does something when a replica comes to a step."""

    def __init__(self, step: str, action: Any) -> None:
        super().__init__(random.Random(), 0)
        self._step = step
        self._action = action

    def step(self, name: str) -> None:
        if name == self._step:
            self._action()


def die() -> None:
    raise Killed


def explained(kit: SchedulerKit, collector_id: str, schedule_id: str) -> Explanation:
    return kit.facts().explain(ME, collector_id, schedule_id)


def skips(found: Explanation) -> list[tuple[datetime, datetime, SkipReason]]:
    return [(skip.first, skip.last, skip.reason) for skip in found.skipped]


@pytest.fixture
def collector_id(kit: SchedulerKit) -> str:
    """A collector."""
    return kit.collector()


def test_what_is_due_when_the_schedule_changes_fires_by_the_old_times_then_by_the_new(
    kit: SchedulerKit, collector_id: str
) -> None:
    schedule_id = kit.add(collector_id, {"hours": [13]})
    key = {"collector_id": collector_id, "schedule_id": schedule_id}
    kit.clock.set(at(13) + timedelta(seconds=2))
    kit.service().update(ME, key | {"schedule": {"minutes": [15]}})
    assert explained(kit, collector_id, schedule_id).next_times[:3] == [at(13), at(13, 15), at(14, 15)]
    kit.until(at(15), kit.ticker.tick, timedelta(minutes=1))
    assert kit.fired(schedule_id) == [at(13), at(13, 15), at(14, 15)]
    found = explained(kit, collector_id, schedule_id)
    assert (found.facts.last_scheduled_at, skips(found)) == (at(14, 15), [])


def test_what_is_due_for_too_long_when_the_schedule_changes_is_told_as_skipped(
    kit: SchedulerKit, collector_id: str
) -> None:
    schedule_id = kit.add(collector_id, {"hours": [13]})
    kit.clock.set(at(15))
    key = {"collector_id": collector_id, "schedule_id": schedule_id}
    kit.service().update(ME, key | {"schedule": {"hours": [16]}})
    kit.ticker.tick()
    found = explained(kit, collector_id, schedule_id)
    assert (kit.fired(schedule_id), skips(found)) == ([], [(at(13), at(13), SkipReason.DOWNTIME)])
    assert found.next_times[0] == at(16)


def test_a_change_before_the_fire_time_takes_it_away(kit: SchedulerKit, collector_id: str) -> None:
    schedule_id = kit.add(collector_id, {"hours": [13]})
    kit.clock.set(at(12, 59))
    key = {"collector_id": collector_id, "schedule_id": schedule_id}
    kit.service().update(ME, key | {"schedule": {"hours": [14]}})
    kit.until(at(15), kit.ticker.tick, timedelta(minutes=1))
    assert kit.fired(schedule_id) == [at(14)]


@pytest.mark.parametrize("step", ["found", "in insert", "inserted", "in advance", "advanced"])
def test_a_change_at_any_step_of_a_fire_leaves_one_job_and_the_truth(
    kit: SchedulerKit, collector_id: str, step: str
) -> None:
    schedule_id = kit.add(collector_id, {"hours": [13]})
    key = {"collector_id": collector_id, "schedule_id": schedule_id}

    def change() -> None:
        kit.service().update(ME, key | {"schedule": {"minutes": [15]}})

    kit.clock.set(at(13))
    kit.replica(fate=At(step, change)).tick()
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(13)]
    found = explained(kit, collector_id, schedule_id)
    assert (found.facts.last_scheduled_at, found.facts.next_fire_at, skips(found)) == (at(13), at(13, 15), [])


def test_a_change_by_a_clock_that_is_behind_does_not_hide_the_fire(kit: SchedulerKit, collector_id: str) -> None:
    schedule_id = kit.add(collector_id, {"hours": [13]})
    key = {"collector_id": collector_id, "schedule_id": schedule_id}

    def change_a_moment_earlier() -> None:
        kit.clock.set(at(12, 59))
        kit.service().update(ME, key | {"schedule": {"hours": [14]}})

    kit.clock.set(at(13))
    kit.replica(fate=At("inserted", change_a_moment_earlier)).tick()
    stored = kit.stored(schedule_id)
    assert (stored["last_scheduled_at"], stored["next_fire_at"]) == (at(13), at(14))


@pytest.mark.parametrize("later", [timedelta(seconds=5), timedelta(minutes=30), timedelta(hours=5)])
@pytest.mark.parametrize("disabled", [False, True])
def test_a_fire_that_a_scheduler_died_over_is_never_told_as_skipped(
    kit: SchedulerKit, collector_id: str, later: timedelta, disabled: bool
) -> None:
    schedule_id = kit.add(collector_id, {"hours": [13]})
    kit.clock.set(at(13))
    with pytest.raises(Killed):
        kit.replica(fate=At("inserted", die)).tick()
    if disabled:
        kit.collectors.disable("domain-1", collector_id, kit.clock.now())
    kit.clock.advance(later)
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(13)]
    found = explained(kit, collector_id, schedule_id)
    assert (found.facts.last_scheduled_at, skips(found)) == (at(13), [])
    assert found.facts.next_fire_at == at(13) + DAY


def test_a_catch_up_that_a_scheduler_died_over_is_told_as_it_was(kit: SchedulerKit, collector_id: str) -> None:
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    kit.clock.set(at(16, 30))
    with pytest.raises(Killed):
        kit.replica(fate=At("inserted", die)).tick()
    kit.clock.set(at(19, 30))
    kit.ticker.tick()
    assert kit.fired(schedule_id) == [at(16), at(19)]
    assert skips(explained(kit, collector_id, schedule_id)) == [
        (at(13), at(15), SkipReason.COALESCED),
        (at(17), at(18), SkipReason.COALESCED),
    ]


def test_a_collector_that_is_disabled_while_a_fire_is_due_skips_it_and_says_so(
    kit: SchedulerKit, collector_id: str
) -> None:
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    kit.clock.set(at(13))
    kit.collectors.disable("domain-1", collector_id, kit.clock.now())
    kit.ticker.tick()
    kit.collectors.enable("domain-1", collector_id, kit.clock.now())
    kit.ticker.tick()
    assert kit.fired(schedule_id) == []
    assert skips(explained(kit, collector_id, schedule_id)) == [(at(13), at(13), SkipReason.DISABLED)]


def test_a_schedule_that_is_deleted_while_it_fires_leaves_its_job(kit: SchedulerKit, collector_id: str) -> None:
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    kit.clock.set(at(13))
    fate = At("inserted", lambda: kit.service().delete(ME, collector_id, schedule_id))
    kit.replica(fate=fate).tick()
    assert kit.fired(schedule_id) == [at(13)]
    with pytest.raises(NotFoundError):
        explained(kit, collector_id, schedule_id)


def test_a_changed_priority_reaches_the_order_of_what_is_due(kit: SchedulerKit) -> None:
    first, second = kit.collector(priority=20), kit.collector(priority=30)
    for collector_id in (first, first, second):
        kit.add(collector_id, {"hours": [13]})
    kit.collectors.update_fields("domain-1", second, {"priority": 5})
    kit.clock.set(at(13))
    # Within a batch the collector's own priority counts, across batches the schedule's copy of it.
    kit.replica().tick()
    assert kit.queue.priorities == [5, 20, 20]
    kit.collectors.update_fields("domain-1", first, {"priority": 1})
    kit.schedules.set_priority("domain-1", first, 1)
    kit.clock.set(at(13) + DAY)
    kit.replica(batch=1).tick()
    assert kit.queue.priorities[3:] == [1, 1, 5]
