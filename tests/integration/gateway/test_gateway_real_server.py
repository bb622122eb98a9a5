"""Every HTTP path in front of the real server, with MongoDB, Redis and a plugin; Collector by the seed's examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymongo.database import Database

from inventory.api.app import build_server
from inventory.api.gate import make_gate
from inventory.bootstrap import Container
from inventory.devruntime.child import wait_until
from inventory.gateway.openapi.texts import texts
from inventory.gateway.routes import routes
from inventory.model import connection
from inventory.model.connection import ping
from inventory.settings import Settings
from tests.fakes.plugin import FakePlugin
from tests.integration.gateway.conftest import Gateway, Start, error_of
from tests.servers import start_checked

METADATA = {"supported_schedules": ["hours"], "supported_features": ["garbage_collection"], "filter_format": []}
PATHS = {route.name: route.path for route in routes()}


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    """The plugin of the seed's examples."""
    with FakePlugin(metadata=METADATA) as running:
        yield running


@pytest.fixture
def real(
    plugin: FakePlugin,
    database: Database[dict[str, Any]],
    mongo_uri: str,
    redis_url: str,
    tmp_path: Path,
    start_gateway: Start,
) -> Iterator[Gateway]:
    """A gateway in front of the real server."""
    entry = {
        "plugin_id": "plugin-30d21ef75a5d",
        "provider": "aws",
        "endpoint": plugin.endpoint,
        "versions": ["1.13.13", "1.14.0"],
        "latest": "1.14.0",
    }
    content = {
        "plugins": [entry],
        "secrets": [{"secret_id": "secret-1", "provider": "aws", "data": {}}],
        "projects": [{"project_id": "project-52a423012d5e"}],
    }
    file = tmp_path / "platform.yaml"
    file.write_text(yaml.safe_dump(content))
    settings = Settings(
        mongo_uri=mongo_uri,
        mongo_database=database.name,
        redis_url=redis_url,
        queue_namespace=database.name,
        static_file=file,
        default_domain_id="domain-58010aa2e451",
        drain_seconds=5,
    )
    # The container connects by itself, as a process does.
    connection.disconnect()
    container = Container(settings)
    server = build_server(
        settings,
        use_cases=container,
        gate=make_gate(settings, container),
        check=lambda: ping(container.database),
        port=0,
    )
    start_checked(server)
    yield start_gateway(server.address)
    server.health.drain()
    server.grpc_server.stop(0).wait(10)
    server.health.join(10)
    container.close()


def example(name: str, **replaced: Any) -> dict[str, Any]:
    """The documented request of a method, with the ids that the test knows."""
    service, _, method = name.partition(".")
    request = dict(texts()[service].methods[method].example)
    assert replaced.keys() <= request.keys()
    return request | replaced


def call(gateway: Gateway, name: str, **replaced: Any) -> Any:
    """Call a method with its documented request; it must succeed."""
    response = gateway.post(PATHS[name], json=example(name, **replaced))
    assert response.status_code == 200, (name, response.text)
    return response.json()


def test_it_is_ready(real: Gateway) -> None:
    assert wait_until(lambda: real.get("/readyz").status_code == 200, timeout_seconds=30)


def test_every_method_of_collector_answers_the_seeds_example(real: Gateway, plugin: FakePlugin) -> None:
    made = call(real, "Collector.create")
    collector = {"collector_id": made["collector_id"]}
    assert made["name"] == "AWS Collector"
    assert (made["state"], made["priority"], made["is_public"]) == ("ENABLED", 1, True)
    assert made["plugin_info"]["metadata"] == METADATA

    assert call(real, "Collector.get", **collector) == made
    assert call(real, "Collector.update", **collector)["name"] == "New AWS Collector"
    assert call(real, "Collector.update_plugin", **collector)["plugin_info"]["version"] == "1.14.0"
    assert call(real, "Collector.verify_plugin", **collector) == {}
    assert call(real, "Collector.disable", **collector)["state"] == "DISABLED"
    assert call(real, "Collector.enable", **collector)["state"] == "ENABLED"
    assert call(real, "Collector.list")["total_count"] == 1
    assert call(real, "Collector.stat") == {"results": [{"provider": "aws", "count": 1}]}

    schedule = call(real, "Collector.add_schedule", **collector)
    assert schedule["schedule"] == {"hours": [16, 18, 20, 22, 0]}
    of = {**collector, "schedule_id": schedule["schedule_id"]}
    assert call(real, "Collector.get_schedule", **of)["name"] == "regular collection"
    assert call(real, "Collector.update_schedule", **of)["schedule"] == {"hours": [2, 4, 6, 8, 0]}
    assert call(real, "Collector.list_schedules", **collector)["total_count"] == 1
    assert call(real, "Collector.delete_schedule", **of) == {}

    job = call(real, "Collector.collect", **collector)
    assert (job["status"], job["total_tasks"], job["remained_tasks"]) == ("IN_PROGRESS", 1, 1)
    assert call(real, "Job.get", job_id=job["job_id"])["job_id"] == job["job_id"]
    tasks = call(real, "JobTask.list", job_id=job["job_id"])["results"]
    assert [task["status"] for task in tasks] == ["PENDING"]
    assert call(real, "JobTask.get", job_task_id=tasks[0]["job_task_id"])["job_id"] == job["job_id"]
    assert call(real, "JobTask.stat") == {"results": [{"status": "PENDING", "count": 1}]}
    assert call(real, "Job.list")["total_count"] == 1
    assert call(real, "Job.stat") == {"results": [{"status": "IN_PROGRESS", "count": 1}]}
    assert call(real, "JobTask.delete", job_task_id=tasks[0]["job_task_id"]) == {}
    assert call(real, "Job.delete", job_id=job["job_id"]) == {}
    assert call(real, "Collector.delete", **collector) == {}
    assert call(real, "Collector.list") == {}


