"""Any statistics or analyze query is refused as a bad request, or runs on a real mongod over documents of any shape."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from inventory.errors import BadRequestError
from inventory.query.schemas import CLOUD_SERVICE
from inventory.query.statistics.aggregate import GROUP_OPERATORS, PROJECT_OPERATORS, parse_stat
from inventory.query.statistics.analyze import parse_analyze
from inventory.query.statistics.analyze_plan import to_analyze_plan
from inventory.query.statistics.stat_plan import to_stat_plan

NOW = datetime(2026, 1, 7, 13, tzinfo=UTC)
DEEP = os.environ.get("INVENTORY_TEST_PROFILE") == "deep"

DOCUMENTS: list[dict[str, Any]] = [
    {"name": "a", "data": {"x": value}, "ip_addresses": ["1", "2"], "created_at": NOW, "instance_size": 2.5}
    for value in (None, 1, "text", "2026-01-01", True, [1, "b", None], [{"k": "a", "v": 1}], {"y": [{"z": 1}]}, [[1]])
] + [
    {},
    {"name": None, "data": {"x": {}}, "tags": {"aws": {"a%2Eb": "c"}}, "created_at": None},
    {"data": {"x": {"a.b": [1, {"a.b": 2}], "$y": "z"}}},
    {"data": {"x": [{"k": None, "v": 1}, {"k": [1], "v": 2}, {"k": "a.b"}, ["k", "v"]]}, "tags": {}},
]

keys = st.sampled_from(
    ["name", "data", "data.x", "data.x", "data.x.y.z", "data.x.k", "tags", "tags.aws", "tags.aws.a.b", "ip_address",
     "created_at", "instance_size", "collection_info.provider", "ref_region.name", r"data.x.a\.b", "data.x.$y", "no"]
)  # fmt: skip
names = st.sampled_from(["a", "b", "c", "d e", "é", "name"])
odd = st.sampled_from(["$x", "a.b", "_id", "", "unknown", "a\0"])
rarely_odd = st.integers(0, 30).flatmap(lambda dice: odd if dice == 0 else names)
scalar = st.one_of(st.none(), st.booleans(), st.integers(-2, 9), st.sampled_from(["a", "$name", "2026-01-01", ""]))
condition = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["data.x", "data.x.y", "data.x.k", r"data.x.a\.b"]),
        "operator": st.sampled_from(["eq", "not", "gt", "gte", "lt", "lte"]),
        "value": scalar,
    }
)


@st.composite
def group_fields(draw: st.DrawFn, reachable: st.SearchStrategy[str] = keys) -> dict[str, Any]:
    operator = draw(st.sampled_from(GROUP_OPERATORS))
    field: dict[str, Any] = {"name": draw(rarely_odd), "operator": operator, "key": draw(reachable)}
    if operator in {"push", "add_to_set"}:
        member = st.fixed_dictionaries({"name": names, "key": reachable})
        field["fields"] = draw(st.lists(member, max_size=2, unique_by=lambda sub: sub["name"]))
    if operator in {"count", "sum", "average"} and reachable is keys:
        field["conditions"] = draw(st.lists(condition, max_size=2))
    return field


@st.composite
def stages(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Stages that mostly name what their predecessors leave."""
    reachable = keys
    found: list[dict[str, Any]] = []
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4)):
        if kind == "group":
            group_keys = st.fixed_dictionaries(
                {"key": reachable, "name": rarely_odd},
                optional={"date_format": st.sampled_from(["year", "month", "%Y/%m %H", "$name", "$$ROOT"])},
            )
            group = {
                "keys": draw(st.lists(group_keys, max_size=2)),
                "fields": draw(st.lists(group_fields(reachable), max_size=2)),
            }
            members = [entry["name"] for entry in (*group["keys"], *group["fields"])]
            found.append({"group": group})
        elif kind == "project":
            field = st.fixed_dictionaries(
                {"key": reachable, "name": rarely_odd}, optional={"operator": st.sampled_from(PROJECT_OPERATORS)}
            )
            fields = draw(st.lists(field, min_size=1, max_size=3))
            members = [entry["name"] for entry in fields]
            found.append({"project": {"fields": fields, "exclude_keys": draw(st.booleans())}})
        elif kind == "count":
            members = [draw(rarely_odd)]
            found.append({"count": {"name": members[0]}})
        else:
            found.append({kind: draw(_simple(kind, reachable))})
            continue
        reachable = st.sampled_from(members or ["a"])
    return found


KINDS = ("group", "group", "project", "count", "unwind", "unwind", "sort", "limit", "skip")


def _simple(kind: str, reachable: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    if kind == "unwind":
        return st.fixed_dictionaries({"path": reachable})
    if kind == "sort":
        return st.fixed_dictionaries({"key": reachable}, optional={"desc": st.booleans()})
    return st.integers(1 if kind == "limit" else 0, 20)


stats = st.fixed_dictionaries({"aggregate": stages()})
selected = st.one_of(
    st.sampled_from(["a", "b"]),
    st.fixed_dictionaries(
        {
            "operator": st.sampled_from(["add", "subtract", "multiply", "divide"]),
            "fields": st.lists(st.sampled_from(["a", "b"]) | st.integers(-1, 1), min_size=1, max_size=3),
        }
    ),
)
analyzes = st.fixed_dictionaries(
    {"fields": st.dictionaries(st.sampled_from(["a", "b", "c"]), group_fields(), min_size=1, max_size=3)},
    optional={
        "group_by": st.lists(keys, max_size=2),
        "field_group": st.lists(keys, max_size=1),
        "select": st.dictionaries(st.sampled_from(["s", "t"]), selected, max_size=2),
        "sort": st.lists(st.fixed_dictionaries({"key": st.sampled_from(["a", "b", "_total_a"])}), max_size=1),
        "page": st.fixed_dictionaries({"start": st.integers(0, 3), "limit": st.integers(0, 3)}),
    },
)

profile = settings(
    max_examples=5000 if DEEP else 90,
    deadline=None,
    derandomize=not DEEP,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def _documents(scratch: Database[dict[str, Any]]) -> Any:
    collection = scratch["cloud_service"]
    if collection.estimated_document_count() != len(DOCUMENTS):
        collection.delete_many({})
        collection.insert_many([{**document, "domain_id": "domain-1"} for document in DOCUMENTS])
    return collection


@pytest.mark.timeout(400)
@profile
@given(query=stats)
def test_a_stat_is_refused_or_runs(scratch: Database[dict[str, Any]], query: dict[str, Any]) -> None:
    try:
        plan = to_stat_plan(parse_stat(CLOUD_SERVICE, query, now=NOW))
    except BadRequestError as error:
        event(f"refused: {error.code}")
        return
    event("ran")

    rows = list(_documents(scratch).aggregate(plan.pipeline(plan.filter)))
    counted = list(_documents(scratch).aggregate(plan.count_pipeline(plan.filter)))

    assert (counted[0]["total_count"] if counted else 0) == len(rows)
    assert not any("_id" in row for row in rows)


@pytest.mark.timeout(400)
@profile
@given(query=analyzes)
def test_an_analyze_is_refused_or_runs(scratch: Database[dict[str, Any]], query: dict[str, Any]) -> None:
    try:
        plan = to_analyze_plan(parse_analyze(CLOUD_SERVICE, query, now=NOW))
    except BadRequestError as error:
        event(f"refused: {error.code}")
        return
    event("ran")

    answer = plan.answer(_documents(scratch).aggregate(plan.pipeline(plan.filter)))

    assert ("more" in answer) == bool(plan.limit)
