"""The engine: its parts run again and again, whatever fails and however the wall clock moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from inventory.domain.clock import SystemClock
from inventory.errors import ConnectionFailureError
from inventory.scheduler.engine import Engine, SchedulerPart
from inventory.scheduler.pulse import STUCK_SECONDS, Pulse, SilentTicksError
from tests.manual_clock import ManualClock

DEADLINE_SECONDS = 60.0


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


@contextmanager
def running(*parts: SchedulerPart, pulse: Pulse | None = None) -> Iterator[Engine]:
    stop = threading.Event()
    engine = Engine(parts=parts, pulse=pulse or Pulse(clock=SystemClock(), period_seconds=60), stop=stop)
    thread = threading.Thread(target=engine.run)
    thread.start()
    try:
        yield engine
    finally:
        stop.set()
        thread.join(DEADLINE_SECONDS)
        engine.drain(DEADLINE_SECONDS)


def test_parts_run_again_and_again_beside_one_that_hangs_and_one_that_fails() -> None:
    counts = dict.fromkeys(("good", "down", "broken"), 0)
    release = threading.Event()

    def count(name: str, failure: Exception | None = None) -> Callable[[], None]:
        def run() -> None:
            counts[name] += 1
            if failure is not None:
                raise failure

        return run

    parts = [
        SchedulerPart("hangs", 0.02, lambda: assert_true(release.wait(DEADLINE_SECONDS))),
        SchedulerPart("down", 0.02, count("down", ConnectionFailureError(service="mongodb"))),
        SchedulerPart("broken", 0.02, count("broken", RuntimeError("unforeseen"))),
        SchedulerPart("good", 0.02, count("good")),
    ]
    with running(*parts):
        wait_for(lambda: min(counts.values()) >= 5)
        release.set()


def assert_true(value: bool) -> None:
    assert value


def test_silent_ticks_are_set_going_again() -> None:
    clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
    pulse = Pulse(clock=clock, period_seconds=1)
    ran: list[float] = []

    def tick() -> None:
        with pulse.beat():
            ran.append(time.monotonic())

    # An hour's period stands for a wall clock that has stepped back by an hour.
    with running(SchedulerPart("tick", 3600, tick), pulse=pulse):
        wait_for(lambda: len(ran) >= 1)
        clock.advance(timedelta(seconds=30))
        wait_for(lambda: len(ran) >= 2)


def test_a_stop_waits_for_what_is_in_work_so_long_at_most() -> None:
    began, release = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        release.wait(DEADLINE_SECONDS)

    with running(SchedulerPart("slow", 0.02, work)) as engine:
        assert began.wait(DEADLINE_SECONDS)
        assert not engine.drain(0.05)
        release.set()


def test_the_pulse_tells_silence_from_long_work() -> None:
    clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
    pulse = Pulse(clock=clock, period_seconds=1)
    with pulse.beat():
        clock.advance(timedelta(seconds=STUCK_SECONDS - 1))
        assert pulse.is_alive()
        assert not pulse.is_silent()
        clock.advance(timedelta(seconds=2))
        assert not pulse.is_alive()
    pulse.check()
    assert pulse.is_alive()
    # The wall clock alone changes nothing.
    clock.set(datetime(2020, 1, 1, tzinfo=UTC))
    pulse.check()
    clock.advance(timedelta(seconds=4))
    assert pulse.is_silent()
    assert pulse.is_alive()
    with pytest.raises(SilentTicksError):
        pulse.check()
    clock.advance(timedelta(minutes=1))
    assert not pulse.is_alive()
