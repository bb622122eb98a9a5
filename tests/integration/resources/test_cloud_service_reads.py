"""CloudService: get, list, stat and analyze, and who may see what."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database

from tests.integration.resources.conftest import DOMAIN, Client

Make = Callable[..., dict[str, Any]]


def where(*conditions: tuple[str, Any, str]) -> dict[str, Any]:
    return {"filter": [{"k": key, "v": value, "o": operator} for key, value, operator in conditions]}


def names(client: Client, **request: Any) -> list[str]:
    return sorted(client.ids("CloudService.list", "name", **request))


@pytest.fixture
def three(client: Client, make: Make) -> dict[str, dict[str, Any]]:
    """Two in regions, one far from them and one deleted; the types and regions of two of them are known."""
    client("CloudServiceType.create", name="Instance", provider="aws", group="EC2", is_major=True, labels=["Compute"])
    client("CloudServiceType.create", name="Disk", provider="aws", group="EC2")
    client("Region.create", name="Virginia", region_code="us-east-1", provider="aws", tags={"continent": "america"})
    client("Region.create", name="Seoul", region_code="ap-northeast-2", provider="aws")
    found = {
        "vm": make("vm", region_code="us-east-1", project_id="project-a", tags={"aws.team/name": "x"}, data={"c": 2}),
        "disk": make("disk", cloud_service_type="Disk", region_code="ap-northeast-2", ip_addresses=["10.0.0.9"]),
        "far": make("far", cloud_service_type="Bucket", region_code="far", project_id="project-b"),
        "gone": make("gone", region_code="us-east-1", project_id="project-a", data={"c": 5}),
    }
    client("CloudService.delete", cloud_service_id=found["gone"]["cloud_service_id"])
    return found


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ["disk", "far", "vm"]),
        ({"state": "DELETED"}, ["gone"]),
        ({"state": "ACTIVE"}, ["disk", "far", "vm"]),
        ({"query": where(("state", "DELETED", "eq"))}, ["gone"]),
        ({"query": where(("state", ["ACTIVE", "DELETED"], "in"))}, ["disk", "far", "gone", "vm"]),
        ({"query": where(("state", ["DELETED"], "contain_in"))}, ["gone"]),
        ({"query": where(("state", "ACTIVE", "not"))}, []),
        ({"query": where(("state", "DELETED", "not"))}, ["disk", "far", "vm"]),
        ({"query": where(("state", ["ACTIVE"], "not_in"))}, []),
        ({"query": where(("state", True, "exists"))}, ["disk", "far", "vm"]),
        ({"query": where(("state", "DEL", "contain"))}, []),
        ({"query": where(("state", "", "regex"))}, ["disk", "far", "vm"]),
        ({"query": where(("state", "ACTIVE", "gt"))}, []),
        ({"query": {"filter_or": [{"k": "state", "v": "DELETED", "o": "eq"}]}}, []),
        ({"query": {"filter": [{"k": "deleted_at", "o": "eq"}]}}, ["disk", "far", "vm"]),
        ({"query": where(("tags.team", "x", "eq"))}, []),
        ({"query": where(("tags.team", "x", "contain"))}, []),
        ({"query": {"sort": {"key": "nothing"}, "only": ["name", "nothing"]}}, ["disk", "far", "vm"]),
        ({"query": where(("name", "gone", "eq"))}, []),
        ({"query": {"filter_or": [{"k": "name", "v": "gone", "o": "eq"}]}}, []),
        ({"query": {"keyword": "gone"}}, []),
        ({"query": {"keyword": "VM"}}, ["vm"]),
        ({"query": {"keyword": "10.0.0.9 zzz"}}, ["disk"]),
        ({"query": where(("tags.aws.aws.team/name", "x", "eq"))}, ["vm"]),
        ({"query": where(("tags.aws.aws.team/name", True, "exists"))}, ["vm"]),
        ({"query": where(("ref_cloud_service_type.is_major", True, "eq"))}, ["vm"]),
        ({"query": where(("ref_cloud_service_type.labels", "Compute", "eq"))}, ["vm"]),
        ({"query": where(("ref_region.name", "seo", "contain"))}, ["disk"]),
        ({"query": where(("ref_region.tags.continent", "america", "eq"))}, ["vm"]),
        ({"query": where(("ip_address", "10.0.0.9", "eq"))}, ["disk"]),
        ({"query": where(("project_group_id", "pg-root", "eq"))}, ["vm"]),
        ({"query": where(("project_group_id", ["pg-child"], "in"))}, ["vm"]),
        ({"project_group_id": "pg-child"}, ["vm"]),
        ({"project_group_id": "pg-unknown"}, []),
        ({"query": where(("project_group_id", "pg-unknown", "eq"))}, []),
        ({"query": where(("project_group_id", ["pg-unknown", "pg-child"], "in"))}, ["vm"]),
        ({"query": where(("project_group_id", "pg-root", "not"))}, ["far", "vm"]),
        ({"query": where(("project_group_id", ["pg-root", "pg-child"], "not_in"))}, ["far"]),
        ({"query": where(("project_group_id", "ROOT", "contain"))}, ["vm"]),
        ({"query": where(("project_group_id", "pg", "not_contain"))}, []),
        ({"query": where(("project_group_id", "far", "not_contain"))}, ["vm"]),
        ({"query": where(("project_group_id", "nowhere", "contain"))}, []),
        ({"ip_address": "10.0.0.9"}, ["disk"]),
        ({"region_code": "us-east-1", "provider": "aws"}, ["vm"]),
        ({"cloud_service_type": "Disk", "cloud_service_group": "EC2"}, ["disk"]),
        ({"project_id": "project-b"}, ["far"]),
    ],
)
def test_list_finds(client: Client, request_: dict[str, Any], expected: list[str]) -> None:
    assert names(client, **request_) == expected


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"resource_group_id": "rg-1"}, "ERROR_INVALID_PARAMETER"),
        ({"query": where(("resource_group_id", "rg-1", "eq"))}, "ERROR_INVALID_PARAMETER"),
        ({"query": where(("project_group_id", True, "exists"))}, "ERROR_INVALID_PARAMETER"),
        ({"query": where(("nothing", "x", "eq"))}, "ERROR_INVALID_PARAMETER"),
        ({"query": where(("name", "x", "in"))}, "ERROR_OPERATOR_LIST_VALUE_TYPE"),
    ],
)
def test_list_refuses(client: Client, request_: dict[str, Any], code: str) -> None:
    failure = client.refused("CloudService.list", **request_)

    assert (failure.status.name, failure.code) == ("INVALID_ARGUMENT", code)


def test_total_count_counts_all_living_and_the_newest_come_first(client: Client, make: Make) -> None:
    for number in range(5):
        make(f"vm{number}")

    page = client("CloudService.list", query={"page": {"start": 2, "limit": 2}})

    assert len(page["results"]) == 2
    assert page["total_count"] == 5
    assert client("CloudService.list", query={"count_only": True}) == {"total_count": 5}


def test_the_first_page_is_read_from_an_index(database: Database[dict[str, Any]]) -> None:
    newest_first = [("created_at", -1), ("_id", -1)]
    living = {"$and": [{"domain_id": DOMAIN}, {"state": "ACTIVE"}]}

    plan = database["cloud_service"].find(living, sort=newest_first, limit=10).explain()["queryPlanner"]

    assert '"SORT"' not in json.dumps(plan["winningPlan"])


def test_minimal_and_only_fill_just_what_they_say(client: Client, make: Make) -> None:
    made = make(tags={"a.b": "1"}, reference={"resource_id": "r", "external_link": "l"}, region_code="us-east-1")
    cloud_service_id = made["cloud_service_id"]

    assert client("CloudService.list", query={"minimal": True, "only": ["state"]})["results"] == [
        {
            "cloud_service_id": cloud_service_id,
            "name": "vm",
            "cloud_service_group": "EC2",
            "cloud_service_type": "Instance",
            "provider": "aws",
            "reference": {"resource_id": "r"},
            "region_code": "us-east-1",
        }
    ]
    assert client("CloudService.list", query={"only": ["tag_keys"]})["results"] == [{"tag_keys": {"aws": ["a.b"]}}]
    assert client("CloudService.list", query={"only": ["tags.aws.a.b"]})["results"] == [{"tags": {"aws": {"a.b": "1"}}}]
    got = client("CloudService.get", cloud_service_id=cloud_service_id, only=["data.os", "state"])
    assert got == {"data": {"os": {"name": "linux"}}, "state": "ACTIVE"}
    assert client("CloudService.get", cloud_service_id=cloud_service_id, only=["bogus"]) == {}
    assert client("CloudService.list", query={"only": ["bogus"]}) == {"results": [{}], "total_count": 1}
    assert client.refused("CloudService.get", cloud_service_id=cloud_service_id, only=["$bogus"]).code == (
        "ERROR_INVALID_PARAMETER"
    )


@pytest.mark.usefixtures("three")
def test_stat_counts_the_living_by_names_of_other_resources(client: Client) -> None:
    group = {
        "keys": [{"k": "ref_region.name", "n": "region"}],
        "fields": [{"n": "count", "o": "count"}],
    }
    query = {"aggregate": [{"group": group}, {"sort": {"key": "region"}}]}

    answer = client("CloudService.stat", query=query)
    deleted = client("CloudService.stat", query=query | where(("state", "DELETED", "eq")))

    assert answer["results"] == [
        {"region": None, "count": 1.0},
        {"region": "Seoul", "count": 1.0},
        {"region": "Virginia", "count": 1.0},
    ]
    assert deleted["results"] == [{"region": "Virginia", "count": 1.0}]
    assert client("CloudService.stat", query={"distinct": "name"})["results"] == ["disk", "far", "vm"]
    assert client("CloudService.stat", query={"distinct": "fingerprint"})["results"] == []
    distinct = client("CloudService.stat", query={"distinct": "name"} | where(("ref_region.name", "Seoul", "eq")))
    assert distinct["results"] == ["disk"]


@pytest.mark.usefixtures("three")
def test_analyze_sums_the_living(client: Client) -> None:
    query: dict[str, Any] = {
        "fields": {"cores": {"operator": "sum", "key": "data.c"}, "n": {"operator": "count"}},
        "group_by": ["region_code"],
        "sort": [{"key": "region_code"}],
    }

    answer = client("CloudService.analyze", query=query)
    deleted = client("CloudService.analyze", query=query | where(("state", "DELETED", "eq")))
    paged = client("CloudService.analyze", query=query | {"page": {"limit": 1}})

    assert answer["results"] == [
        {"region_code": "ap-northeast-2", "cores": 0.0, "n": 1.0},
        {"region_code": "far", "cores": 0.0, "n": 1.0},
        {"region_code": "us-east-1", "cores": 2.0, "n": 1.0},
    ]
    assert "more" not in answer
    assert deleted["results"] == [{"region_code": "us-east-1", "cores": 5.0, "n": 1.0}]
    assert (len(paged["results"]), paged["more"]) == (1, True)
    by_type = query | where(("ref_cloud_service_type.name", "Disk", "eq"))
    assert len(client("CloudService.analyze", query=by_type)["results"]) == 1
    assert client.refused("CloudService.analyze", query={"group_by": ["name"]}).text == (
        "Required parameter. (key = fields)"
    )


@pytest.mark.usefixtures("three")
def test_another_domain_counts_nothing(client: Client) -> None:
    other = client.by("user@domain-two")

    assert other("CloudService.list", query=where(("state", ["ACTIVE", "DELETED"], "in"))) == {}
    assert other("CloudService.stat", query={"distinct": "name"})["results"] == []
    assert other("CloudService.analyze", query={"fields": {"n": {"operator": "count"}}})["results"] == []


class TestCallersOfAProject:
    """PROJECT callers are limited to their projects, in every method."""

    @pytest.fixture
    def own(self, make: Make) -> dict[str, Any]:
        return make("own", project_id="project-a")

    @pytest.fixture
    def foreign(self, make: Make) -> dict[str, Any]:
        return make("foreign", project_id="project-b")

    @pytest.fixture
    def limited(self, client: Client, own: dict[str, Any], foreign: dict[str, Any], make: Make) -> Client:
        make("of nobody")
        return client.by("only-project-a")

    def test_reads(self, limited: Client) -> None:
        query = {"filter_or": [{"k": "name", "v": True, "o": "exists"}]}

        assert names(limited, query=query) == ["own"]
        assert limited("CloudService.list")["total_count"] == 1
        assert limited("CloudService.stat", query={"distinct": "name"})["results"] == ["own"]
        analyzed = limited("CloudService.analyze", query={"fields": {"n": {"operator": "count"}}})
        assert analyzed["results"] == [{"n": 1.0}]

    @pytest.mark.parametrize("method", ["get", "update", "delete"])
    def test_what_is_foreign_does_not_exist(self, limited: Client, foreign: dict[str, Any], method: str) -> None:
        failure = limited.refused(f"CloudService.{method}", cloud_service_id=foreign["cloud_service_id"])

        assert failure.code == "ERROR_NOT_FOUND"

    def test_foreign_history_is_not_found(self, limited: Client, own: dict[str, Any], foreign: dict[str, Any]) -> None:
        query = {"distinct": "action"}

        of = {"cloud_service_id": own["cloud_service_id"]}
        assert limited.ids("ChangeHistory.list", "action", **of) == ["CREATE"]
        assert limited("ChangeHistory.stat", **of, query=query)["results"] == ["CREATE"]
        of = {"cloud_service_id": foreign["cloud_service_id"]}
        assert limited.refused("ChangeHistory.list", **of).code == "ERROR_NOT_FOUND"
        assert limited.refused("ChangeHistory.stat", **of, query=query).code == "ERROR_NOT_FOUND"

    def test_writes_stay_within_the_projects(self, limited: Client, own: dict[str, Any]) -> None:
        new = {"provider": "aws", "cloud_service_group": "EC2", "cloud_service_type": "Instance", "data": {}}

        made = limited("CloudService.create", **new, project_id="project-a")
        assert made["project_id"] == "project-a"
        refusals = (
            limited.refused("CloudService.create", **new),
            limited.refused("CloudService.create", **new, project_id="project-b"),
            limited.refused("CloudService.update", cloud_service_id=own["cloud_service_id"], project_id="project-b"),
        )
        assert [refusal.code for refusal in refusals] == [
            "ERROR_REQUIRED_PARAMETER",
            "ERROR_PERMISSION_DENIED",
            "ERROR_PERMISSION_DENIED",
        ]
