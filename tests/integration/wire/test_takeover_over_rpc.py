"""What was taken over of the original, as a client sees it: every kind by RPC, then a collect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from pymongo import MongoClient

from inventory.migration.original.takeover import Takeover
from inventory.model.connection import CODEC
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.wire.client import Client, Json
from tests.integration.wire.wire_kit import Wire

DUMP = Path(__file__).parents[2] / "data" / "original" / "dump.json"
NAME = "test_original_rpc"
DOMAIN = "domain-1"
COLLECTOR = "collector-0a0000000001"


@pytest.fixture(scope="module")
def plugin() -> Iterator[FakePlugin]:
    with FakePlugin() as running:
        yield running


@pytest.fixture(scope="module")
def wire(
    mongo_uri: str, redis_url: str, plugin: FakePlugin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wire]:
    """A service on the database that the dump became."""
    made = Wire(mongo_uri, redis_url, tmp_path_factory.mktemp("takeover"))
    versions = {"1.16.3": plugin.endpoint}
    made.write_platform(
        {
            "plugins": [{"plugin_id": "plugin-aws", "provider": "aws", "versions": versions, "latest": "1.16.3"}],
            "secrets": [
                {"secret_id": "secret-1", "provider": "aws", "service_account_id": "sa-1", "project_id": "project-1"}
                | {"data": {"key": "value"}}
            ],
            "projects": [{"project_id": "project-1"}],
        }
    )
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.drop_database(NAME)
        source = client.get_database(NAME, codec_options=CODEC)
        options = json_util.JSONOptions(tz_aware=True)
        for name, documents in json_util.loads(DUMP.read_text(encoding="utf-8"), json_options=options).items():
            source[name].insert_many(documents)
        Takeover(source=source, target=made.database, clock=made.container.clock).run()
        client.drop_database(NAME)
    yield made.start_worker()
    made.close()


@pytest.fixture(scope="module")
def client(wire: Wire) -> Client:
    return Client(wire.serve(), domain_id=DOMAIN)


def listed(client: Client, service: str, **request: object) -> list[Json]:
    return list(client.call(f"{service}.list", dict(request)).get("results", []))


def part(found: Json, expected: Json) -> Json:
    """Return of an answer what the expectation names."""
    return {
        name: part(found.get(name, {}), value) if isinstance(value, dict) else found.get(name)
        for name, value in expected.items()
    }


EXPECTED: dict[str, list[Json]] = {
    "Collector": [
        {
            "collector_id": COLLECTOR,
            "name": "aws",
            "state": "ENABLED",
            "provider": "aws",
            "is_public": True,
            "plugin_info": {"plugin_id": "plugin-aws", "version": "1.16.3", "upgrade_mode": "AUTO"},
            "priority": 3.0,
            "tags": {"owner.team": "cloud"},
            "created_at": "2023-09-12T01:02:03.004Z",
            "last_collected_at": "2023-09-20T05:00:00.000Z",
            "domain_id": DOMAIN,
        }
    ],
    "CloudServiceType": [
        {
            "cloud_service_type_id": "cloud-svc-type-0a0000000001",
            "name": "Server",
            "provider": "aws",
            "group": "Compute",
            "cloud_service_type_key": "aws.Compute.Server",
            "service_code": "AmazonEC2",
            "is_primary": True,
            "labels": ["Compute"],
            "domain_id": DOMAIN,
        }
    ],
    "Region": [
        {
            "region_id": "region-0a0000000001",
            "name": "N. Virginia",
            "region_code": "region-1",
            "provider": "aws",
            "tags": {"continent": "north_america"},
            "domain_id": DOMAIN,
        }
    ],
    "Job": [
        {"job_id": "job-0a0000000001", "status": "SUCCESS", "total_tasks": 1, "domain_id": DOMAIN},
        {"job_id": "job-0a0000000002", "status": "CANCELED", "total_tasks": 1, "domain_id": DOMAIN},
    ],
    "JobTask": [
        {"job_task_id": "job_task-0a0000000001", "status": "SUCCESS", "job_id": "job-0a0000000001", "created_count": 1},
        {"job_task_id": "job_task-0a0000000002", "status": "CANCELED", "job_id": "job-0a0000000002"},
    ],
}


@pytest.mark.parametrize("service", EXPECTED)
def test_every_kind_is_listed_with_the_answers_of_the_original(client: Client, service: str) -> None:
    expected = EXPECTED[service]
    key = next(iter(expected[0]))
    found = sorted(listed(client, service), key=lambda each: str(each[key]))

    assert [part(each, wanted) for each, wanted in zip(found, expected, strict=True)] == expected
    assert client.call(f"{service}.list")["total_count"] == len(expected)


def test_resources_are_listed_with_their_tags_and_history(client: Client) -> None:
    found = {each["cloud_service_id"]: each for each in listed(client, "CloudService")}
    # Of the four, one was deleted, and shows only where it is asked for.
    assert client.call("CloudService.list")["total_count"] == len(found) == 3
    deleted = listed(client, "CloudService", state="DELETED")
    assert [each["cloud_service_id"] for each in deleted] == ["cloud-svc-0a0000000004"]

    first = found["cloud-svc-0a0000000001"]
    expected = {
        "name": "i-1",
        "state": "ACTIVE",
        "account": "123456789012",
        "instance_type": "m5.large",
        "ip_addresses": ["10.0.0.1"],
        "provider": "aws",
        "data": {"os": "linux"},
        "reference": {"resource_id": "arn:i-1"},
        "tags": {"aws": {"aws:autoscaling.group/name": "web"}},
        "project_id": "project-1",
        "created_at": "2023-09-12T02:00:00.000Z",
    }
    assert part(first, expected) == expected
    (change,) = listed(client, "ChangeHistory", cloud_service_id="cloud-svc-0a0000000001")
    assert (change["record_id"], change["action"]) == ("record-0a0000000001", "UPDATE")


def test_schedules_and_rules_are_found_by_their_collector(client: Client) -> None:
    of = {"collector_id": COLLECTOR}
    schedules = {each["schedule_id"]: each for each in client.call("Collector.list_schedules", dict(of))["results"]}
    (rule,) = listed(client, "CollectorRule")

    assert schedules.keys() == {"sched-0a0000000001", "sched-0a0000000002"}
    good = schedules["sched-0a0000000001"]
    assert (good["name"], good["schedule"]["hours"]) == ("four times a day", [0, 6, 12, 18])
    expected = {
        "collector_rule_id": "collector-rule-0a0000000001",
        "rule_type": "CUSTOM",
        "conditions": [{"key": "tags.env", "value": "prod", "operator": "eq"}],
        "actions": {"change_project": "project-1"},
    }
    assert part(rule, expected) == expected


def test_another_domain_sees_nothing_of_it(wire: Wire) -> None:
    other = Client(wire.serve(), domain_id="domain-2")
    for service in (*EXPECTED, "CloudService"):
        assert listed(other, service) == []


def test_a_collect_updates_what_is_there_and_creates_nothing(client: Client, plugin: FakePlugin) -> None:
    before = {
        service: client.call(f"{service}.list")["total_count"] for service in ("CloudService", "CloudServiceType")
    }
    seen: dict[str, Any] = {"provider": "aws", "account": "123456789012", "region_code": "region-1"}
    plugin.resources = [cloud_service("arn:i-1", name="i-1", data={"os": "windows"}, **seen)]

    job = client.finished(client.call("Collector.collect", {"collector_id": COLLECTOR}))

    assert (job["status"], job["total_tasks"]) == ("SUCCESS", 1)
    (task,) = client.tasks(job)
    assert (task.get("created_count", 0), task["updated_count"], task.get("failure_count", 0)) == (0, 1, 0)
    ids = {each["cloud_service_id"]: each for each in listed(client, "CloudService")}
    assert ids["cloud-svc-0a0000000001"]["data"] == {"os": "windows"}
    assert client.call("CloudServiceType.list")["total_count"] == before["CloudServiceType"]
    assert len(ids) == before["CloudService"] - task.get("deleted_count", 0)
