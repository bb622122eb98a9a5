"""Statistics queries: every stage and operator, run on a real mongod."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from inventory.errors import BadRequestError, InvalidParameterError, QueryError, RequiredParameterError
from inventory.query.fields import ResourceSchema
from inventory.query.schemas import CLOUD_SERVICE, JOB
from inventory.query.statistics.aggregate import parse_stat
from inventory.query.statistics.stat_plan import StatPlan, to_stat_plan

NOW = datetime(2026, 1, 7, 13, tzinfo=UTC)

SERVICES: list[dict[str, Any]] = [
    {
        "cloud_service_id": "cloud-svc-1",
        "domain_id": "domain-1",
        "name": "a",
        "provider": "aws",
        "instance_size": 2.0,
        "ip_addresses": ["10.0.0.1", "10.0.0.2"],
        "created_at": datetime(2025, 12, 31, 23, 30, tzinfo=UTC),
        "data": {"launched": "2025-11-05T10:00:00Z", "disks": [{"k": "root", "v": 8}, {"k": 7, "v": 1}, 5]},
        "tags": {"aws": {"some%2Ekey": "x", "Name": "web"}},
        "ref_region": "domain-1.aws.eu",
        "fingerprint": "internal",
    },
    {
        "cloud_service_id": "cloud-svc-2",
        "domain_id": "domain-1",
        "name": "b",
        "provider": "aws",
        "instance_size": 4.0,
        "ip_addresses": ["10.0.0.2"],
        "created_at": datetime(2026, 1, 1, 0, 30, tzinfo=UTC),
        "data": {"launched": "not a date"},
        "ref_region": "domain-1.aws.us",
    },
    {
        "cloud_service_id": "cloud-svc-3",
        "domain_id": "domain-1",
        "name": "c",
        "provider": "google",
        "ip_addresses": [],
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "data": {},
        "ref_region": "domain-1.google.eu",
    },
    {"cloud_service_id": "cloud-svc-4", "domain_id": "domain-1", "name": "d", "created_at": None},
]
REGIONS = [
    {"domain_id": "domain-1", "ref_region": "domain-1.aws.eu", "name": "Frankfurt"},
    {"domain_id": "domain-2", "ref_region": "domain-1.aws.us", "name": "x"},
]

Stat = Callable[..., list[dict[str, Any]]]


def plan_of(query: dict[str, Any], schema: ResourceSchema = CLOUD_SERVICE) -> StatPlan:
    return to_stat_plan(parse_stat(schema, query, now=NOW))


@pytest.fixture
def stat(scratch: Database[dict[str, Any]]) -> Stat:
    scratch["cloud_service"].drop()
    scratch["region"].drop()
    scratch["cloud_service"].insert_many([dict(document) for document in SERVICES])
    scratch["region"].insert_many([dict(document) for document in REGIONS])

    def run(*stages: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        plan = plan_of({"aggregate": list(stages), **query})
        return list(scratch["cloud_service"].aggregate(plan.pipeline(plan.filter)))

    return run


def group(keys: list[Any], *fields: dict[str, Any]) -> dict[str, Any]:
    return {"group": {"keys": keys, "fields": list(fields)}}


PROVIDER = {"key": "provider", "name": "provider"}
BY_PROVIDER = {"sort": {"key": "provider"}}
COUNT = {"name": "n", "operator": "count"}


def test_group_keys_are_plain_members_of_each_row(stat: Stat) -> None:
    rows = stat(group([PROVIDER], COUNT), BY_PROVIDER)

    assert rows == [{"provider": None, "n": 1}, {"provider": "aws", "n": 2}, {"provider": "google", "n": 1}]


def test_short_names_of_members_work(stat: Stat) -> None:
    assert stat(
        {"group": {"keys": [{"k": "provider", "n": "p"}], "fields": [{"n": "n", "o": "count"}]}},
        {"sort": {"key": "p", "desc": True}},
        {"limit": 1},
    ) == [{"p": "google", "n": 1}]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"operator": "count"}, 2),
        ({"operator": "sum", "key": "instance_size"}, 6.0),
        ({"operator": "average", "key": "instance_size"}, 3.0),
        ({"operator": "max", "key": "instance_size"}, 4.0),
        ({"operator": "min", "key": "name"}, "a"),
        ({"operator": "first", "key": "name"}, "a"),
        ({"operator": "last", "key": "name"}, "b"),
        ({"operator": "push", "key": "name"}, ["a", "b"]),
        ({"operator": "push", "fields": [{"key": "name", "name": "x"}, {"key": "instance_size", "name": "y"}]},
         [{"x": "a", "y": 2.0}, {"x": "b", "y": 4.0}]),
        ({"operator": "add_to_set", "key": "provider"}, ["aws"]),
        ({"operator": "merge_objects", "key": "tags.aws"}, {"some.key": "x", "Name": "web"}),
        ({"operator": "merge_objects", "key": "name"}, {}),
        ({"operator": "push", "key": "tags.aws.some.key"}, ["x"]),
        ({"operator": "count", "conditions": [{"key": "instance_size", "value": 2, "operator": "gt"}]}, 1),
        ({"operator": "count", "conditions": [{"key": "created_at", "value": "2026-01-01", "operator": "lt"}]}, 1),
        ({"operator": "count", "conditions": [{"key": "project_id", "value": None, "operator": "eq"}]}, 2),
        ({"operator": "count", "conditions": [{"key": "project_id", "operator": "eq"}]}, 2),
        ({"operator": "count", "conditions": [{"key": "lease", "operator": "eq"}]}, 2),
        ({"operator": "add_to_set", "key": "project_id"}, [None]),
        ({"operator": "push", "key": "project_id"}, [None, None]),
        ({"operator": "add_to_set", "key": "data.missing"}, []),
        ({"operator": "push", "fields": [{"key": "project_id", "name": "x"}]}, [{"x": None}, {"x": None}]),
        ({"operator": "sum", "key": "lease"}, 0),
        ({"operator": "max", "key": "fingerprint"}, None),
        ({"operator": "count", "conditions": [{"key": "project_id", "value": "z", "operator": "lt"}]}, 0),
        ({"operator": "count", "conditions": [{"key": "name", "value": "$name", "operator": "eq"}]}, 0),
        ({"operator": "sum", "key": "instance_size", "conditions": [{"k": "name", "v": "a", "o": "not"}]}, 4.0),
        ({"operator": "average", "key": "instance_size",
          "conditions": [{"k": "name", "v": "a", "o": "gte"}, {"k": "name", "v": "a", "o": "lte"}]}, 2.0),
    ],
)  # fmt: skip
def test_group_operators(stat: Stat, field: dict[str, Any], expected: Any) -> None:
    aws = [{"key": "provider", "value": "aws", "operator": "eq"}]

    rows = stat({"sort": {"key": "name"}}, group([PROVIDER], {"name": "f", **field}), filter=aws)

    assert rows == [{"provider": "aws", "f": expected}]


@pytest.mark.parametrize(
    ("key", "date_format", "expected"),
    [
        ("created_at", "year", {2025: 1, 2026: 2, None: 1}),
        ("created_at", "month", {12: 1, 1: 2, None: 1}),
        ("created_at", "day", {31: 1, 1: 1, 2: 1, None: 1}),
        ("created_at", "%Y-%m", {"2025-12": 1, "2026-01": 2, None: 1}),
        (
            "created_at",
            "%d.%m.%Y %H:%M",
            {"31.12.2025 23:30": 1, "01.01.2026 00:30": 1, "02.01.2026 00:00": 1, None: 1},
        ),
        ("data.launched", "month", {11: 1, None: 3}),
        ("lease", "year", {None: 4}),
        ("data.disks", "month", {None: 4}),
        ("created_at", "$fingerprint", {"$fingerprint": 3, None: 1}),
        ("created_at", "$$ROOT", {"$$ROOT": 3, None: 1}),
    ],
)
def test_group_by_date(stat: Stat, key: str, date_format: str, expected: dict[Any, int]) -> None:
    rows = stat(group([{"key": key, "name": "when", "date_format": date_format}], COUNT))

    assert {row["when"]: row["n"] for row in rows} == expected


def test_unwind_gives_a_row_per_element(stat: Stat) -> None:
    rows = stat({"unwind": {"path": "ip_addresses"}}, group([{"key": "ip_address", "name": "ip"}], COUNT),
                {"sort": {"keys": [{"key": "n", "desc": True}]}})  # fmt: skip

    assert rows == [{"ip": "10.0.0.2", "n": 2}, {"ip": "10.0.0.1", "n": 1}]


def test_count_sort_limit_and_skip(stat: Stat) -> None:
    assert stat({"skip": 1}, {"limit": 2}, {"count": {"name": "rows"}}) == [{"rows": 2}]
    names = stat({"sort": {"key": "name", "desc": True}}, {"skip": 1}, {"limit": 2},
                 {"project": {"fields": [{"key": "name", "name": "label"}]}})  # fmt: skip
    assert names == [{"label": "c"}, {"label": "b"}]


def test_later_stages_reach_group_keys_and_fields_by_name(stat: Stat) -> None:
    rows = stat(
        group([PROVIDER, {"key": "created_at", "name": "day", "date_format": "day"}], COUNT),
        group(
            [PROVIDER],
            {"name": "days", "operator": "push", "fields": [{"key": "day", "name": "d"}, {"key": "n", "name": "n"}]},
        ),
        {"project": {"fields": [{"key": "days", "name": "how_many", "operator": "size"}]}},
        {"sort": {"key": "provider"}},
    )

    assert rows == [{"provider": None, "how_many": 1}, {"provider": "aws", "how_many": 2},
                    {"provider": "google", "how_many": 1}]  # fmt: skip


def test_project_can_leave_the_group_keys_out(stat: Stat) -> None:
    rows = stat(group([PROVIDER], COUNT), {"sort": {"key": "n"}},
                {"project": {"fields": [{"key": "n", "name": "total"}], "exclude_keys": True}})  # fmt: skip

    assert rows == [{"total": 1}, {"total": 1}, {"total": 2}]


def test_project_operators(stat: Stat) -> None:
    fields = [
        {"key": "data.disks", "name": "disks", "operator": "array_to_object"},
        {"key": "tags.aws", "name": "tags", "operator": "object_to_array"},
        {"key": "ip_addresses", "name": "ips", "operator": "size"},
        {"key": "name", "name": "odd_size", "operator": "size"},
        {"key": "name", "name": "odd_dict", "operator": "array_to_object"},
        {"key": "name", "name": "odd_list", "operator": "object_to_array"},
    ]

    rows = stat({"sort": {"key": "name"}}, {"limit": 1}, {"project": {"fields": fields}})

    assert rows == [
        {
            "disks": {"root": 8, "7": 1},
            "tags": [{"k": "some.key", "v": "x"}, {"k": "Name", "v": "web"}],
            "ips": 2,
            "odd_size": 0,
            "odd_dict": {},
            "odd_list": [],
        }
    ]


def test_rows_that_are_still_documents_show_known_fields_only_and_tags_as_clients_know_them(stat: Stat) -> None:
    (row,) = stat({"sort": {"key": "name"}}, {"limit": 1})

    assert "_id" not in row
    assert "fingerprint" not in row
    assert row["tags"] == {"aws": {"some.key": "x", "Name": "web"}}


def test_group_keys_reach_into_references_of_the_same_domain(stat: Stat) -> None:
    rows = stat(group([{"key": "ref_region.name", "name": "region"}], COUNT), {"sort": {"key": "region"}})

    assert rows == [{"region": None, "n": 3}, {"region": "Frankfurt", "n": 1}]


def test_a_page_has_its_rows_and_a_total_count(scratch: Database[dict[str, Any]], stat: Stat) -> None:
    plan = plan_of({"aggregate": [group([PROVIDER]), BY_PROVIDER], "page": {"start": 2, "limit": 1}})
    collection = scratch["cloud_service"]

    assert list(collection.aggregate(plan.pipeline(plan.filter))) == [{"provider": "aws"}]
    assert list(collection.aggregate(plan.count_pipeline(plan.filter))) == [{"total_count": 3}]


@pytest.mark.parametrize(
    ("query", "values", "total"),
    [
        ({"distinct": "ip_address"}, ["10.0.0.1", "10.0.0.2"], 2),
        ({"distinct": "provider"}, ["aws", "google"], 2),
        ({"distinct": "name", "page": {"start": 2, "limit": 2}}, ["b", "c"], 4),
        ({"distinct": "name", "filter": [{"k": "provider", "v": "aws", "o": "eq"}]}, ["a", "b"], 2),
        ({"distinct": "tags.aws"}, [{"some.key": "x", "Name": "web"}], 1),
        ({"distinct": "tags"}, [{"aws": {"some.key": "x", "Name": "web"}}], 1),
        ({"distinct": "data.disks"}, [5, {"k": "root", "v": 8}, {"k": 7, "v": 1}], 3),
    ],
)
def test_distinct_values_are_sorted(
    scratch: Database[dict[str, Any]], stat: Stat, query: dict[str, Any], values: list[Any], total: int
) -> None:
    plan = plan_of(query)
    assert plan.distinct is not None

    found = scratch["cloud_service"].distinct(plan.distinct.path, plan.filter)

    assert plan.distinct_page(found) == (values, total)


def test_distinct_sorts_values_of_every_type() -> None:
    plan = plan_of({"distinct": "data"})
    values: list[Any] = [NOW, True, ["x"], {"a": 1}, "b", "a", 2, 1.5, None]

    assert plan.distinct_page(values)[0] == [None, 1.5, 2, "a", "b", {"a": 1}, ["x"], True, NOW]


def test_unknown_keys_are_absent(stat: Stat) -> None:
    """Fields that the service keeps for itself among them."""
    unknown = group([{"key": "fingerprint", "name": "f"}, PROVIDER], COUNT)
    assert stat(unknown, BY_PROVIDER) == [
        {"f": None, "provider": None, "n": 1},
        {"f": None, "provider": "aws", "n": 2},
        {"f": None, "provider": "google", "n": 1},
    ]
    assert stat(group([{"key": "fingerprint", "name": "f"}], COUNT)) == [{"f": None, "n": 4}]
    assert stat({"unwind": {"path": "fingerprint"}}) == []
    shown = {"project": {"fields": [{"key": "fingerprint", "name": "f"}, {"key": "name", "name": "name"}]}}
    assert stat({"sort": {"keys": [{"key": "fingerprint"}, {"key": "name"}]}}, {"limit": 1}, shown) == [{"name": "a"}]
    late = [group([PROVIDER], COUNT), {"sort": {"keys": [{"key": "name"}, {"key": "provider"}]}}, {"limit": 1}]
    assert stat(*late) == [{"provider": None, "n": 1}]
    sizes = {"project": {"fields": [{"key": "no", "name": "s", "operator": "size"}]}}
    assert stat(group([PROVIDER]), sizes, group([], {"name": "s", "operator": "sum", "key": "s"})) == [{"s": 0}]


def test_aggregate_wins_over_distinct() -> None:
    plan = plan_of({"distinct": "name", "aggregate": [{"count": {"name": "n"}}]})

    assert plan.distinct is None
    assert plan.stages == [{"$count": "n"}]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"distinct": "project_id"}, True),
        ({"distinct": "status"}, False),
        ({"aggregate": [group([{"key": "user_projects", "name": "p"}])]}, True),
        ({"aggregate": [group([], {"name": "n", "operator": "push", "fields": [{"key": "projects", "name": "x"}]})]},
         True),
        ({"aggregate": [group([], {**COUNT, "conditions": [{"key": "projects", "value": "p", "operator": "eq"}]})]},
         True),
        ({"aggregate": [{"unwind": {"path": "projects"}}, group([{"key": "status", "name": "s"}])]}, True),
        ({"aggregate": [{"sort": {"key": "created_at"}}, {"limit": 3}]}, True),
        ({"aggregate": [{"count": {"name": "projects"}}]}, False),
        ({"aggregate": [group([{"key": "status", "name": "project_id"}])]}, False),
        ({"aggregate": [group([{"key": "status", "name": "projects"}]), {"sort": {"key": "projects"}}]}, False),
        ({"aggregate": [group([], {**COUNT, "conditions": [{"key": "job_id", "value": "projects", "operator": "not"}]})
                        ]}, False),
    ],
)  # fmt: skip
def test_a_parsed_query_tells_which_fields_it_shows(query: dict[str, Any], shown: bool) -> None:
    assert parse_stat(JOB, query, now=NOW).shows("projects") is shown


def test_the_domain_joins_the_filter() -> None:
    plan = plan_of({"aggregate": [{"limit": 1}], "keyword": "x"}, JOB)
    match: dict[str, object] = {"$and": [{"domain_id": "domain-1"}, plan.filter]}

    assert plan.pipeline(match)[0] == {"$match": match}


@pytest.mark.parametrize(
    ("stages", "error"),
    [
        ([], RequiredParameterError),
        ([{}], InvalidParameterError),
        ([{"limit": 1, "skip": 1}], InvalidParameterError),
        ([{"$out": {}}], InvalidParameterError),
        ([{"limit": 0}], InvalidParameterError),
        ([{"limit": -1}], InvalidParameterError),
        ([{"skip": -1}], InvalidParameterError),
        ([{"limit": "1"}], BadRequestError),
        ([{"limit": 1}] * 51, InvalidParameterError),
        ([{"unwind": {}}], RequiredParameterError),
        ([{"unwind": {"path": "$name"}}], InvalidParameterError),
        ([{"count": {}}], RequiredParameterError),
        ([{"count": {"name": "$x"}}], InvalidParameterError),
        ([{"count": {"name": "n"}}, {"sort": {"key": "$name"}}], InvalidParameterError),
        ([group([], {"name": "f", "key": "name"})], RequiredParameterError),
        ([{"sort": {}}], RequiredParameterError),
        ([{"sort": {"key": "$name"}}], InvalidParameterError),
        ([{"sort": {"key": "project_group_id"}}], InvalidParameterError),
        ([{"project": {}}], RequiredParameterError),
        ([{"project": {"fields": [{"key": "name"}]}}], RequiredParameterError),
        ([{"project": {"fields": [{"key": "name", "name": "x", "operator": "toString"}]}}], QueryError),
        ([{"project": {"fields": [{"key": "name", "name": "_id"}]}}], InvalidParameterError),
        ([group([])], RequiredParameterError),
        ([group([{"key": "provider"}])], RequiredParameterError),
        ([group([{"name": "provider"}])], RequiredParameterError),
        ([group([{"key": "provider", "name": "a.b"}])], InvalidParameterError),
        ([group([{"key": "provider", "name": "a\0"}])], InvalidParameterError),
        ([group([{"key": "provider", "name": "x" * 256}])], InvalidParameterError),
        ([group([{"key": "a$b..c", "name": "x"}])], InvalidParameterError),
        ([group([PROVIDER, PROVIDER])], InvalidParameterError),
        ([group([PROVIDER], {"name": "provider", "operator": "count"})], InvalidParameterError),
        ([group([{**PROVIDER, "date_format": "%q"}])], InvalidParameterError),
        ([group([], {"name": "f", "operator": "function"})], QueryError),
        ([group([], {"name": "f", "operator": "sum"})], RequiredParameterError),
        ([group([], {"name": "f", "operator": "sum", "key": "$$ROOT"})], InvalidParameterError),
        ([group([], {"name": "f", "operator": "max", "key": "name", "conditions": [{}]})], InvalidParameterError),
        ([group([], {**COUNT, "conditions": [{"key": "name", "value": "a", "operator": "regex"}]})], QueryError),
        ([group([], {"name": "f", "operator": "push", "fields": [{"key": "name", "name": "$x"}]})],
         InvalidParameterError),
        ([group([], {"name": "f", "operator": "sum", "fields": [{"key": "name", "name": "x"}]})],
         InvalidParameterError),
        ([group([PROVIDER]), {"sort": {"key": "a..b"}}], InvalidParameterError),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(stages: list[Any], error: type[BadRequestError]) -> None:
    with pytest.raises(error):
        plan_of({"aggregate": stages})


def test_neither_aggregate_nor_distinct_names_the_missing_field() -> None:
    with pytest.raises(RequiredParameterError, match=r"key = aggregate\)"):
        plan_of({})


@pytest.mark.parametrize("key", ["$name", "ref_region.name", "project_group_id", "resource_group_id", "a..b"])
def test_distinct_takes_own_fields_only(key: str) -> None:
    with pytest.raises(InvalidParameterError):
        plan_of({"distinct": key})


@pytest.mark.parametrize(
    ("stage", "key"),
    [
        ({"count": {}}, "count.name"),
        ({"group": {"fields": [{"operator": "sum", "name": "n"}]}}, "group.fields.key"),
        ({"group": {"keys": [{"key": "provider"}]}}, "group.keys.name"),
        ({"group": {"fields": [{"operator": "median", "name": "n"}]}}, "group.fields.operator"),
        ({"project": {"fields": [{"name": "n"}]}}, "project.fields.key"),
        ({"project": {"fields": [{"name": "n", "operator": "sum"}]}}, "project.fields.operator"),
    ],
)
def test_an_error_names_where_in_the_request_it_is(stage: dict[str, Any], key: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_stat(CLOUD_SERVICE, {"aggregate": [stage]}, now=NOW)

    assert caught.value.field == f"query.aggregate.{key}"
