"""Analyze queries, run on a real mongod."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from inventory.errors import BadRequestError, InvalidParameterError, QueryError, RequiredParameterError
from inventory.query.references import resolve_references
from inventory.query.schemas import CLOUD_SERVICE
from inventory.query.statistics.analyze import parse_analyze
from inventory.query.statistics.analyze_plan import AnalyzePlan, to_analyze_plan

NOW = datetime(2026, 1, 7, 13, tzinfo=UTC)

SERVICES: list[dict[str, Any]] = [
    {"provider": "aws", "region_code": "eu", "instance_size": 2, "name": "a", "tags": {"aws": {"some%2Ekey": "x"}}},
    {"provider": "aws", "region_code": "eu", "instance_size": 4, "name": "b", "ref_region": "r1"},
    {"provider": "aws", "region_code": "us", "instance_size": 6, "name": "c"},
    {"provider": "google", "region_code": "eu", "instance_size": 100, "name": "d"},
    {"provider": "google", "name": "e"},
]


def nested(levels: int) -> dict[str, Any]:
    """A calculation that nests so deep, and gives 1."""
    calculation: Any = 1
    for _ in range(levels):
        calculation = {"operator": "add", "fields": [calculation]}
    return dict(calculation)


Analyze = Callable[..., dict[str, Any]]

COUNT = {"operator": "count"}
SIZE = {"operator": "sum", "key": "instance_size"}
SORTED = {"sort": [{"key": "provider"}]}


def plan_of(query: dict[str, Any]) -> AnalyzePlan:
    return to_analyze_plan(parse_analyze(CLOUD_SERVICE, query, now=NOW))


@pytest.fixture
def analyze(scratch: Database[dict[str, Any]]) -> Analyze:
    scratch["cloud_service"].drop()
    scratch["region"].drop()
    scratch["cloud_service"].insert_many([{"domain_id": "domain-1", **document} for document in SERVICES])
    scratch["region"].insert_one({"domain_id": "domain-1", "ref_region": "r1", "name": "Frankfurt"})

    def run(**query: Any) -> dict[str, Any]:
        plan = plan_of(query)
        return plan.answer(scratch["cloud_service"].aggregate(plan.pipeline(plan.filter)))

    return run


def test_fields_are_grouped(analyze: Analyze) -> None:
    answer = analyze(group_by=["provider"], fields={"count": COUNT, "size": SIZE}, **SORTED)

    assert answer == {
        "results": [{"provider": "aws", "count": 3, "size": 12}, {"provider": "google", "count": 2, "size": 100}]
    }


def test_without_group_by_there_is_one_row(analyze: Analyze) -> None:
    assert analyze(fields={"count": COUNT}) == {"results": [{"count": 5}]}


def test_filters_narrow_what_is_analyzed(analyze: Analyze) -> None:
    where = [{"k": "provider", "v": "aws", "o": "eq"}]

    assert analyze(fields={"count": COUNT}, filter=where, keyword="a") == {"results": [{"count": 1}]}


def test_members_take_the_last_part_of_a_key_or_all_of_it_where_it_would_clash(analyze: Analyze) -> None:
    fields = {"names": {"operator": "push", "fields": {"n": "name"}}}
    where = [{"k": "name", "v": ["a", "b"], "o": "in"}]

    answer = analyze(
        group_by=["tags.aws.some.key", "ref_region.name", "reference.resource_id", "name"],
        fields=fields,
        filter=where,
        sort=[{"key": "name"}],
    )

    assert answer["results"] == [
        {"some.key": "x", "ref_region.name": None, "resource_id": None, "name": "a", "names": [{"n": "a"}]},
        {"some.key": None, "ref_region.name": "Frankfurt", "resource_id": None, "name": "b", "names": [{"n": "b"}]},
    ]


def test_field_group_turns_fields_into_lists_with_totals(analyze: Analyze) -> None:
    answer = analyze(
        group_by=["provider", "region_code"],
        field_group=["region_code"],
        fields={"count": COUNT, "size": SIZE, "most": {"operator": "max", "key": "instance_size"},
                "names": {"operator": "push", "key": "name"}},
        filter=[{"k": "provider", "v": "aws", "o": "eq"}],
        sort=[{"key": "size"}],
    )  # fmt: skip

    (row,) = answer["results"]
    assert sorted(row["size"], key=str) == [
        {"value": 6, "region_code": "eu"},
        {"value": 6, "region_code": "us"},
    ]
    assert {tuple(item["value"]): item["region_code"] for item in row["names"]} == {("a", "b"): "eu", ("c",): "us"}
    assert {name: value for name, value in row.items() if not isinstance(value, list)} == {
        "provider": "aws",
        "_total_count": 3,
        "_total_size": 12,
        "_total_most": 6,
    }


def test_fields_sort_by_their_total_under_field_group(analyze: Analyze) -> None:
    answer = analyze(
        group_by=["provider"],
        field_group=["region_code"],
        fields={"size": SIZE},
        sort=[{"key": "size", "desc": True}],
    )

    assert [(row["provider"], row["_total_size"]) for row in answer["results"]] == [("google", 100), ("aws", 12)]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ({"p": "provider"}, {"p": "aws"}),
        ({"x": {"operator": "add", "fields": ["size", "count"]}}, {"x": 15}),
        ({"x": {"operator": "subtract", "fields": ["size", "count", 1]}}, {"x": 8}),
        ({"x": {"operator": "multiply", "fields": ["size", 2]}}, {"x": 24}),
        ({"x": {"operator": "divide", "fields": ["size", "count"]}}, {"x": 4}),
        ({"x": {"operator": "divide", "fields": ["size", 0]}}, {"x": None}),
        ({"x": {"operator": "add", "fields": ["size", "provider"]}}, {"x": None}),
        ({"x": {"operator": "add", "fields": [{"operator": "multiply", "fields": ["size", 2]}, 1]}}, {"x": 25}),
        ({"x": {"operator": "divide", "fields": ["size", {"operator": "subtract", "fields": ["count", 3]}]}},
         {"x": None}),
        ({"x": {"operator": "add", "fields": [{"operator": "add", "fields": ["provider", 1]}, 1]}}, {"x": None}),
        ({"x": {"operator": "add", "fields": [{"operator": "add", "fields": ["unknown", 1]}, 1]}}, {"x": None}),
        ({"x": {"operator": "multiply", "fields": [nested(15), 2]}}, {"x": 2}),
        ({"x": "unknown", "n": "count"}, {"x": None, "n": 3}),
    ],
)  # fmt: skip
def test_select_names_members_and_calculates(
    analyze: Analyze, select: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = analyze(
        group_by=["provider"],
        fields={"count": COUNT, "size": SIZE},
        select=select,
        filter=[{"k": "provider", "v": "aws", "o": "eq"}],
    )

    assert answer == {"results": [expected]}


def test_select_keeps_lists_of_a_field_group_readable(analyze: Analyze) -> None:
    answer = analyze(
        group_by=["provider"],
        field_group=["region_code"],
        fields={"size": SIZE},
        select={"s": "size", "t": "_total_size", "p": "provider"},
        filter=[{"k": "name", "v": "c", "o": "eq"}],
    )

    assert answer == {"results": [{"s": [{"value": 6, "region_code": "us"}], "t": 6, "p": "aws"}]}


def test_a_page_says_whether_there_is_more(analyze: Analyze) -> None:
    query: dict[str, Any] = {"group_by": ["name"], "fields": {"count": COUNT}}

    first = analyze(**query, page={"limit": 3})
    last = analyze(**query, page={"start": 4, "limit": 3})

    assert [row["name"] for row in first["results"]] == ["a", "b", "c"]
    assert [row["name"] for row in last["results"]] == ["d", "e"]
    assert (first["more"], last["more"]) == (True, False)


def test_selected_members_can_be_sorted_by(analyze: Analyze) -> None:
    answer = analyze(
        group_by=["provider"],
        fields={"count": COUNT, "size": SIZE},
        select={"mean": {"operator": "divide", "fields": ["size", "count"]}},
        sort=[{"key": "mean", "desc": True}],
    )

    assert answer == {"results": [{"mean": 50}, {"mean": 4}]}


def test_references_in_filters_are_resolved_as_in_lists() -> None:
    query = parse_analyze(
        CLOUD_SERVICE, {"fields": {"c": COUNT}, "filter": [{"k": "ref_region.name", "v": "x", "o": "eq"}]}, now=NOW
    )

    resolved = resolve_references(query, lambda _: ["r1"])

    assert to_analyze_plan(resolved).filter == {"ref_region": {"$in": ["r1"]}}


def test_unknown_keys_are_absent(analyze: Analyze) -> None:
    answer = analyze(
        group_by=["lease", "name.x"],
        fields={"count": COUNT, "size": {"operator": "sum", "key": "lease"}, "all": {"operator": "push", "key": "no"}},
        sort=[{"key": "unknown"}, {"key": "count"}],
    )

    assert answer == {"results": [{"lease": None, "x": None, "count": 5, "size": 0, "all": []}]}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({}, RequiredParameterError),
        ({"fields": {}}, RequiredParameterError),
        ({"fields": {"c": {"operator": "$sum"}}}, QueryError),
        ({"fields": {"c": "count"}}, BadRequestError),
        ({"fields": {"$c": COUNT}}, InvalidParameterError),
        ({"fields": {"a.b": COUNT}}, InvalidParameterError),
        ({"fields": {"c": {"operator": "sum"}}}, RequiredParameterError),
        ({"fields": {"c": {"operator": "sum", "key": "$lease"}}}, InvalidParameterError),
        ({"fields": {"c": {"key": "name"}}}, RequiredParameterError),
        ({"fields": {"c": COUNT}, "group_by": ["$provider"]}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "group_by": "provider"}, BadRequestError),
        ({"fields": {"provider": COUNT}, "group_by": ["provider"]}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "field_group": ["_total_c"]}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "field_group": ["data._total_c"]}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "field_group": ["data.value"]}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "sort": [{"key": "$name"}]}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "sort": [{"key": "a..b"}]}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": "$y"}}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"$x": "c"}}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"operator": "pow", "fields": ["c"]}}}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"fields": ["c"]}}}, RequiredParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"operator": "add", "fields": [{"fields": [1]}]}}},
         RequiredParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"operator": "add", "fields": [{"operator": "x", "fields": [1]}]}}},
         InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"operator": "add", "fields": [float("nan")]}}},
         InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": nested(17)}}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"operator": "add", "fields": []}}}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"operator": "add", "fields": ["$$ROOT"]}}}, InvalidParameterError),
        ({"fields": {"c": COUNT}, "select": {"x": {"operator": "add", "fields": [True]}}}, InvalidParameterError),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(query: dict[str, Any], error: type[BadRequestError]) -> None:
    with pytest.raises(error):
        plan_of(query)


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ({"operator": "sum"}, "query.fields.n.key"),
        ({"operator": "median", "key": "name"}, "query.fields.n.operator"),
        ({"operator": "sum", "key": "instance_size", "fields": {"a": "name"}}, "query.fields.n.fields"),
        ({"operator": "sum", "key": "instance_size", "conditions": [{"operator": "eq"}]},
         "query.fields.n.conditions.key"),
        ({"key": "name"}, "query.fields.n.operator"),
    ],
)  # fmt: skip
def test_an_error_names_where_in_the_request_it_is(field: dict[str, Any], key: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_analyze(CLOUD_SERVICE, {"fields": {"n": field}}, now=NOW)

    assert caught.value.field == key
