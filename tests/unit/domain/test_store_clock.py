"""MongoDB's time, whatever the machine's clocks do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from inventory.domain.store_clock import RETRY_SECONDS, StoreClock
from inventory.errors import ConnectionFailureError
from tests.manual_clock import ManualClock

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
MINUTES = timedelta(minutes=5)


class _Server:
    """MongoDB's clock, which goes on while the machine's does; an answer takes ``seconds``."""

    def __init__(self, machine: ManualClock, time: datetime) -> None:
        self.machine = machine
        self.ahead = time - machine.now()
        self.begun = machine.monotonic()
        self.start = time
        self.way_there = self.way_back = 0.0
        self.away = False
        self.asked = 0

    def time(self) -> datetime:
        return self.start + timedelta(seconds=self.machine.monotonic() - self.begun)

    def measure(self) -> datetime:
        self.asked += 1
        if self.away:
            raise ConnectionFailureError(service="mongodb")
        self.machine.advance(timedelta(seconds=self.way_there))
        time = self.time()
        self.machine.advance(timedelta(seconds=self.way_back))
        return time


Make = Callable[[timedelta], tuple[StoreClock, _Server, ManualClock]]


@pytest.fixture
def skews() -> list[float]:
    return []


@pytest.fixture
def make(skews: list[float]) -> Make:
    def made(ahead: timedelta) -> tuple[StoreClock, _Server, ManualClock]:
        machine = ManualClock(NOON + ahead)
        server = _Server(machine, NOON)
        return StoreClock(measure=server.measure, machine=machine, report_skew=skews.append), server, machine

    return made


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES, timedelta()])
def test_it_tells_the_servers_time_on_a_machine_that_is_wrong(make: Make, ahead: timedelta) -> None:
    clock, server, machine = make(ahead)

    assert clock.now() == NOON
    machine.advance(timedelta(seconds=90))
    assert clock.now() == server.time() == NOON + timedelta(seconds=90)
    assert server.asked == 1


@pytest.mark.parametrize("step", [MINUTES, -MINUTES])
def test_a_wall_clock_that_is_set_changes_nothing(make: Make, step: timedelta) -> None:
    clock, server, machine = make(timedelta())
    assert clock.now() == NOON

    machine.set(machine.now() + step)

    assert clock.now() == server.time()
    server.away = True
    machine.set(machine.now() + step)
    assert clock.now() == server.time()


def test_a_machine_that_was_suspended_measures_before_it_tells_the_time(make: Make) -> None:
    clock, server, machine = make(MINUTES)
    clock.now()

    # The monotonic clock stands still meanwhile.
    server.start += timedelta(minutes=2)
    machine.set(machine.now() + timedelta(minutes=2))

    assert clock.now() == server.time() == NOON + timedelta(minutes=2)


def test_an_outage_after_a_suspension_is_not_waited_for_again_and_again(make: Make) -> None:
    clock, server, machine = make(timedelta())
    clock.now()
    server.away = True
    machine.set(machine.now() + MINUTES)

    for _ in range(10):
        clock.now()
    assert server.asked == 2
    machine.advance(timedelta(seconds=RETRY_SECONDS))
    clock.now()
    assert server.asked == 3


def test_the_server_out_of_reach_at_the_first_use_is_told(make: Make) -> None:
    clock, server, _ = make(MINUTES)
    server.away = True

    with pytest.raises(ConnectionFailureError):
        clock.now()
    server.away = False
    assert clock.now() == NOON


def test_half_of_the_way_there_and_back_is_taken_off(make: Make) -> None:
    clock, server, _ = make(MINUTES)
    server.way_there = server.way_back = 0.4

    assert abs(clock.now() - server.time()) <= timedelta(milliseconds=1)


def test_a_slow_answer_makes_a_good_offset_no_worse(make: Make) -> None:
    clock, server, _ = make(MINUTES)
    clock.now()

    server.way_there, server.way_back = 0.0, 3.0
    clock.renew()

    assert clock.now() == server.time()


def test_a_quick_answer_mends_an_offset_from_a_slow_one(make: Make) -> None:
    clock, server, _ = make(MINUTES)
    server.way_there, server.way_back = 0.0, 3.0
    clock.now()
    assert abs(clock.now() - server.time()) > timedelta(seconds=1)

    server.way_back = 0.0
    clock.renew()

    assert clock.now() == server.time()


def test_a_new_primarys_clock_is_taken_over(make: Make) -> None:
    clock, server, _ = make(timedelta())
    clock.now()

    server.start -= timedelta(seconds=2)
    clock.renew()

    assert clock.now() == server.time()


@pytest.mark.parametrize(("ahead", "told"), [(90, 90.0), (-45, -45.0), (0, 0.0)])
def test_how_far_the_machine_is_off_is_told(make: Make, skews: list[float], ahead: int, told: float) -> None:
    clock, _, _ = make(timedelta(seconds=ahead))

    clock.now()

    assert skews[-1] == pytest.approx(told, abs=0.01)


def test_what_a_slow_answer_leaves_open_is_no_skew(make: Make, skews: list[float]) -> None:
    clock, server, _ = make(timedelta(seconds=1))
    server.way_there, server.way_back = 3.0, 0.0

    clock.renew()

    assert skews == [0.0]
