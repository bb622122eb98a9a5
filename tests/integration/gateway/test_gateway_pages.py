"""Health, metrics, the description of the API, and what happens while the server is away."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inventory.devruntime.child import wait_until
from inventory.gateway.routes import routes
from tests.integration.gateway.conftest import NOT_SERVING, FakeServer, Gateway, Start, error_of
from tests.ports import free_port


def test_it_is_ready_while_the_server_serves(gateway: Gateway, fake: FakeServer) -> None:
    assert wait_until(lambda: gateway.get("/readyz").status_code == 200, timeout_seconds=30)
    ready = gateway.get("/readyz")
    fake.health.set("", NOT_SERVING)
    unready = gateway.get("/readyz")

    assert (ready.status_code, ready.json()["status"], ready.json()["checks"]) == (200, "ready", {"server": "ok"})
    assert (ready.json()["service"], ready.json()["process"]) == ("inventory", "gateway")
    assert unready.status_code == 503
    assert (unready.json()["status"], unready.json()["checks"]) == ("not ready", {"server": "ERROR_GRPC_CONNECTION"})


def test_without_a_server_it_lives_and_says_so(start_gateway: Start) -> None:
    gateway = start_gateway(f"127.0.0.1:{free_port()}")

    response = gateway.send_json("collector/list")

    assert response.status_code == 503
    error = error_of(response)
    assert error["code"] == "ERROR_GRPC_CONNECTION"
    assert error["message"] == "Connection failed. (service = inventory, reason = cannot be reached)"
    assert gateway.get("/readyz").status_code == 503
    assert gateway.get("/healthz").status_code == 200
    assert gateway.get("/openapi.json").status_code == 200


def test_it_finds_a_server_that_comes_back(fake: Any, gateway: Gateway) -> None:
    assert gateway.send_json("collector/list").status_code == 200
    fake.stop()
    assert gateway.send_json("collector/list").status_code == 503

    fake.start(fake.port)

    assert wait_until(lambda: gateway.get("/readyz").status_code == 200, timeout_seconds=60)
    assert gateway.send_json("collector/list").status_code == 200


def test_it_counts_what_it_does(gateway: Gateway) -> None:
    def counted(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", gateway.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    good = 'inventory_gateway_requests_total{method="Collector.list",status="200"}'
    bad = 'inventory_gateway_requests_total{method="Collector.list",status="400"}'
    time_of = 'inventory_gateway_request_seconds_count{method="Collector.list"}'
    before = [counted(name) for name in (good, bad, time_of)]

    gateway.send_json("collector/list")
    gateway.send_json("collector/list", {"nonsense": 1})

    assert [counted(name) for name in (good, bad, time_of)] == [before[0] + 1, before[1] + 1, before[2] + 2]
    assert counted("inventory_gateway_requests_in_progress") == 0


def test_the_description_is_served(gateway: Gateway) -> None:
    document = gateway.get("/openapi.json").json()

    assert document["openapi"] == "3.1.0"
    assert len(document["paths"]) == len(routes())


@pytest.mark.parametrize("path", ["/docs", "/docs/docs.js", "/docs/docs.css"])
def test_the_page_needs_nobody_else(path: str, gateway: Gateway) -> None:
    response = gateway.get(path)

    assert response.status_code == 200
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"(https?:)?//[a-z]", response.text.replace("// ", ""))
    assert "innerHTML" not in response.text


def test_the_root_is_the_console(gateway: Gateway) -> None:
    root = gateway.get("/")

    assert root.status_code == 200
    assert "<title>Overview" in root.text
