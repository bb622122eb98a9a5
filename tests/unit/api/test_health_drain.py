"""gRPC health while the server stops: a check that outlasts the draining is no fault."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from inventory.api.health import Health

WAIT_SECONDS = 10.0


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
