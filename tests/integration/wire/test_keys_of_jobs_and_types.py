"""Keys of jobs, tasks, schedules, types and regions that only queries name, and match rules, as a client meets them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service, cloud_service_type, region
from tests.integration.wire.client import Json
from tests.integration.wire.wire_kit import Home

FILTER_FORMAT = [{"key": "region", "name": "Region", "type": "str", "resource_type": "CUSTOM"}]


def found(home: Home, method: str, *filters: Json, **query: object) -> list[Json]:
    answer = home.client.call(method, {"query": {"filter": list(filters), **query}})
    return list(answer.get("results", []))


def test_tasks_are_filtered_sorted_and_grouped_by_collector(home: Callable[..., Home]) -> None:
    own = home()
    collectors = sorted(own.create()["collector_id"] for _ in range(2))
    for collector_id in collectors:
        own.client.finished(own.client.call("Collector.collect", {"collector_id": collector_id}))

    jobs = {job["job_id"]: job["collector_info"]["collector_id"] for job in found(own, "Job.list")}
    for collector_id in collectors:
        (task,) = found(own, "JobTask.list", {"k": "collector_id", "v": collector_id, "o": "eq"})
        assert jobs[task["job_id"]] == collector_id
    for desc in (False, True):
        tasks = found(own, "JobTask.list", sort={"key": "collector_id", "desc": desc})
        assert [jobs[task["job_id"]] for task in tasks] == sorted(collectors, reverse=desc)
    group = {"keys": [{"key": "collector_id", "name": "c"}], "fields": [{"operator": "count", "name": "n"}]}
    counted = own.client.call("JobTask.stat", {"query": {"aggregate": [{"group": group}]}})["results"]
    assert sorted((row["c"], row["n"]) for row in counted) == [(collector_id, 1) for collector_id in collectors]
    assert found(own, "JobTask.list", {"k": "collector_id", "v": "collector-000000000000", "o": "eq"}) == []


@pytest.mark.parametrize("method", ["CloudServiceType", "Region"])
def test_types_and_regions_are_found_by_who_updated_them(
    home: Callable[..., Home], plugin: FakePlugin, method: str
) -> None:
    own = home()
    plugin.resources = [cloud_service_type(), region("us-east-1")]
    collector = own.create()
    own.client.finished(own.collect(collector))
    request: Json = {"name": "mine", "provider": "mine"}
    request |= {"group": "mine"} if method == "CloudServiceType" else {"region_code": "mine"}
    own.client.call(f"{method}.create", request)

    (collected,) = found(own, f"{method}.list", {"k": "updated_by", "v": collector["collector_id"], "o": "eq"})
    (manual,) = found(own, f"{method}.list", {"k": "updated_by", "v": "manual", "o": "eq"})

    assert collected["provider"] != "mine"
    assert manual["provider"] == "mine"
    group = {"keys": [{"key": "updated_by", "name": "u"}], "fields": [{"operator": "count", "name": "n"}]}
    rows = own.client.call(f"{method}.stat", {"query": {"aggregate": [{"group": group}]}})["results"]
    assert {row["u"]: row["n"] for row in rows} == {collector["collector_id"]: 1, "manual": 1}


def test_jobs_and_schedules_are_found_by_their_filters(home: Callable[..., Home], plugin: FakePlugin) -> None:
    plugin.metadata = {"filter_format": FILTER_FORMAT}
    own = home()
    ids = {"collector_id": own.create()["collector_id"]}
    for name in ("one", "two"):
        own.client.finished(own.client.call("Collector.collect", {**ids, "filter": {"region": name}}))
        own.client.call("Collector.add_schedule", {**ids, "schedule": {"hours": [1]}, "filter": {"region": name}})

    condition = {"k": "filters.region", "v": "one", "o": "eq"}
    assert len(found(own, "Job.list", condition)) == 1
    answer = own.client.call("Collector.list_schedules", {**ids, "query": {"filter": [condition]}})
    assert len(answer["results"]) == 1
    nothing = {"k": "filters.region", "v": "three", "o": "eq"}
    assert found(own, "Job.list", nothing) == []


@pytest.mark.parametrize("key", ["project_id", "ref_region", "server_type"])
def test_a_second_collect_makes_no_duplicate_whatever_the_match_rule_names(
    home: Callable[..., Home], plugin: FakePlugin, key: str
) -> None:
    own = home()
    sent = cloud_service("i-1", region_code="us-east-1")
    sent.match_rules.Clear()
    sent.match_rules.update({"1": ["reference.resource_id", key]})
    plugin.resources = [sent]
    collector = own.create()

    tasks = [own.client.tasks(own.client.finished(own.collect(collector)))[0] for _ in range(2)]

    assert [task["status"] for task in tasks] == ["SUCCESS", "SUCCESS"]
    assert [(task.get("created_count", 0), task.get("updated_count", 0)) for task in tasks] == [(1, 0), (0, 1)]
    assert own.client.call("CloudService.list")["total_count"] == 1
