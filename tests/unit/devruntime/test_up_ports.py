"""Which ports `up` uses, and that all it says about them is true."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from inventory.devruntime import ports, up
from inventory.devruntime.up import UpOptions
from inventory.devruntime.up_ports import Ports, choose_ports
from inventory.errors import SettingsError
from inventory.settings import Settings

USUAL = {50051, 50060, 50061, 50062, 50063, 50064, 50065, 8080}


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The ports that other processes of this machine have."""
    numbers: set[int] = set()
    monkeypatch.setattr(ports, "is_taken", lambda port, host="": port in numbers)
    return numbers


def _chosen(found: Ports) -> list[int | None]:
    return [found.server, *found.health, found.gateway, found.plugin, found.mongodb, found.redis]


def test_usual_ports_that_are_free_are_used(taken: set[int], tmp_path: Path) -> None:
    found = choose_ports(Settings(), tmp_path / "platform.yaml")
    assert set(_chosen(found)) == USUAL
    assert found.replaced == ()
    assert "127.0.0.1:50060" in (tmp_path / "platform.yaml").read_text()


def test_every_usual_port_that_is_taken_is_replaced_by_the_next_free_one_and_said(
    taken: set[int], tmp_path: Path
) -> None:
    taken |= USUAL | {50066}
    found = choose_ports(Settings(), tmp_path / "platform.yaml")
    numbers = _chosen(found)
    assert len(set(numbers)) == len(USUAL)
    assert not set(numbers) & taken
    assert (found.server, found.gateway) == (50052, 8081)
    assert f"127.0.0.1:{found.plugin}" in (tmp_path / "platform.yaml").read_text()
    told = "\n".join(found.replaced)
    for usual, number, setting in (
        (50051, found.server, "INVENTORY_PORT"),
        (8080, found.gateway, "INVENTORY_GATEWAY_PORT"),
        (50065, found.server_health, "INVENTORY_SERVER_HEALTH_PORT"),
        (50061, found.worker, "INVENTORY_WORKER_HEALTH_PORT"),
        (50062, found.scheduler, "INVENTORY_SCHEDULER_HEALTH_PORT"),
        (50060, found.plugin, "--plugin-port"),
        (50063, found.mongodb, "--mongo-port"),
        (50064, found.redis, "--redis-port"),
    ):
        assert f"Port {usual} is taken: " in told
        assert f"listens on {number}. {setting} chooses another." in told


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("port", "INVENTORY_PORT"),
        ("gateway_port", "INVENTORY_GATEWAY_PORT"),
        ("server_health_port", "INVENTORY_SERVER_HEALTH_PORT"),
        ("worker_health_port", "INVENTORY_WORKER_HEALTH_PORT"),
        ("scheduler_health_port", "INVENTORY_SCHEDULER_HEALTH_PORT"),
        ("plugin_port", "--plugin-port"),
        ("mongo_port", "--mongo-port"),
        ("redis_port", "--redis-port"),
    ],
)
def test_a_port_that_was_chosen_must_be_free(taken: set[int], tmp_path: Path, setting: str, named: str) -> None:
    taken.add(7001)
    of_settings = {setting: 7001} if setting in Settings.model_fields else {}
    options = {} if of_settings else {setting: 7001}
    with pytest.raises(SettingsError, match=f"Port 7001 .* is taken, so the .*{named}"):
        choose_ports(Settings(**of_settings), tmp_path / "platform.yaml", **options)
    assert not (tmp_path / "platform.yaml").exists()


def test_a_usual_port_gives_way_to_one_that_was_chosen_and_two_cannot_be_the_same(
    taken: set[int], tmp_path: Path
) -> None:
    found = choose_ports(Settings(port=50061), tmp_path / "platform.yaml")
    assert (found.server, found.worker) == (50061, 50066)
    with pytest.raises(SettingsError, match="chosen twice, with INVENTORY_PORT and --mongo-port"):
        choose_ports(Settings(port=7001), tmp_path / "platform.yaml", mongo_port=7001)


def test_what_up_says_and_writes_is_where_its_processes_listen(taken: set[int], tmp_path: Path) -> None:
    taken |= {8080, 50051, 50061}
    out = Console(file=StringIO(), width=200)
    options = UpOptions(data_dir=tmp_path, settings=Settings(), console=out)

    plan = up._plan(options)
    up._welcome(options, plan)

    worker, gateway = (
        next(each for each in plan.processes + plan.storeless if each.name == name).env
        for name in ("worker", "gateway")
    )
    assert worker is not None
    assert gateway is not None
    assert isinstance(out.file, StringIO)
    printed = out.file.getvalue()
    for name, environment, line in (
        ("port", worker, "gRPC API │ 127.0.0.1:{}"),
        ("worker_health_port", worker, "worker │ http://127.0.0.1:{}/readyz"),
        ("gateway_port", gateway, "console │ http://127.0.0.1:{}/"),
    ):
        number = plan.settings[name]
        assert environment[f"INVENTORY_{name.upper()}"] == number
        assert int(number) not in taken
        assert line.format(number) in " ".join(printed.split())
    assert plan.endpoint.endswith(plan.settings["port"])
    assert "Port 50061 is taken: the worker's health page listens on 50066." in printed
    assert f"--endpoint {plan.endpoint} collector list" in printed
