"""Members whose names hold dots or dollars: filter, sort, group, distinct, project and only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.resources.conftest import Client

Make = Callable[..., dict[str, Any]]

K8S = "app.kubernetes.io/name"
LABEL = r"data.labels.app\.kubernetes\.io/name"


@pytest.fixture
def labelled(make: Make) -> None:
    for name, labels in {
        "b": {K8S: "web", "$cost": 2},
        "a": {K8S: "api", "plain": "x"},
        "c": {"app": {"kubernetes": {"io/name": "nested"}}},
    }.items():
        make(name, data={"labels": labels}, tags=labels)


@pytest.fixture
def regions(client: Client) -> None:
    for code, tags in {
        "r1": {K8S: "web", "env": "p"},
        "r2": {K8S: "api"},
        "r3": {"a": {"b": "deep"}},
        "r4": {},
    }.items():
        client("Region.create", name=code, region_code=code, provider="aws", tags=tags)


def found(client: Client, service: str, key: str, value: Any, operator: str = "eq") -> list[str]:
    query = {"filter": [{"k": key, "v": value, "o": operator}]}
    return sorted(client.ids(f"{service}.list", "name", query=query))


@pytest.mark.usefixtures("labelled")
@pytest.mark.parametrize(
    ("key", "value", "operator", "expected"),
    [
        (LABEL, "web", "eq", ["b"]),
        (LABEL, ["web", "api"], "in", ["a", "b"]),
        (LABEL, "WE", "contain", ["b"]),
        (LABEL, "web", "not", ["a", "c"]),
        (LABEL, True, "exists", ["a", "b"]),
        (LABEL, "^(web|api)$", "regex", ["a", "b"]),
        ("data.labels.app.kubernetes.io/name", "nested", "eq", ["c"]),
        ("data.labels.$cost", 1, "gt", ["b"]),
        ("data.labels.plain", "x", "eq", ["a"]),
        (f"tags.aws.{K8S}", "web", "eq", ["b"]),
        (r"tags.aws.app\.kubernetes\.io/name", "web", "eq", ["b"]),
        ("tags.aws.$cost", 2, "eq", ["b"]),
    ],
)
def test_cloud_services_are_found_by_them(
    client: Client, key: str, value: Any, operator: str, expected: list[str]
) -> None:
    assert found(client, "CloudService", key, value, operator) == expected


@pytest.mark.usefixtures("regions")
@pytest.mark.parametrize(
    ("key", "value", "operator", "expected"),
    [
        (f"tags.{K8S}", "web", "eq", ["r1"]),
        (f"tags.{K8S}", "web", "not", ["r2", "r3", "r4"]),
        (f"tags.{K8S}", False, "exists", ["r3", "r4"]),
        (r"tags.app\.kubernetes\.io/name", "api", "eq", ["r2"]),
        ("tags.a.b", "deep", "eq", ["r3"]),
        ("tags.env", "p", "eq", ["r1"]),
    ],
)
def test_tags_are_found_under_their_whole_name(
    client: Client, key: str, value: Any, operator: str, expected: list[str]
) -> None:
    assert found(client, "Region", key, value, operator) == expected


@pytest.mark.usefixtures("regions")
def test_tags_of_a_referenced_region_are_found_too(client: Client, make: Make) -> None:
    make("here", region_code="r1")
    make("there", region_code="r2")
    by_tag = {
        "keys": [{"key": f"ref_region.tags.{K8S}", "name": "tag"}],
        "fields": [{"name": "n", "operator": "count"}],
    }

    assert found(client, "CloudService", f"ref_region.tags.{K8S}", "api") == ["there"]
    answer = client("CloudService.stat", query={"aggregate": [{"group": by_tag}, {"sort": {"key": "tag"}}]})
    assert answer["results"] == [{"tag": "api", "n": 1.0}, {"tag": "web", "n": 1.0}]


@pytest.mark.usefixtures("labelled", "regions")
def test_they_sort_and_page_lists(client: Client) -> None:
    def names(service: str, key: str, **query: Any) -> list[str]:
        return client.ids(f"{service}.list", "name", query={"sort": {"key": key, "desc": True}, **query})

    assert names("CloudService", LABEL) == ["b", "a", "c"]
    assert names("Region", f"tags.{K8S}", page={"limit": 2}) == ["r1", "r2"]
    assert names("Region", f"tags.{K8S}", page={"start": 2, "limit": 1}) == ["r2"]
    assert names("Region", f"tags.{K8S}", only=["name"])[:2] == ["r1", "r2"]
    page = client("Region.list", query={"sort": {"key": f"tags.{K8S}"}, "page": {"limit": 1}})
    assert page["total_count"] == 4


@pytest.mark.usefixtures("labelled", "regions")
def test_they_group_order_and_project_statistics(client: Client) -> None:
    count = {"name": "n", "operator": "count"}
    group = {"group": {"keys": [{"key": LABEL, "name": "app"}], "fields": [count]}}
    project = {"project": {"fields": [{"key": LABEL, "name": "app"}, {"key": "name", "name": "name"}]}}

    assert client("CloudService.stat", query={"aggregate": [group, {"sort": {"key": "app"}}]})["results"] == [
        {"app": None, "n": 1.0},
        {"app": "api", "n": 1.0},
        {"app": "web", "n": 1.0},
    ]
    assert client("CloudService.stat", query={"distinct": LABEL})["results"] == ["api", "web"]
    assert client("Region.stat", query={"distinct": f"tags.{K8S}"})["results"] == ["api", "web"]
    sort = {"sort": {"key": LABEL, "desc": True}}
    assert client("CloudService.stat", query={"aggregate": [sort, {"limit": 2}, project]})["results"] == [
        {"app": "web", "name": "b"},
        {"app": "api", "name": "a"},
    ]
    analyzed = client(
        "CloudService.analyze",
        query={"group_by": [LABEL], "fields": {"n": {"operator": "count"}}, "sort": [{"key": "n"}]},
    )
    assert sorted(str(row["app.kubernetes.io/name"]) for row in analyzed["results"]) == ["None", "api", "web"]
    refusal = client.refused("CloudService.stat", query={"aggregate": [{"unwind": {"path": LABEL}}]})
    assert refusal.code == "ERROR_INVALID_PARAMETER"


@pytest.mark.usefixtures("labelled", "regions")
def test_only_shows_just_them(client: Client) -> None:
    one = {"filter": [{"k": "name", "v": "a", "o": "eq"}]}
    shown = client("CloudService.list", query={**one, "only": ["name", LABEL]})["results"]
    assert shown == [{"name": "a", "data": {"labels": {K8S: "api"}}}]
    beside = client("CloudService.list", query={**one, "only": [LABEL, "data.labels.plain"]})["results"]
    assert beside == [{"data": {"labels": {K8S: "api", "plain": "x"}}}]
    whole = client("CloudService.list", query={**one, "only": [LABEL, "data.labels"]})["results"]
    assert whole == beside
    first = {"filter": [{"k": "name", "v": "r1", "o": "eq"}], "only": [f"tags.{K8S}"]}
    assert client("Region.list", query=first)["results"] == [{"tags": {K8S: "web"}}]


@pytest.mark.parametrize("key", ["$data", "data..b", "data.b.", "data.a\0"])
def test_malformed_keys_are_still_refused(client: Client, key: str) -> None:
    query = {"filter": [{"k": key, "v": 1, "o": "eq"}]}

    assert client.refused("CloudService.list", query=query).code == "ERROR_INVALID_PARAMETER"
    assert client.refused("CloudService.list", query={"sort": {"key": key}}).code == "ERROR_INVALID_PARAMETER"
