"""What the log says of gRPC health: only a fault is a warning."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from inventory.api.health import Health
from inventory.errors import InventoryError
from inventory.migration.errors import MigrationPendingError

WAIT_SECONDS = 60.0


def test_a_check_that_finds_its_connection_closed_after_the_drain_is_not_logged_as_a_fault() -> None:
    checking, closed = threading.Event(), threading.Event()

    def check() -> None:
        checking.set()
        closed.wait(WAIT_SECONDS)
        raise RuntimeError("cannot use a client after it was closed")

    health = Health(["some.Service"], check)
    with capture_logs() as logs:
        health.start()
        assert checking.wait(WAIT_SECONDS)
        health.drain()
        closed.set()
        health.join(WAIT_SECONDS)

    assert [log["event"] for log in logs] == ["not_serving"]


RUNS = MigrationPendingError(numbers=[1], runs=True)
ASKS = MigrationPendingError(numbers=[1], reason="run `inventory migrate --breaking`")


@pytest.mark.parametrize(
    ("answers", "levels"),
    [
        ([RUNS, RUNS, None], ["info", "info"]),
        ([ASKS, None], ["warning", "info"]),
        ([None, RUNS, None], ["info", "warning", "info"]),
    ],
    ids=["first start", "somebody has to act", "it served before"],
)
def test_a_first_start_that_waits_while_another_process_migrates_is_no_fault(
    answers: list[InventoryError | None], levels: list[str]
) -> None:
    left = iter(answers)

    def check() -> None:
        if (error := next(left)) is not None:
            raise error

    health = Health(["some.Service"], check)
    with capture_logs() as logs:
        for _ in answers:
            health.update()
    assert [log["log_level"] for log in logs] == levels
