"""Health pages: what they say while all is well, while something is away, and while the process drains."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from inventory.devruntime.child import wait_until
from inventory.errors import ConnectionFailureError, SettingsError
from inventory.observe.health_pages import HealthServer
from inventory.observe.page_owner import PageOwner
from tests.fakes.neighbours import port_of_a_client

OWNER = PageOwner("worker", "installation-1")


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


class _World:
    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.alive = True

    def check(self) -> None:
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def world() -> _World:
    return _World()


@pytest.fixture
def server(world: _World) -> Iterator[HealthServer]:
    registry = CollectorRegistry()
    Counter("things", "Things counted.", registry=registry).inc(3)
    made = HealthServer(
        host="127.0.0.1",
        port=0,
        checks={"mongodb": world.check, "redis": lambda: None},
        owner=OWNER,
        alive=lambda: world.alive,
        registry=registry,
    )
    with made:
        yield made


@pytest.fixture
def get(server: HealthServer) -> Callable[[str], tuple[int, str]]:
    return lambda path: _get(server.port, path)


Get = Callable[[str], tuple[int, str]]


def test_ready_while_every_check_passes(get: Get) -> None:
    status, body = get("/readyz")

    assert status == 200
    assert json.loads(body) == {
        "status": "ready",
        "checks": {"mongodb": "ok", "redis": "ok"},
        "service": "inventory",
        "process": "worker",
        "installation": "installation-1",
    }


def test_not_ready_names_what_is_away_and_no_more(get: Get, world: _World) -> None:
    world.failure = ConnectionFailureError(service="mongodb", reason="at mongodb://user:password@host")

    status, body = get("/readyz?verbose")

    assert status == 503
    checks: dict[str, Any] = json.loads(body)["checks"]
    assert checks == {"mongodb": "ERROR_GRPC_CONNECTION", "redis": "ok"}
    assert "password" not in body
    assert get("/livez")[0] == 200


def test_not_ready_while_draining_and_still_alive(get: Get, server: HealthServer) -> None:
    server.drain()

    assert get("/readyz")[0] == 503
    assert get("/livez")[0] == 200


def test_dead_when_the_process_itself_says_so(get: Get, world: _World) -> None:
    world.alive = False

    assert get("/livez")[0] == 503


def test_metrics_are_shown_and_nothing_else(get: Get) -> None:
    status, body = get("/metrics")

    assert status == 200
    assert "things_total 3.0" in body
    assert get("/")[0] == 404


def test_a_port_in_use_is_waited_for_and_both_are_logged() -> None:
    with capture_logs() as logs, contextlib.ExitStack() as reset:
        port = reset.enter_context(port_of_a_client())
        pages = HealthServer(
            host="127.0.0.1", port=port, checks={}, owner=OWNER, registry=CollectorRegistry(), retry_seconds=0.01
        )
        pages.start()
        assert not pages.bound
        assert wait_until(lambda: [line["event"] for line in logs] == ["health_port_in_use"], timeout_seconds=30)
        assert logs[0]["address"] == f"127.0.0.1:{port}"
        assert logs[0]["setting"] == f"INVENTORY_{OWNER.process.upper()}_HEALTH_PORT"
        reset.close()

        assert wait_until(lambda: pages.bound, timeout_seconds=30)
        assert _get(port, "/readyz")[0] == 200
        assert [line["event"] for line in logs] == ["health_port_in_use", "health_port_bound"]
    pages.close()


def test_what_waits_for_its_port_can_be_stopped(server: HealthServer) -> None:
    with HealthServer(
        host="127.0.0.1", port=server.port, checks={}, owner=OWNER, registry=CollectorRegistry()
    ) as other:
        assert not other.bound
    assert not other.bound


def test_pages_that_have_not_begun_to_serve_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()
    serve = HealthServer._serve

    def serve_late(pages: HealthServer) -> None:
        began.set()
        assert go_on.wait(10)
        serve(pages)

    monkeypatch.setattr(HealthServer, "_serve", serve_late)
    pages = HealthServer(host="127.0.0.1", port=0, checks={}, owner=OWNER, registry=CollectorRegistry()).start()
    closing = threading.Thread(target=pages.close, daemon=True)
    assert began.wait(10)

    closing.start()
    assert wait_until(pages._closing.is_set, timeout_seconds=10)
    closing.join(0.2)  # by now it waits for the thread that serves
    go_on.set()

    closing.join(10)
    assert not closing.is_alive()


def test_a_port_that_nobody_may_have_is_told() -> None:
    with pytest.raises(SettingsError, match=r"Cannot listen on 192\.0\.2\.1:5 for health"):
        HealthServer(host="192.0.2.1", port=5, checks={}, owner=OWNER)


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_it_listens_on_ipv6(host: str) -> None:
    with (
        HealthServer(host=host, port=0, checks={}, owner=OWNER, registry=CollectorRegistry()) as pages,
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://[::1]:{pages.port}/livez", timeout=30
        ) as answer,
    ):
        assert answer.status == 200
