"""compose.yaml starts what the code has, with settings that it has, for this machine only."""

from __future__ import annotations

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
    assert service["tmpfs"] == ["/tmp"]
    assert "privileged" not in service
    assert name in OURS or service["user"] not in ("root", "0")
    assert ":" not in service["image"] or not service["image"].endswith(":latest")


def test_ports_are_published_to_this_machine_only() -> None:
    published = {port for service in SERVICES.values() for port in service.get("ports", ())}

    assert published == {"127.0.0.1:50051:50051", "127.0.0.1:8080:8080"}


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


def test_volumes_and_configs_are_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    configs = {each["source"] for service in SERVICES.values() for each in service.get("configs", ())}

    assert used == set(COMPOSE["volumes"])
    assert configs == set(COMPOSE["configs"])


def test_one_service_builds_the_image_and_the_others_take_it() -> None:
    """Several that build one name at once collide on a machine that has not built it before."""
    assert [name for name in SERVICES if "build" in SERVICES[name]] == ["migrate"]
    assert {SERVICES[name]["image"] for name in OURS} == {SERVICES["migrate"]["image"]}
    assert {SERVICES[name]["pull_policy"] for name in OURS if name != "migrate"} == {"never"}


def test_configs_are_files_since_roots_are_read_only() -> None:
    """Inline content is copied into the container: Docker refuses that where its root file system is read-only."""
    for config in COMPOSE["configs"].values():
        assert set(config) == {"file"}
        assert (ROOT / config["file"]).is_file()


def test_the_platform_file_is_one_and_names_the_plugin_that_runs() -> None:
    text = (ROOT / COMPOSE["configs"]["platform"]["file"]).read_text(encoding="utf-8")
    content = PlatformContent.model_validate(yaml.safe_load(text))

    arguments = SERVICES["plugin-local"]["command"]
    assert str(content.plugins[0].endpoint) == f"grpc://plugin-local:{arguments[arguments.index('--port') + 1]}"
    target = SERVICES["server"]["configs"][0]["target"]
    assert load_settings(SERVICES["server"]["environment"]).static_file is not None
    assert SERVICES["server"]["environment"]["INVENTORY_STATIC_FILE"] == target
