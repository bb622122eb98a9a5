"""Where doctor looks for the processes' pages."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from inventory.devruntime.ports import free_port
from inventory.doctor.finding import Level
from inventory.doctor.pages import check_processes
from inventory.observe.health_pages import HealthServer
from inventory.settings import Settings


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_processes_on_ipv6_are_found(host: str) -> None:
    with HealthServer(host=host, port=0, checks={}, registry=CollectorRegistry()) as pages:
        settings = Settings(
            host=host, worker_health_port=pages.port, gateway_port=free_port(), scheduler_health_port=free_port()
        )
        found = {finding.check: finding for finding in check_processes(settings)}

    assert found["worker"].level is Level.OK
    assert f"http://[::1]:{settings.gateway_port}/" in found["gateway"].message
