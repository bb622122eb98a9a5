"""How often, and how soon, a process that died is started again."""

from __future__ import annotations

from inventory.process.restarts import RestartPolicy, Restarts


def test_each_restart_within_the_window_waits_twice_as_long_and_the_last_is_not_made() -> None:
    restarts = Restarts(RestartPolicy(limit=3, window_seconds=60))

    assert [restarts.after_death(now) for now in (100.0, 101.0, 102.0, 103.0)] == [100.2, 101.4, 102.8, None]


def test_deaths_outside_the_window_are_forgotten() -> None:
    restarts = Restarts(RestartPolicy(limit=1, window_seconds=60))

    assert restarts.after_death(0.0) == 0.2
    assert restarts.after_death(61.0) == 61.2
    assert restarts.after_death(121.0) is None
