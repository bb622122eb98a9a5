"""`inventory health` tells whether the process of this container is well."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

import pytest
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry

from inventory.cli import cli
from inventory.devruntime.ports import free_port
from inventory.errors import ConnectionFailureError
from inventory.observe.health_pages import HealthServer

KINDS = {
    "server": "PORT",
    "worker": "WORKER_HEALTH_PORT",
    "scheduler": "SCHEDULER_HEALTH_PORT",
    "gateway": "GATEWAY_PORT",
}


def away() -> None:
    raise ConnectionFailureError(service="mongodb")


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A free port for each kind of process."""
    monkeypatch.setattr("inventory.devruntime.platform_file.DEFAULT_PLUGIN_PORT", free_port())
    return {kind: free_port() for kind in KINDS}


@pytest.fixture
def worker(ports: Mapping[str, int]) -> Iterator[HealthServer]:
    """The pages of a worker that is well."""
    with HealthServer(host="127.0.0.1", port=ports["worker"], checks={}, registry=CollectorRegistry()) as pages:
        yield pages


def ask(ports: Mapping[str, int], *kind: str, host: str = "127.0.0.1") -> Result:
    environment = {f"INVENTORY_{KINDS[each]}": str(port) for each, port in ports.items()} | {"INVENTORY_HOST": host}
    return CliRunner().invoke(cli, ["health", *kind], env=environment)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_one_that_listens_is_asked(ports: dict[str, int], host: str) -> None:
    assert ask(ports, host=host).exit_code == 0
    assert ask(ports, "worker").exit_code == 0


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_one_that_listens_on_ipv6_is_asked_there(ports: dict[str, int], host: str) -> None:
    with HealthServer(host=host, port=ports["worker"], checks={}, registry=CollectorRegistry()):
        assert ask(ports, "worker", host=host).exit_code == 0


@pytest.mark.usefixtures("worker")
def test_one_that_should_be_there_and_is_not_is_ill(ports: dict[str, int]) -> None:
    told = ask(ports, "scheduler")

    assert told.exit_code == 1
    assert "scheduler" in told.stderr


def test_nobody_there_is_ill(ports: dict[str, int]) -> None:
    assert ask(ports).exit_code == 1


def test_a_server_with_tls_is_asked_by_its_page(ports: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    page = free_port()
    monkeypatch.setenv("INVENTORY_TLS_CERTIFICATE_FILE", "certificate.pem")
    monkeypatch.setenv("INVENTORY_SERVER_HEALTH_PORT", str(page))
    with socket.create_server(("127.0.0.1", ports["server"])):
        assert ask(ports, "server").exit_code == 1
        with HealthServer(host="127.0.0.1", port=page, checks={"mongodb": away}, registry=CollectorRegistry()):
            assert ask(ports, "server").exit_code == 1
        with HealthServer(host="127.0.0.1", port=page, checks={}, registry=CollectorRegistry()):
            assert ask(ports, "server").exit_code == 0


def test_one_that_is_not_ready_is_ill_and_named(ports: dict[str, int]) -> None:
    checks = {"mongodb": away}
    with HealthServer(host="127.0.0.1", port=ports["worker"], checks=checks, registry=CollectorRegistry()):
        told = ask(ports)

    assert (told.exit_code, told.stderr) == (1, "worker is not ready\n")
