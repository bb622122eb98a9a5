"""Collect: what is stored, what is answered, and what goes wrong when."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import grpc
import pytest

from inventory.connector.queue import RedisQueue
from inventory.errors import (
    CollectInitializeError,
    CollectorStateError,
    ConnectionFailureError,
    InitPluginFailureError,
    InvalidParameterError,
    InventoryError,
    NotFoundError,
    UnsupportedFilterKeyError,
)
from inventory.manager.transactions import Transactions
from inventory.service.job.collect import CollectRequest
from tests.fakes.plugin import Failure, FakePlugin
from tests.integration.service.collector_kit import ME, OTHER, Kit, RecordingQueue
from tests.manual_clock import ManualClock
from tests.ports import free_port

FILTER_FORMAT = [
    {"key": "region_name", "type": "list", "resource_type": "CUSTOM"},
    {
        "key": "name",
        "type": "list",
        "resource_type": "inventory.CloudService",
        "search_key": "inventory.CloudService.name",
        "change_rules": [{"resource_key": "reference.resource_id", "change_key": "instance_id"}],
    },
    {
        "key": "region_key",
        "type": "list",
        "resource_type": "inventory.Region",
        "change_rules": [{"resource_key": "region_code", "change_key": "region_name"}],
    },
]


def collect(kit: Kit, collector: dict[str, Any], **params: Any) -> dict[str, Any]:
    return kit.collects.collect(ME, CollectRequest(collector["collector_id"], **params))


def cloud_service(kit: Kit, resource_id: str, *secret_ids: str, domain_id: str = "domain-1", **fields: Any) -> None:
    kit.database["cloud_service"].insert_one(
        {
            "cloud_service_id": resource_id,
            "domain_id": domain_id,
            "state": "ACTIVE",
            "name": f"name-{resource_id}",
            "reference": {"resource_id": resource_id},
            "ref_region": f"{domain_id}.aws.r1",
            "collection_info": [{"provider": "aws", "secret_id": secret_id} for secret_id in secret_ids],
        }
        | fields
    )


def test_a_collect_makes_a_job_with_one_task_per_secret(kit: Kit) -> None:
    kit.add_secrets("secret-1", project_id="project-1", service_account_id="sa-1")
    kit.add_secrets("secret-2")
    kit.add_secrets("secret-3", provider="gcp")
    collector = kit.create(priority=7)
    job = collect(kit, collector)
    assert (job["status"], job["total_tasks"], job["remained_tasks"]) == ("IN_PROGRESS", 2, 2)
    assert job["projects"] == ["project-1"]
    assert job["filter"] == {}
    assert job["collector_info"]["name"] == "mine"
    assert "options" not in job["collector_info"]["plugin_info"]
    first, second = kit.tasks_of(job)
    assert (first["secret_id"], first["project_id"], first["service_account_id"], first["provider"]) == (
        "secret-1",
        "project-1",
        "sa-1",
        "aws",
    )
    assert (first["status"], first["filter"], first["full_collect"]) == ("PENDING", {}, True)
    assert "project_id" not in second
    slices = {found["slice_id"]: found for found in kit.database["slice"].find()}
    assert isinstance(kit.queue, RecordingQueue)
    assert set(kit.queue.enqueued) == set(slices)
    assert kit.queue.priorities == [7]
    assert {found["endpoint"] for found in slices.values()} == {kit.plugin.endpoint}
    assert kit.collector.get(ME, collector["collector_id"])["last_collected_at"] == kit.clock.now()
    assert kit.plugin.calls_of("collect") == []


def test_without_secrets_the_job_is_done_at_once(kit: Kit) -> None:
    job = collect(kit, kit.create())
    assert (job["status"], job["total_tasks"], job["finished_at"]) == ("SUCCESS", 0, kit.clock.now())


@pytest.mark.parametrize(
    ("plugin_info", "expected"),
    [
        ({"secret_id": "a"}, ["a"]),
        ({"secret_group_id": "group"}, ["b", "c"]),
        ({"secret_id": "a", "secret_group_id": "group"}, ["a", "b", "c"]),
        ({"secret_id": "b", "secret_group_id": "group"}, ["b", "c"]),
        ({}, ["a", "b", "c"]),
        ({"provider": ""}, []),
    ],
)
def test_the_secrets_are_those_the_plugin_info_points_at(
    kit: Kit, plugin_info: dict[str, str], expected: list[str]
) -> None:
    kit.add_secrets("a")
    kit.add_secrets("b", "c", groups=["group"])
    job = collect(kit, kit.create(plugin_info=plugin_info))
    assert [task["secret_id"] for task in kit.tasks_of(job)] == expected


def test_the_requests_secret_narrows_to_that_one(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    job = collect(kit, kit.create(), secret_id="secret-2")
    assert [task["secret_id"] for task in kit.tasks_of(job)] == ["secret-2"]


def test_a_foreign_secret_is_stored_as_a_job_in_error(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    collector = kit.create(plugin_info={"secret_id": "secret-1"})
    with pytest.raises(CollectInitializeError):
        collect(kit, collector, secret_id="secret-2")
    (job,) = kit.database["job"].find()
    assert (job["status"], job["planned"], job["total_tasks"]) == ("ERROR", True, 0)
    assert [error["error_code"] for error in job["errors"]] == ["ERROR_COLLECT_INITIALIZE"]
    assert job["finished_at"] == kit.clock.now()
    assert kit.database["job_task"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"collector_id": "collector-none"}, NotFoundError),
        ({"collect_mode": "SOME"}, InvalidParameterError),
        ({"filter": {"nope": 1}}, UnsupportedFilterKeyError),
    ],
)
def test_what_fails_before_the_job(kit: Kit, change: dict[str, Any], error: type[InventoryError]) -> None:
    kit.plugin.metadata = {"filter_format": FILTER_FORMAT}
    collector = kit.create()
    with pytest.raises(error):
        kit.collects.collect(ME, CollectRequest(**{"collector_id": collector["collector_id"], **change}))
    with pytest.raises(NotFoundError):
        kit.collects.collect(OTHER, CollectRequest(collector["collector_id"]))
    assert kit.database["job"].count_documents({}) == 0


def test_a_disabled_collector_refuses(kit: Kit) -> None:
    collector = kit.create()
    kit.collector.disable(ME, collector["collector_id"])
    with pytest.raises(CollectorStateError):
        collect(kit, collector)
    assert kit.database["job"].count_documents({}) == 0


def test_an_unknown_endpoint_makes_no_job(kit: Kit) -> None:
    collector = kit.create(plugin_info={"upgrade_mode": "MANUAL"})
    kit.content["plugins"][0] |= {"versions": {"9.0": kit.plugin.endpoint}, "latest": "9.0"}
    kit.write()
    with pytest.raises(NotFoundError):
        collect(kit, collector)
    assert kit.database["job"].count_documents({}) == 0


def test_an_upgrade_is_taken_on_the_way(kit: Kit) -> None:
    kit.add_secrets("secret-1")
    collector = kit.create()
    rule = {"conditions_policy": "ALWAYS", "actions": {"change_project": "project-1"}}
    with FakePlugin(metadata={"v": 2, "collector_rules": [rule]}) as newer:
        kit.upgrade("2.0", newer.endpoint)
        collect(kit, collector)
        info = kit.collector.get(ME, collector["collector_id"])["plugin_info"]
        assert (info["version"], info["metadata"]["v"]) == ("2.0", 2)
        assert len(kit.rules.list_of_collector("domain-1", collector["collector_id"])) == 1
        (found,) = kit.database["slice"].find()
        assert found["endpoint"] == newer.endpoint
        collect(kit, collector)
        assert len(newer.calls_of("init")) == 1


def test_a_failing_upgrade_makes_no_job_and_changes_nothing(kit: Kit) -> None:
    collector = kit.create()
    with FakePlugin(init_failure=Failure(grpc.StatusCode.INTERNAL, "no")) as newer:
        kit.upgrade("2.0", newer.endpoint)
        with pytest.raises(InitPluginFailureError):
            collect(kit, collector)
    assert kit.collector.get(ME, collector["collector_id"]) == collector
    assert kit.database["job"].count_documents({}) == 0


def test_a_manual_collector_is_not_upgraded(kit: Kit) -> None:
    kit.add_secrets("secret-1")
    collector = kit.create(plugin_info={"upgrade_mode": "MANUAL"})
    kit.upgrade("2.0", "grpc://127.0.0.1:1")
    collect(kit, collector)
    assert kit.collector.get(ME, collector["collector_id"])["plugin_info"]["version"] == "1.0"


def test_a_filter_without_a_format_is_passed_over_but_proves_nothing(kit: Kit) -> None:
    kit.add_secrets("secret-1")
    job = collect(kit, kit.create(), filter={"x": 1})
    (task,) = kit.tasks_of(job)
    assert (task["filter"], task["full_collect"], job["filter"]) == ({}, False, {"x": 1})


@pytest.mark.parametrize("mode", ["CREATE", "UPDATE"])
def test_only_mode_all_proves_something(kit: Kit, mode: str) -> None:
    kit.add_secrets("secret-1")
    job = collect(kit, kit.create(), collect_mode=mode)
    assert [task["full_collect"] for task in kit.tasks_of(job)] == [False]
    assert job["collect_mode"] == mode


def test_a_custom_filter_is_sent_as_it_is(kit: Kit) -> None:
    kit.add_secrets("secret-1")
    kit.plugin.metadata = {"filter_format": FILTER_FORMAT}
    job = collect(kit, kit.create(), filter={"region_name": "r1"})
    (task,) = kit.tasks_of(job)
    assert (task["filter"], task["full_collect"]) == ({"region_name": ["r1"]}, False)


def test_a_looked_up_filter_goes_to_the_secrets_that_collected(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2", "secret-3")
    kit.plugin.metadata = {"filter_format": FILTER_FORMAT}
    cloud_service(kit, "i-1", "secret-1", "secret-of-another")
    cloud_service(kit, "i-2", "secret-1", "secret-2", name="name-i-1")
    cloud_service(kit, "i-3", "secret-3")
    cloud_service(kit, "i-4", "secret-3", name="name-i-1", state="DELETED")
    cloud_service(kit, "i-5", "secret-3", name="name-i-1", domain_id="domain-2")
    job = collect(kit, kit.create(), filter={"name": ["name-i-1"]})
    assert {task["secret_id"]: task["filter"] for task in kit.tasks_of(job)} == {
        "secret-1": {"instance_id": ["i-1", "i-2"]},
        "secret-2": {"instance_id": ["i-2"]},
    }
    assert job["total_tasks"] == 2


def test_a_region_filter_goes_to_the_secrets_with_services_there(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    kit.plugin.metadata = {"filter_format": FILTER_FORMAT}
    for code in ("r1", "r2"):
        kit.database["region"].insert_one(
            {
                "region_id": f"region-{code}",
                "domain_id": "domain-1",
                "name": f"Region {code}",
                "region_code": code,
                "region_key": f"aws.{code}",
                "ref_region": f"domain-1.aws.{code}",
            }
        )
    cloud_service(kit, "i-1", "secret-1")
    collector = kit.create()
    here = collect(kit, collector, filter={"region_key": ["aws.r1"]})
    assert [(t["secret_id"], t["filter"]) for t in kit.tasks_of(here)] == [("secret-1", {"region_name": ["r1"]})]
    empty = collect(kit, collector, filter={"region_key": ["aws.r2"]})
    assert [task["filter"] for task in kit.tasks_of(empty)] == [{"region_name": ["r2"]}] * 2


def test_the_key_is_looked_up_and_the_search_key_is_for_consoles(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    rules = [{"resource_key": "reference.resource_id", "change_key": "instance_id"}]
    project = {"key": "project_id", "type": "list", "resource_type": "inventory.CloudService", "change_rules": rules}
    kit.plugin.metadata = {"filter_format": [{**project, "search_key": "identity.Project.project_id"}]}
    cloud_service(kit, "i-1", "secret-1", project_id="project-1")
    cloud_service(kit, "i-2", "secret-2", project_id="project-2")
    job = collect(kit, kit.create(), filter={"project_id": ["project-1"]})
    assert {task["secret_id"]: task["filter"] for task in kit.tasks_of(job)} == {"secret-1": {"instance_id": ["i-1"]}}


RULES = [{"resource_key": "reference.resource_id", "change_key": "instance_id"}]


@pytest.mark.parametrize(
    "format",
    [
        {"resource_type": "inventory.Server", "change_rules": RULES},
        {"resource_type": "identity.Project", "change_rules": RULES},
        {"resource_type": "inventory.CloudService", "change_rules": RULES, "key": "nothing"},
        {"resource_type": "inventory.CloudService", "change_rules": RULES, "key": "ref_region.name"},
        {"resource_type": "inventory.CloudService", "change_rules": []},
        {"resource_type": "inventory.CloudService", "change_rules": [*RULES, {"resource_key": "name"}]},
        {"resource_type": "inventory.CloudService", "change_rules": [*RULES, {"change_key": "zone"}]},
        {
            "resource_type": "inventory.CloudService",
            "change_rules": [*RULES, {"resource_key": "nothing", "change_key": "zone"}],
        },
    ],
)
def test_a_filter_that_cannot_be_translated_is_told_in_the_job(kit: Kit, format: dict[str, Any]) -> None:
    kit.add_secrets("secret-1")
    format = {"key": "name", "type": "list", **format}
    kit.plugin.metadata = {"filter_format": [format]}
    cloud_service(kit, "i-1", "secret-1", name="a")
    with pytest.raises(CollectInitializeError, match=f"filter_format {format['key']}"):
        collect(kit, kit.create(), filter={format["key"]: ["a"]})
    (job,) = kit.database["job"].find()
    assert (job["status"], [error["error_code"] for error in job["errors"]]) == ("ERROR", ["ERROR_COLLECT_INITIALIZE"])
    assert f"filter_format {format['key']}" in job["errors"][0]["message"]
    assert kit.database["job_task"].count_documents({}) == 0


@pytest.mark.parametrize("filter", [{"name": ["nobody"]}, {"region_name": []}, {"region_key": ["nowhere"]}])
def test_a_filter_that_finds_nothing_collects_nothing(kit: Kit, filter: dict[str, Any]) -> None:
    kit.add_secrets("secret-1")
    kit.plugin.metadata = {"filter_format": FILTER_FORMAT}
    job = collect(kit, kit.create(), filter=filter)
    assert (job["status"], job["total_tasks"], kit.tasks_of(job)) == ("SUCCESS", 0, [])


def test_the_cache_narrows_where_it_is_asked_for(kit: Kit, clock: ManualClock) -> None:
    kit.add_secrets("secret-1", "secret-2")
    collector = kit.create()
    kit.caches.merge(
        {"region.name": ["r1"]},
        domain_id="domain-1",
        collector_id=collector["collector_id"],
        secret_id="secret-1",
        job_task_id="t",
        now=clock.now(),
        hours=24,
        transactions=Transactions(database=kit.database),
    )
    tasks = kit.tasks_of(collect(kit, collector, use_cache=True))
    assert [(task["filter"], task["full_collect"]) for task in tasks] == [({"region.name": ["r1"]}, False), ({}, True)]
    assert [task["filter"] for task in kit.tasks_of(collect(kit, collector))] == [{}, {}]
    clock.advance(timedelta(hours=25))
    assert [task["filter"] for task in kit.tasks_of(collect(kit, collector, use_cache=True))] == [{}, {}]


@pytest.mark.parametrize("real", [False, True])
def test_with_redis_away_the_job_is_recorded_and_answered(kit: Kit, real: bool) -> None:
    kit.add_secrets("secret-1")
    collector = kit.create()
    if real:
        kit.queue = RedisQueue(url=f"redis://127.0.0.1:{free_port()}/0", namespace="test")
        kit.collects = kit.collect_service(kit.planner, "server-1")
    else:
        kit.queue.failure = ConnectionFailureError(service="redis")  # type: ignore[attr-defined]
    job = collect(kit, collector)
    assert (job["status"], job["total_tasks"]) == ("IN_PROGRESS", 1)
    assert kit.database["slice"].count_documents({"status": "PENDING"}) == 1


def test_a_thousand_tasks_are_planned_within_a_second(kit: Kit) -> None:
    kit.add_secrets(*[f"secret-{number:04}" for number in range(1000)])
    collector = kit.create()
    collect(kit, collector)
    assert any(_timed(kit, collector) < 1.0 for _ in range(5))


def _timed(kit: Kit, collector: dict[str, Any]) -> float:
    # Of the processor: what else the machine does is no fault of the plan.
    began = time.process_time()
    assert collect(kit, collector)["total_tasks"] == 1000
    return time.process_time() - began
