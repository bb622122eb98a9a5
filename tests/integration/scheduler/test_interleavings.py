"""Schedulers that are killed or frozen at any step of a tick: no fire time is lost, doubled, or falsely skipped."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from inventory.connector.queue.broker import PATIENT
from inventory.connector.queue_port import JobToPlan
from inventory.domain.schedule.due import ON_TIME
from inventory.errors import ConnectionFailureError
from tests.integration.scheduler.scheduler_kit import Fate, Killed, RecordingQueue, SchedulerKit

SECOND = timedelta(seconds=1)
INTERVAL = 7 * SECOND
STEPS = ("found", "in insert", "inserted", "in advance", "advanced", "ringing")
AWAY = (4, 11)
"""Seconds until another scheduler ticks: when claims have expired, and later than what counts as on time."""


class At(Fate):
    """What happens to a scheduler at one step, once; a bulk write that is cut off is done as a whole, or not.

    Args:
        is_written: whether a bulk write that is cut off is done.
        dies: whether it dies as soon as its jobs are written after that.
    """

    def __init__(self, name: str, happens: Callable[[], None], *, is_written: bool = False, dies: bool = False) -> None:
        super().__init__(random.Random(), 0)
        self._name, self._happens, self._is_written, self._dies = name, happens, is_written, dies
        self.happened = False

    def step(self, name: str) -> None:
        if name == self._name and not self.happened:
            self.happened = True
            self._happens()
        if self._dies and self.happened and name == "inserted":
            raise Killed

    def cut(self, size: int) -> int:
        return size if self._is_written else 0


def _die() -> None:
    raise Killed


def _assert_reported(kit: SchedulerKit, schedule_id: str, *, may_skip: bool, case: object) -> None:
    """Each fire time so far is one job or reported as skipped, and none is skipped unless nobody ran."""
    stored, skips = kit.stored(schedule_id), kit.skipped(schedule_id)
    number = int((kit.clock.now() - stored["anchor_at"]) / INTERVAL)
    expected = [stored["anchor_at"] + each * INTERVAL for each in range(1, number + 1)]
    skipped = [moment for moment in expected for skip in skips if skip.first <= moment <= skip.last]
    assert sorted(kit.fired(schedule_id) + skipped) == expected, case
    assert may_skip or not skipped, case


@pytest.mark.parametrize(
    "how", ["killed", "killed, but its write arrives", "frozen", "frozen, and killed after its late write"]
)
def test_each_fire_time_is_a_job_or_reported_as_skipped_whoever_stops_at_any_step(kit: SchedulerKit, how: str) -> None:
    for name in STEPS:
        for away in AWAY:
            schedule_id = kit.add(kit.collector(), {"interval": INTERVAL.seconds})
            other = kit.replica()

            def meanwhile(away: int = away, tick: Callable[[], object] = other.tick) -> None:
                kit.clock.advance(away * SECOND)
                tick()

            is_frozen, dies = how.startswith("frozen"), "late" in how
            point = At(name, meanwhile if is_frozen else _die, is_written="arrives" in how, dies=dies)
            first = kit.replica(fate=point)
            kit.clock.advance(INTERVAL)
            with suppress(Killed):
                first.tick()
            assert point.happened
            if not is_frozen:
                meanwhile()
            for _ in range(3):
                kit.clock.advance(8 * SECOND)
                other.tick()

            _assert_reported(kit, schedule_id, may_skip=away * SECOND > ON_TIME, case=(name, away))
            kit.database["schedule"].delete_many({})


class BlackHole(RecordingQueue):
    """A Redis that accepts connections and never answers, for who waits as long as it can be."""

    def __init__(self, kit: SchedulerKit) -> None:
        super().__init__()
        self._kit = kit

    def plan_jobs(self, jobs: Sequence[JobToPlan]) -> None:
        if jobs:
            self._kit.clock.advance(PATIENT.answer_seconds * (1 + PATIENT.retries) * SECOND)
            raise ConnectionFailureError(service="redis")


def test_a_lone_scheduler_skips_nothing_while_redis_never_answers_since_it_waits_once_in_a_tick(
    kit: SchedulerKit,
) -> None:
    """Not even with the patience of others (15 s, where a tick has about one)."""
    schedule_id = kit.add(kit.collector(), {"interval": INTERVAL.seconds})
    replica = kit.replica(queue=BlackHole(kit))
    for _ in range(30):
        kit.clock.advance(SECOND)
        replica.tick()

    _assert_reported(kit, schedule_id, may_skip=False, case="black hole")
