"""Duties: once per period across replicas, and ended by another where somebody died."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database
from structlog.testing import capture_logs

from inventory import scheduler
from inventory.bootstrap import Container
from inventory.manager.duty import DutyManager
from inventory.scheduler.duties import DutyRunner, PeriodicDuty
from inventory.settings import Settings
from tests.manual_clock import ManualClock

LEASE = 15.0
HOUR = 3600.0
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def duties(database: Database[dict[str, Any]], clock: ManualClock, owner: str) -> DutyManager:
    return DutyManager(database=database, clock=clock, owner=owner, lease_seconds=LEASE)


@pytest.fixture
def replicas(database: Database[dict[str, Any]], clock: ManualClock) -> list[DutyManager]:
    """Three of them."""
    return [duties(database, clock, f"scheduler-{number}") for number in range(3)]


def test_one_replica_does_it_once_per_period(replicas: list[DutyManager], clock: ManualClock) -> None:
    done: list[datetime] = []
    runners = [DutyRunner(duties=each) for each in replicas]
    duty = PeriodicDuty("sweep", 5.0, lambda: done.append(clock.now()))
    for _ in range(60):
        assert sum(runner.run(duty) for runner in runners) <= 1
        clock.advance(timedelta(seconds=1))
    assert done == [NOON + timedelta(seconds=5 * number) for number in range(12)]


def test_housekeeping_drops_superseded_indexes_that_an_old_process_has_built_again(
    database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Callable[[], object]] = []
    monkeypatch.setattr(scheduler, "scheduler_parts", lambda **parts: given.append(parts["housekeep"]) or [])
    container = Container(Settings(redis_url="redis://127.0.0.1:1/0"))  # type: ignore[arg-type]
    vars(container)["database"] = database
    scheduler.build(container, threading.Event())
    container.migrator.run()
    database["slice"].create_index([("endpoint", 1)], name="waiting_of_endpoint")

    given[0]()

    assert "waiting_of_endpoint" not in database["slice"].index_information()


def test_what_the_dead_began_another_ends_when_the_lease_has_run_out(
    replicas: list[DutyManager], clock: ManualClock
) -> None:
    first, second, _ = replicas
    assert first.claim("housekeeping", HOUR) == NOON
    clock.advance(timedelta(seconds=LEASE - 1))
    assert second.claim("housekeeping", HOUR) is None
    clock.advance(timedelta(seconds=1))
    assert second.claim("housekeeping", HOUR) == NOON
    # The first was only slow: it has lost the claim.
    assert not first.renew("housekeeping", NOON)
    assert not first.done("housekeeping", NOON)
    assert second.done("housekeeping", NOON)
    assert first.claim("housekeeping", HOUR) is None


def test_a_duty_that_takes_longer_than_its_period_is_not_begun_again_beside_it(
    replicas: list[DutyManager], clock: ManualClock
) -> None:
    first, second, _ = replicas
    assert first.claim("sweep", 5.0) == NOON
    for _ in range(10):
        clock.advance(timedelta(seconds=10))
        assert first.renew("sweep", NOON)
        assert second.claim("sweep", 5.0) is None
    assert first.done("sweep", NOON)
    assert second.claim("sweep", 5.0) == NOON + timedelta(seconds=100)


def test_a_duty_that_failed_is_free_at_once(replicas: list[DutyManager]) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        DutyRunner(duties=replicas[0]).run(PeriodicDuty("sweep", 5.0, fail))
    assert DutyRunner(duties=replicas[1]).run(PeriodicDuty("sweep", 5.0, lambda: None))


def test_a_runner_renews_what_it_is_doing(replicas: list[DutyManager], clock: ManualClock) -> None:
    began, end = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        assert end.wait(60)

    runner = DutyRunner(duties=replicas[0])
    thread = threading.Thread(target=runner.run, args=(PeriodicDuty("housekeeping", HOUR, work),))
    thread.start()
    assert began.wait(60)
    for _ in range(4):
        clock.advance(timedelta(seconds=10))
        runner.renew()
        assert replicas[1].claim("housekeeping", HOUR) is None
    end.set()
    thread.join(60)
    clock.advance(timedelta(minutes=1))
    assert replicas[1].claim("housekeeping", HOUR) is None


def test_a_duty_that_ends_while_it_is_renewed_is_not_called_lost(
    replicas: list[DutyManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, end = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        assert end.wait(60)

    runner = DutyRunner(duties=replicas[0])
    thread = threading.Thread(target=runner.run, args=(PeriodicDuty("sweep", 5.0, work),))

    def renewed_too_late(name: str, start: datetime) -> bool:
        end.set()
        thread.join(60)
        return DutyManager.renew(replicas[0], name, start)

    monkeypatch.setattr(replicas[0], "renew", renewed_too_late)
    thread.start()
    assert began.wait(60)
    with capture_logs() as logs:
        runner.renew()
    assert not thread.is_alive()
    assert logs == []


def test_a_duty_that_another_took_over_is_called_lost(replicas: list[DutyManager], clock: ManualClock) -> None:
    runner = DutyRunner(duties=replicas[0])

    def work() -> None:
        clock.advance(timedelta(seconds=LEASE))
        assert replicas[1].claim("housekeeping", HOUR) == NOON
        runner.renew()

    with capture_logs() as logs:
        runner.run(PeriodicDuty("housekeeping", HOUR, work))
    assert [(each["event"], each["duty"]) for each in logs] == [("duty_lost", "housekeeping")]


def test_a_clock_that_steps_back_does_not_silence_duties(replicas: list[DutyManager], clock: ManualClock) -> None:
    first, second, _ = replicas
    assert first.claim("sweep", 5.0)
    first.done("sweep", NOON)
    clock.set(NOON - timedelta(days=1))
    assert second.claim("sweep", 5.0) == NOON - timedelta(days=1)
    # Machines whose clocks are a little apart do not take turns.
    clock.set(NOON - timedelta(days=1, seconds=30))
    assert first.claim("sweep", 5.0) is None


def test_many_that_come_first_are_one(database: Database[dict[str, Any]], clock: ManualClock) -> None:
    claimed: list[str] = []
    barrier = threading.Barrier(8)

    def run(owner: str) -> None:
        manager = duties(database, clock, owner)
        barrier.wait(60)
        if manager.claim("sweep", 5.0):
            claimed.append(owner)

    threads = [threading.Thread(target=run, args=(f"s-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(claimed) == 1
