"""Which calls are known to be quick."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.api.admission.cost import heavy
from inventory.api.handlers import domain_indexes
from inventory.api.methods import METHODS
from inventory.api.policy import PACKAGE

PAGE = {"page": {"start": 1, "limit": 20}}


def is_heavy(method: str, request: dict[str, Any]) -> bool:
    return heavy(f"/{PACKAGE}.{method.replace('.', '/')}", domain_indexes())(request)


def where(key: str, operator: str, value: object) -> dict[str, object]:
    return {"k": key, "v": value, "o": operator}


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Collector.get", {"collector_id": "collector-1"}),
        ("Collector.create", {"name": "one"}),
        ("Collector.list", {"collector_id": "collector-1"}),
        ("Collector.list", {"query": PAGE}),
        ("Collector.list", {"query": {**PAGE, "sort": {"key": "name", "desc": True}}}),
        ("Collector.list", {"query": {"filter": [where("collector_id", "in", ["collector-1", "collector-2"])]}}),
        ("Collector.list_schedules", {"collector_id": "collector-1"}),
        ("CloudService.list", {"query": PAGE}),
        ("CloudService.list", {"query": {"filter": [where("cloud_service_id", "eq", "cloud-svc-1")]}}),
        ("Job.list", {"status": "SUCCESS", "query": PAGE}),
        ("Job.list", {"query": {**PAGE, "filter": [where("collector_id", "eq", "collector-1")]}}),
        ("Region.list", {"query": PAGE}),
        ("ChangeHistory.list", {"cloud_service_id": "cloud-svc-1"}),
        ("Collector.list", {"query": {**PAGE, "filter": [where("no_such_field", "eq", 1)]}}),
        ("Collector.list", {"query": {"page": {"start": 10_000, "limit": 20}}}),
        ("Region.list", {"provider": "aws", "region_code": "us-east-1"}),
        (
            "Region.list",
            {"query": {"filter": [where("provider", "eq", "aws"), where("region_code", "in", ["a", "b"])]}},
        ),
        ("CloudServiceType.list", {"provider": "aws", "group": "EC2", "name": "Instance"}),
        ("CloudServiceType.list", {"provider": "aws", "group": "EC2", "name": "Instance", "is_primary": True}),
    ],
)
def test_what_an_index_answers_is_quick_and_so_is_a_refusal(method: str, request_: dict[str, Any]) -> None:
    assert not is_heavy(method, request_)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CloudService.stat", {"query": {}}),
        ("CloudService.analyze", {"query": {}}),
        ("Collector.collect", {"collector_id": "collector-1"}),
        ("Collector.list", {}),
        ("Collector.list", {"query": {"page": {"limit": 5000}}}),
        ("Collector.list", {"query": {"page": {"start": 10_001, "limit": 20}}}),
        ("Collector.list", {"query": {"filter": [where("collector_id", "in", [f"c-{n}" for n in range(1001)])]}}),
        ("Region.list", {"provider": "aws"}),
        ("Region.list", {"query": {"filter": [where("provider", "eq", "aws"), where("region_code", "contain", "a")]}}),
        ("CloudServiceType.list", {"provider": "aws", "group": "EC2"}),
        ("Collector.list", {"query": {**PAGE, "filter": [where("name", "regex", "(a+)+$")]}}),
        ("Collector.list", {"query": {**PAGE, "filter": [where("name", "contain", "a")]}}),
        ("Collector.list", {"query": {**PAGE, "filter_or": [where("name", "eq", "a")]}}),
        ("Collector.list", {"query": {**PAGE, "keyword": "a"}}),
        ("Collector.list", {"query": {**PAGE, "sort": {"key": "priority"}}}),
        ("Collector.list", {"query": {**PAGE, "count_only": True}}),
        ("Collector.list_schedules", {"collector_id": "collector-1", "query": {"keyword": "a"}}),
        ("CloudService.list", {"query": {**PAGE, "filter": [where("data.size", "eq", 3)]}}),
        ("CloudService.list", {"query": {**PAGE, "filter": [where("provider", "eq", "aws")]}}),
        ("CloudService.list", {"query": {**PAGE, "sort": {"keys": [{"key": "name"}]}}}),
        ("Job.list", {"query": {**PAGE, "filter": [where("collector_info.name", "eq", "one")]}}),
        ("Job.list", {"query": {**PAGE, "filter": [where("created_at", "gt", "2026-01-01")]}}),
    ],
)
def test_what_no_index_bounds_is_of_unknown_cost(method: str, request_: dict[str, Any]) -> None:
    assert is_heavy(method, request_)


@pytest.mark.parametrize("method", [each for each in METHODS if each.endswith(("/stat", "/analyze"))])
def test_statistics_are_always_of_unknown_cost(method: str) -> None:
    assert heavy(method, domain_indexes())({"query": {}, "cloud_service_id": "cloud-svc-1"})
