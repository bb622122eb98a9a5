"""compose.yaml starts what the code has, with settings that it has, for this machine only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.api.listen import check_address, check_identity
from inventory.connector.static.schema import PlatformContent
from inventory.gateway.process import check_address as check_gateway_address
from tests.unit.deploy.deploy_kit import ROOT, check_command, load_settings

KINDS = ("server", "worker", "scheduler", "gateway", "plugin-local")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = (*KINDS, "migrate")


def test_all_that_is_needed_is_there() -> None:
    assert set(SERVICES) == {"mongodb", "mongodb-init", "redis", *OURS}


@pytest.mark.parametrize("name", OURS)
def test_each_of_our_services_runs_its_command_with_settings_that_work(name: str) -> None:
    service = SERVICES[name]

    assert check_command(service["command"]) == name
    loaded = load_settings(service.get("environment", {}))
    check_address(loaded)
    check_identity(loaded)
    check_gateway_address(loaded)
    if name != "plugin-local":
        assert loaded.mongo_uri.get_secret_value() == "mongodb://mongodb:27017/?replicaSet=rs0"
        assert loaded.redis_url.get_secret_value() == "redis://redis:6379/0"
    assert not loaded.migrate_at_start or name == "plugin-local"


@pytest.mark.parametrize("name", KINDS)
def test_health_checks_ask_for_the_process_that_is_there(name: str) -> None:
    program, *asked = SERVICES[name]["healthcheck"]["test"][1:]

    assert (program, check_command(asked), asked[1]) == ("inventory", "health", name)


@pytest.mark.parametrize("name", list(SERVICES))
def test_every_container_is_locked_down(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]
    assert "privileged" not in service
    assert name in OURS or service["user"] not in ("root", "0")
    assert ":" not in service["image"] or not service["image"].endswith(":latest")


def test_ports_are_published_to_this_machine_only() -> None:
    published = {port for service in SERVICES.values() for port in service.get("ports", ())}

    assert published == {"127.0.0.1:${GRPC_PORTS:-50051}:50051", "127.0.0.1:8080:8080"}


def test_each_waits_for_what_it_needs_and_that_can_come_true() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert not SERVICES[other]["healthcheck"].get("disable"), f"{name} waits for {other}"
            else:
                assert how["condition"] == "service_completed_successfully"
                assert SERVICES[other]["restart"] == "on-failure"
    for name in ("server", "worker", "scheduler"):
        assert {"migrate", "redis"} <= set(SERVICES[name]["depends_on"])
    assert set(SERVICES["migrate"]["depends_on"]) == {"mongodb-init"}


def test_volumes_are_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}

    assert {each for each in used if not each.startswith(".")} == set(COMPOSE["volumes"])


def test_every_volume_that_an_image_declares_is_mounted_or_in_memory() -> None:
    """Else each start leaves an anonymous one behind."""
    for service in SERVICES.values():
        if service["image"].startswith("mongo:"):
            mounted = {volume.split(":")[1] for volume in service.get("volumes", ())} | set(service["tmpfs"])
            assert {"/data/db", "/data/configdb"} <= mounted


@pytest.mark.parametrize("name", list(SERVICES))
def test_logs_and_memory_are_limited(name: str) -> None:
    service = SERVICES[name]

    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["mem_limit"]


def test_what_drains_is_given_the_time_for_it() -> None:
    for name in KINDS:
        drain_seconds = load_settings(SERVICES[name].get("environment", {})).drain_seconds
        assert _seconds(SERVICES[name]["stop_grace_period"]) >= drain_seconds + 10
    assert _seconds(SERVICES["mongodb"]["stop_grace_period"]) == 60


def test_health_checks_are_rare_once_a_container_is_well() -> None:
    for name, service in SERVICES.items():
        check = service.get("healthcheck", {"disable": True})
        if not check.get("disable"):
            assert _seconds(check["interval"]) >= 30, name
            assert _seconds(check["start_interval"]) < 5
            assert _seconds(check["start_period"]) >= 30


def _seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


def test_one_service_builds_the_image_and_the_others_take_it() -> None:
    """Several that build one name at once collide on a machine that has not built it before."""
    assert [name for name in SERVICES if "build" in SERVICES[name]] == ["migrate"]
    assert {SERVICES[name]["image"] for name in OURS} == {SERVICES["migrate"]["image"]}
    assert {SERVICES[name]["pull_policy"] for name in OURS if name != "migrate"} == {"never"}


def test_the_platform_file_is_one_and_names_the_plugin_that_runs() -> None:
    [mount] = SERVICES["server"]["volumes"]
    source, target, mode = mount.split(":")
    file = Path(SERVICES["server"]["environment"]["INVENTORY_STATIC_FILE"])
    content = PlatformContent.model_validate(yaml.safe_load((ROOT / source / file.name).read_text(encoding="utf-8")))

    arguments = SERVICES["plugin-local"]["command"]
    assert str(content.plugins[0].endpoint) == f"grpc://plugin-local:{arguments[arguments.index('--port') + 1]}"
    # A folder: what is mounted as a file stays the old one where an editor saves by renaming.
    assert (ROOT / source).is_dir()
    assert (str(file.parent), mode) == (target, "ro")