def test_every_method_of_the_resources_answers_its_example(real: Gateway) -> None:
    service = call(real, "CloudService.create")
    assert service["data"] == {"instance_id": "i-0a1b2c3d", "vcpus": 2}
    of = {"cloud_service_id": service["cloud_service_id"]}
    assert call(real, "CloudService.update", **of)["tags"] == {"custom": {"env": "prod"}}
    assert call(real, "CloudService.get", **of)["name"] == "web-1"
    assert call(real, "CloudService.list")["total_count"] == 1
    assert call(real, "CloudService.stat") == {"results": [{"provider": "aws", "count": 1}]}
    assert call(real, "CloudService.analyze")["results"] == [{"provider": "aws", "resources": 1}]
    records = call(real, "ChangeHistory.list", **of)["results"]
    assert sorted(record["action"] for record in records) == ["CREATE", "UPDATE"]
    assert len(call(real, "ChangeHistory.stat", **of)["results"]) == 2
    assert call(real, "CloudService.delete", **of) == {}

    for resource, key in (("CloudServiceType", "cloud_service_type_id"), ("Region", "region_id")):
        made = call(real, f"{resource}.create")
        of = {key: made[key]}
        assert call(real, f"{resource}.update", **of)[key] == made[key]
        assert call(real, f"{resource}.get", **of)["provider"] == "aws"
        assert call(real, f"{resource}.list")["total_count"] == 1
        assert call(real, f"{resource}.stat") == {"results": [{"provider": "aws", "count": 1}]}
        assert call(real, f"{resource}.delete", **of) == {}


def test_every_method_of_the_rules_answers_its_example(real: Gateway) -> None:
    collector = call(real, "Collector.create")["collector_id"]
    conditions = [{"k": "collector_id", "v": collector, "o": "eq"}]
    rule = call(real, "CollectorRule.create", collector_id=collector)
    of = {"collector_rule_id": rule["collector_rule_id"]}

    assert call(real, "CollectorRule.update", **of)["name"] == "all web servers"
    assert call(real, "CollectorRule.change_order", **of)["order"] == 1
    assert call(real, "CollectorRule.get", **of)["collector_id"] == collector
    assert call(real, "CollectorRule.list", query={"filter": conditions})["total_count"] == 1
    assert call(real, "CollectorRule.stat")["results"] == [{"rule_type": "CUSTOM", "count": 1}]
    assert call(real, "CollectorRule.delete", **of) == {}


def test_no_path_breaks_on_a_request_without_anything(real: Gateway) -> None:
    required = {
        f"{service}.{name}": method.required
        for service, text in texts().items()
        for name, method in text.methods.items()
    }
    required["Deletion.undo"] = ["deletion_id"]  # or a job_id: neither alone is required
    for name, path in PATHS.items():
        response = real.post(path)

        assert response.status_code == (400 if required[name] else 200), (name, response.text)
        if required[name]:
            error = error_of(response)
            assert error["code"] == "ERROR_REQUIRED_PARAMETER"
            assert error["details"][1]["field_violations"][0]["field"] in required[name]


def test_an_unknown_id_is_told_with_its_details(real: Gateway) -> None:
    response = real.send_json("collector/get", {"collector_id": "collector-f2e4e9cc7f21"})

    assert response.status_code == 400
    error = error_of(response)
    assert error["code"] == "ERROR_NOT_FOUND"
    assert error["details"][0]["metadata"]["transaction_id"] == response.headers["X-Transaction-Id"]


def test_what_only_http_clients_can_say_is_heard(real: Gateway) -> None:
    request = example("Collector.create") | {"priority": 0, "is_public": False, "project_id": "project-52a423012d5e"}

    made = real.post(PATHS["Collector.create"], json=request).json()

    assert (made.get("priority", 0), made.get("is_public", False)) == (0, False)
