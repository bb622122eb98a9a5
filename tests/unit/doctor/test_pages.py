"""Where doctor looks for the processes' pages."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from inventory.doctor.pages import check_processes
from inventory.domain.finding import Finding, Level
from inventory.observe.health_pages import HealthServer
from inventory.observe.page_owner import PageOwner
from inventory.settings import Settings
from inventory.settings.installation import gateway_mark, store_mark
from tests.fakes.neighbours import another_program
from tests.ports import free_port


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_processes_on_ipv6_are_found(host: str) -> None:
    with HealthServer(
        host=host, port=0, checks={}, owner=PageOwner("worker", store_mark(Settings())), registry=CollectorRegistry()
    ) as pages:
        settings = Settings(
            host=host, worker_health_port=pages.port, gateway_port=free_port(), scheduler_health_port=free_port()
        )
        found = {finding.check: finding for finding in check_processes(settings)}

    assert found["worker"].level is Level.OK
    assert f"http://[::1]:{settings.gateway_port}/" in found["gateway"].message


def elsewhere(uri: str, **more: Any) -> Settings:
    return Settings(mongo_uri=SecretStr(uri), **more)


@pytest.fixture
def settings() -> Settings:
    """Those of this installation, at whose ports nobody listens."""
    ports = {name: free_port() for name in ("port", "gateway_port", "worker_health_port", "scheduler_health_port")}
    return elsewhere("mongodb://db-1,db-2/?replicaSet=rs0", **ports)


def found_for(settings: Settings, process: str) -> Finding:
    (found,) = [each for each in check_processes(settings) if each.check == process]
    return found


@pytest.mark.parametrize("process", ["gateway", "worker", "scheduler"])
def test_another_program_at_the_port_is_not_ours(settings: Settings, process: str) -> None:
    port = settings.gateway_port if process == "gateway" else getattr(settings, f"{process}_health_port")

    with another_program(port):
        found = found_for(settings, process)

    assert (found.level, found.message) == (
        Level.WARN,
        f"another program answers at http://127.0.0.1:{port}/readyz",
    )


def test_another_kind_of_process_at_the_port_is_not_the_one_asked_for(settings: Settings) -> None:
    owner = PageOwner("scheduler", store_mark(settings))
    with HealthServer(
        host="127.0.0.1", port=settings.worker_health_port, checks={}, owner=owner, registry=CollectorRegistry()
    ):
        found = found_for(settings, "worker")

    assert (found.level, found.message.split(" at ")[0]) == (Level.WARN, "inventory's scheduler answers")


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize(("process", "port"), [("worker", "worker_health_port"), ("gateway", "gateway_port")])
def test_a_process_of_another_installation_is_not_ours(
    settings: Settings, ready: bool, process: str, port: str
) -> None:
    others = elsewhere("mongodb://db-3/", port=free_port())
    owner = PageOwner(process, store_mark(others) if process == "worker" else gateway_mark(others))
    number = getattr(settings, port)
    with HealthServer(host="127.0.0.1", port=number, checks={}, owner=owner, registry=CollectorRegistry()) as pages:
        if not ready:
            pages.drain()
        found = found_for(settings, process)

    assert found.level is Level.WARN
    assert found.message.endswith("belongs to another installation")


def test_without_a_mongodb_in_the_settings_the_kind_of_process_must_do(settings: Settings) -> None:
    owner = PageOwner("worker", store_mark(settings))
    unknown = settings.model_copy(update={"mongo_uri": SecretStr("")})
    with HealthServer(
        host="127.0.0.1", port=settings.worker_health_port, checks={}, owner=owner, registry=CollectorRegistry()
    ):
        assert found_for(unknown, "worker").level is Level.OK


def test_an_installation_is_known_by_where_its_settings_lead_and_shows_nothing_of_them() -> None:
    mark = store_mark(elsewhere("mongodb://db-1,db-2/?replicaSet=rs0"))

    assert mark == store_mark(elsewhere("mongodb://user:pa55word@DB-2,db-1/admin?replicaSet=rs0&tls=true"))
    assert mark != store_mark(elsewhere("mongodb://db-1,db-2/", mongo_database="other"))
    assert mark != store_mark(elsewhere("mongodb://db-1,db-3/"))
    assert "db-1" not in mark
    assert gateway_mark(Settings(port=50051)) == gateway_mark(Settings(gateway_upstream="127.0.0.1:50051"))
    assert gateway_mark(Settings(port=50051)) != gateway_mark(Settings(port=50052))
