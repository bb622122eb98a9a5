"""`inventory health` tells whether the process of this container is well."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry

from inventory.cli import cli
from inventory.devruntime.platform_file import DEFAULT_PLUGIN_PORT
from inventory.errors import ConnectionFailureError
from inventory.observe.health_pages import HealthServer
from inventory.observe.page_owner import PageOwner
from inventory.process.health_check import DEFAULT_HOST, PORTS, applies
from inventory.settings import PREFIX, Settings
from tests.fakes.neighbours import another_program
from tests.ports import free_port

KINDS = {
    "server": "SERVER_HEALTH_PORT",
    "worker": "WORKER_HEALTH_PORT",
    "scheduler": "SCHEDULER_HEALTH_PORT",
    "gateway": "GATEWAY_PORT",
}
WORKER = PageOwner("worker", "installation-1")


def away() -> None:
    raise ConnectionFailureError(service="mongodb")


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A free port for each kind of process."""
    others = {kind: (name, free_port() if not name else port) for kind, (name, port) in PORTS.items()}
    monkeypatch.setattr("inventory.cli.commands.health.PORTS", others)
    return {kind: free_port() for kind in KINDS}


@pytest.fixture
def worker(ports: Mapping[str, int]) -> Iterator[HealthServer]:
    """The pages of a worker that is well."""
    with HealthServer(
        host="127.0.0.1", port=ports["worker"], checks={}, owner=WORKER, registry=CollectorRegistry()
    ) as pages:
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
    with HealthServer(host=host, port=ports["worker"], checks={}, owner=WORKER, registry=CollectorRegistry()):
        assert ask(ports, "worker", host=host).exit_code == 0


@pytest.mark.usefixtures("worker")
def test_one_that_should_be_there_and_is_not_is_ill(ports: dict[str, int]) -> None:
    told = ask(ports, "scheduler")

    assert told.exit_code == 1
    assert "scheduler" in told.stderr


def test_nobody_there_is_ill(ports: dict[str, int]) -> None:
    assert ask(ports).exit_code == 1


def test_one_that_is_not_ready_is_ill_and_says_why(ports: dict[str, int]) -> None:
    checks = {"mongodb": away, "redis": lambda: None}
    with HealthServer(
        host="127.0.0.1", port=ports["worker"], checks=checks, owner=WORKER, registry=CollectorRegistry()
    ):
        told = ask(ports)

    assert (told.exit_code, told.stderr) == (1, "worker is not ready: mongodb: ERROR_GRPC_CONNECTION\n")


def test_a_page_that_never_answers_is_ill(ports: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.process.health_check.TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", ports["scheduler"])):
        told = ask(ports, "scheduler")

    assert told.exit_code == 1
    assert "does not answer" in told.stderr


def test_the_page_of_another_process_is_not_taken_for_ours(ports: dict[str, int]) -> None:
    with HealthServer(host="127.0.0.1", port=ports["scheduler"], checks={}, owner=WORKER, registry=CollectorRegistry()):
        named, any_one = ask(ports, "scheduler"), ask(ports)

    port = ports["scheduler"]
    assert (named.exit_code, named.stderr) == (
        1,
        f"scheduler is not ready: inventory's worker answers at its port {port}\n",
    )
    assert (any_one.exit_code, any_one.stderr) == (1, "any process should listen here, but does not\n")


def test_the_page_of_another_program_is_not_taken_for_ours(ports: dict[str, int]) -> None:
    with another_program(port := ports["gateway"]):
        told = ask(ports, "gateway")

    assert (told.exit_code, told.stderr) == (
        1,
        f"gateway is not ready: another program answers at its port {port}\n",
    )


def test_the_command_asks_where_the_settings_say() -> None:
    for name, default in PORTS.values():
        if name:
            assert Settings.model_fields[name.removeprefix(PREFIX).lower()].default == default
    assert Settings.model_fields["host"].default == DEFAULT_HOST
    assert PORTS["plugin-local"][1] == DEFAULT_PLUGIN_PORT


@pytest.mark.usefixtures("worker")
def test_a_health_check_imports_next_to_nothing(ports: dict[str, int]) -> None:
    code = (
        "import sys; sys.argv = ['inventory', 'health', 'worker']; from inventory.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, *sorted({each.partition('.')[0] for each in sys.modules}))"
    )
    environment = os.environ | {"INVENTORY_WORKER_HEALTH_PORT": str(ports["worker"])}
    status, *imported = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()

    assert status == "0"
    assert not {"click", "grpc", "pydantic", "rich", "google", "pymongo", "asyncio", "email"} & set(imported)


@pytest.mark.parametrize("arguments", [["health", "--help"], ["health", "nobody"], ["job", "list"], []])
def test_whatever_is_more_than_a_check_goes_to_the_command_line(arguments: list[str]) -> None:
    assert not applies(arguments, {})
    assert not applies(["health"], {"INVENTORY_CONFIG": "settings.yaml"})
    assert not applies(["health"], {"INVENTORY_GATEWAY_PORT": "many"})
    assert applies(["health", "worker"], {"INVENTORY_GATEWAY_PORT": "8081"})
