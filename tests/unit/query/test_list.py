"""List queries: keys, operators, values, keyword, order, page, only, minimal, references and the request's fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from inventory.errors import (
    BadRequestError,
    InvalidParameterError,
    InvalidParameterTypeError,
    OperatorBooleanTypeError,
    OperatorDictValueTypeError,
    OperatorListValueTypeError,
    OperatorValueTypeError,
    QueryError,
)
from inventory.query.ast import ReferenceCondition
from inventory.query.fields import ResourceSchema
from inventory.query.mongo import NOTHING, MongoQuery, condition_filter, to_mongo
from inventory.query.parser import parse_list
from inventory.query.references import resolve_references, with_request_filters
from inventory.query.schemas import (
    CLOUD_SERVICE,
    CLOUD_SERVICE_TYPE,
    COLLECTOR,
    COLLECTOR_RULE,
    JOB,
    JOB_TASK,
    RECORD,
    REGION,
    SCHEDULE,
)

NOW = datetime(2026, 1, 7, 13, 14, 15, 167000, tzinfo=UTC)
ALL = (COLLECTOR, SCHEDULE, JOB, JOB_TASK, CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION, RECORD, COLLECTOR_RULE)


def translate(query: dict[str, Any], schema: ResourceSchema = COLLECTOR) -> MongoQuery:
    return to_mongo(parse_list(schema, query, now=NOW))


def one(key: str, operator: str, value: Any, schema: ResourceSchema = COLLECTOR) -> Any:
    """The filter of a single condition."""
    return translate({"filter": [{"key": key, "operator": operator, "value": value}]}, schema).filter


def like(pattern: str) -> dict[str, str]:
    return {"$regex": pattern, "$options": "i"}


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("eq", "a", {"name": {"$eq": "a"}}),
        ("eq", None, {"name": {"$eq": None}}),
        ("eq", 123456789012.0, {"name": {"$eq": "123456789012"}}),
        ("not", "a", {"name": {"$ne": "a"}}),
        ("lt", "a", {"name": {"$lt": "a"}}),
        ("lte", "a", {"name": {"$lte": "a"}}),
        ("gt", "a", {"name": {"$gt": "a"}}),
        ("gte", "a", {"name": {"$gte": "a"}}),
        ("in", ["a", None], {"name": {"$in": ["a", None]}}),
        ("in", [], {"name": {"$in": []}}),
        ("not_in", ["a"], {"name": {"$nin": ["a"]}}),
        ("exists", True, {"name": {"$ne": None}}),
        ("exists", False, {"name": {"$eq": None}}),
        ("contain", "a.b", {"name": like("a\\.b")}),
        ("not_contain", "a", {"name": {"$not": like("a")}}),
        ("contain_in", ["a", "$"], {"$or": [{"name": like("a")}, {"name": like("\\$")}]}),
        ("contain_in", [], NOTHING),
        ("not_contain_in", ["a"], {"$nor": [{"name": like("a")}]}),
        ("not_contain_in", [], {}),
        ("regex", "^a", {"name": like("^a")}),
        ("regex_in", ["^a", "b"], {"$or": [{"name": like("^a")}, {"name": like("b")}]}),
    ],
)
def test_operators_on_text(operator: str, value: Any, expected: Any) -> None:
    assert one("name", operator, value) == expected


@pytest.mark.parametrize(
    ("key", "operator", "value", "expected"),
    [
        ("priority", "eq", 3.0, {"priority": {"$eq": 3}}),
        ("priority", "gt", "3", {"priority": {"$gt": 3}}),
        ("is_public", "eq", "false", {"is_public": {"$eq": False}}),
        ("is_public", "not", True, {"is_public": {"$ne": True}}),
        ("tags.n", "eq", 3.0, {"tags.n": {"$eq": 3}}),
        ("tags.n", "eq", 2.5, {"tags.n": {"$eq": 2.5}}),
        ("tags.n", "eq", 1e300, {"tags.n": {"$eq": 1e300}}),
        ("tags.n", "exists", True, {"tags.n": {"$exists": True}}),
        ("tags", "eq", {"$where": "x"}, {"tags": {"$eq": {"$where": "x"}}}),
        ("tags.x", "in", [{"$gt": 1}, 1], {"$or": [{"tags.x": {"$eq": {"$gt": 1}}}, {"tags.x": {"$eq": 1}}]}),
        ("tags.x", "not_in", [{"$gt": 1}], {"$nor": [{"tags.x": {"$eq": {"$gt": 1}}}]}),
        ("tags.x", "match", {"a": {"$gt": 1}}, {"tags.x": {"$elemMatch": {"a": {"$eq": {"$gt": 1}}}}}),
        ("tags.x", "match", {"a": 1, "b": 2}, {"tags.x": {"$elemMatch": {"a": {"$eq": 1}, "b": {"$eq": 2}}}}),
        ("created_at", "eq", "", {"created_at": {"$eq": None}}),
        ("created_at", "exists", False, {"created_at": {"$eq": None}}),
    ],
)  # fmt: skip
def test_values_take_the_type_of_the_field_and_never_become_operators(
    key: str, operator: str, value: Any, expected: Any
) -> None:
    assert one(key, operator, value) == expected


@pytest.mark.parametrize("operator", ["lt", "lte", "gt", "gte"])
@pytest.mark.parametrize("prefix", ["", "datetime_"])
@pytest.mark.parametrize(
    "text",
    ["2022-06-17T06:33:27.195Z", "2022-06-17T15:33:27.195+09:00", "2022-06-17 06:33:27.195", "20220617T063327.1959"],
)  # fmt: skip
def test_date_times_compare_as_dates(operator: str, prefix: str, text: str) -> None:
    expected = datetime(2022, 6, 17, 6, 33, 27, 195000, tzinfo=UTC)

    assert one("created_at", prefix + operator, text) == {"created_at": {f"${operator}": expected}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("now/d", datetime(2026, 1, 7, tzinfo=UTC)),
        ("now/w", datetime(2026, 1, 5, tzinfo=UTC)),
        ("now/m", datetime(2026, 1, 1, tzinfo=UTC)),
        ("now/d - 7d", datetime(2025, 12, 31, tzinfo=UTC)),
        ("now-90s", NOW - timedelta(seconds=90)),
        ("now + 5m", NOW + timedelta(minutes=5)),
        ("now/w+2w", datetime(2026, 1, 19, tzinfo=UTC)),
        (" now/m - 1h ", datetime(2025, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_timediff_is_relative_to_now(text: str, expected: datetime) -> None:
    assert one("created_at", "timediff_gte", text) == {"created_at": {"$gte": expected}}


@pytest.mark.parametrize(
    "text", ["", "yesterday", "now/y", "now - 7", "now 7d", "now - 999999999w", "now/d - 7d - 1d", 5, None]
)
def test_an_unreadable_timediff_is_refused(text: Any) -> None:
    with pytest.raises(OperatorValueTypeError):
        one("created_at", "timediff_lt", text)


@pytest.mark.parametrize(
    ("key", "operator", "value", "error"),
    [
        ("name", "in", "abc", OperatorListValueTypeError),
        ("name", "not_in", None, OperatorListValueTypeError),
        ("name", "contain_in", "abc", OperatorListValueTypeError),
        ("name", "not_contain_in", {}, OperatorListValueTypeError),
        ("name", "regex_in", "abc", OperatorListValueTypeError),
        ("name", "eq", ["a"], OperatorValueTypeError),
        ("name", "not", ["a"], OperatorValueTypeError),
        ("name", "gt", ["a"], OperatorValueTypeError),
        ("name", "gt", None, OperatorValueTypeError),
        ("name", "contain", ["a"], OperatorValueTypeError),
        ("name", "contain", None, OperatorValueTypeError),
        ("name", "regex", {}, OperatorValueTypeError),
        ("name", "eq", {"$ne": 1}, OperatorValueTypeError),
        ("name", "eq", True, OperatorValueTypeError),
        ("tags.x", "lt", {}, OperatorValueTypeError),
        ("name", "in", [["a"]], OperatorValueTypeError),
        ("created_at", "datetime_lt", ["2022-06-17"], OperatorValueTypeError),
        ("created_at", "datetime_lt", "yesterday", OperatorValueTypeError),
        ("created_at", "datetime_lt", "0001-01-01T00:00:00+14:00", OperatorValueTypeError),
        ("created_at", "eq", 5, OperatorValueTypeError),
        ("created_at", "timediff_gt", ["now"], OperatorValueTypeError),
        ("priority", "eq", "high", OperatorValueTypeError),
        ("priority", "eq", "nan", OperatorValueTypeError),
        ("is_public", "eq", 1, OperatorValueTypeError),
        ("name", "exists", "true", OperatorBooleanTypeError),
        ("name", "exists", 1, OperatorBooleanTypeError),
        ("tags.x", "match", "a", OperatorDictValueTypeError),
        ("tags.x", "match", [], OperatorDictValueTypeError),
        ("tags.x", "match", {}, InvalidParameterError),
        ("tags.x", "match", {"$where": 1}, InvalidParameterError),
        ("tags.x", "match", {"a..b": 1}, InvalidParameterError),
        ("name", "match", {"a": 1}, QueryError),
        ("name", "datetime_lt", "2022-06-17", QueryError),
        ("tags.x", "timediff_lt", "now", QueryError),
        ("priority", "contain", "1", QueryError),
        ("created_at", "regex", "2022", QueryError),
        ("name", "near", "x", QueryError),
        ("name", "$where", "x", QueryError),
        ("name", "", "x", QueryError),
        ("name", "regex", "a(", InvalidParameterError),
        ("name", "regex_in", ["*"], InvalidParameterError),
        ("name", "regex", "a\0", InvalidParameterError),
        ("name", "regex", "a" * 4097, InvalidParameterError),
        ("name", "regex", "(" * 4000, InvalidParameterError),
        ("name", "contain_in", ["a"] * 257, InvalidParameterError),
        ("tags.x", "eq", float("nan"), InvalidParameterError),
        ("tags.x", "eq", float("inf"), InvalidParameterError),
        ("tags.x", "eq", 2**63, InvalidParameterError),
        ("tags.x", "eq", {"a\0": 1}, InvalidParameterError),
        ("tags.x", "eq", object(), InvalidParameterError),
    ],
)
def test_values_that_do_not_fit_are_refused(key: str, operator: str, value: Any, error: type[BadRequestError]) -> None:
    with pytest.raises(error) as caught:
        one(key, operator, value)

    assert type(caught.value) is error


def test_the_refusal_of_an_operator_names_the_known_ones() -> None:
    with pytest.raises(QueryError, match=r"eq, not, lt, .* timediff_gte") as caught:
        one("name", "near", "x")

    assert caught.value.code == "ERROR_DB_QUERY"


def test_a_value_may_nest_only_so_deep() -> None:
    value: Any = 1
    for _ in range(80):
        value = [value]

    with pytest.raises(InvalidParameterError, match="nests"):
        one("tags.x", "eq", {"a": value})


def test_texts_that_no_database_stores_are_refused() -> None:
    for query in (
        {"filter": [{"k": "name", "v": "\ud800", "o": "eq"}]},
        {"filter": [{"k": "tags.x", "v": {"\ud800": 1}, "o": "eq"}]},
        {"filter": [{"k": "tags.\ud800", "v": 1, "o": "eq"}]},
        {"keyword": "\ud800"},
    ):
        with pytest.raises(InvalidParameterError):
            translate(query)


def test_patterns_that_only_pcre_knows_are_left_to_mongodb() -> None:
    assert one("name", "regex", r"\p{Lu}+(?|a|b)") == {"name": like(r"\p{Lu}+(?|a|b)")}


@pytest.mark.parametrize("missing", ["key", "operator"])
def test_a_condition_needs_key_and_operator(missing: str) -> None:
    entry = {"key": "name", "value": "a", "operator": "eq"}
    del entry[missing]

    with pytest.raises(QueryError):
        translate({"filter": [entry]})


def test_a_condition_without_a_value_compares_with_null_and_short_names_work() -> None:
    assert translate({"filter": [{"k": "name", "v": None, "o": "eq"}]}).filter == {"name": {"$eq": None}}
    assert translate({"filter": [{"k": "name", "o": "not"}]}).filter == {"name": {"$ne": None}}


UNKNOWN = ["a", "_id", "lease", "name.x", "plugin_info.x", "collector_info.name"]


@pytest.mark.parametrize("key", UNKNOWN)
def test_unknown_keys_are_refused_in_conditions_and_absent_elsewhere(key: str) -> None:
    entry = {"key": key, "operator": "eq", "value": "x"}
    for part in ("filter", "filter_or"):
        with pytest.raises(InvalidParameterError, match="not a key of Collector"):
            translate({part: [entry]})

    assert translate({"sort": {"keys": [{"key": key}, {"key": "priority", "desc": True}]}}).sort == [("priority", -1)]
    assert translate({"sort": {"key": key}}).sort == [("name", 1)]
    shown = translate({"only": [key, "name"]})
    assert (shown.projection, shown.only) == ({"_id": 0, "name": 1}, {"name"})
    nothing = translate({"only": [key]})
    assert (nothing.projection, nothing.only) == ({"_id": 1}, frozenset())


@pytest.mark.parametrize(
    "key",
    [
        "$where", "tags.", ".tags", "tags..x",
        "name\0", "tags.a\0", "", "tags." + "a." * 70 + "b", "tags." + "a" * 3000,
    ],
)  # fmt: skip
def test_malformed_keys_are_refused(key: str) -> None:
    entry = {"key": key, "operator": "eq", "value": "x"}

    with pytest.raises(BadRequestError):
        translate({"filter": [entry]})
    with pytest.raises(BadRequestError):
        translate({"filter_or": [entry]})
    if key:
        with pytest.raises(InvalidParameterError):
            translate({"sort": {"key": key}})
    with pytest.raises(InvalidParameterError):
        translate({"only": [key]})


@pytest.mark.parametrize(
    ("schema", "key", "path"),
    [
        (COLLECTOR, "plugin_id", "plugin_info.plugin_id"),
        (COLLECTOR, "plugin_info.options.a.b", "plugin_info.options.a.b"),
        (COLLECTOR, "capability.x", "capability.x"),
        (JOB, "collector_id", "collector_id"),
        (JOB, "collector_info.collector_id", "collector_id"),
        (JOB, "collector.collector_id", "collector_id"),
        (JOB, "project_id", "projects"),
        (JOB, "user_projects", "projects"),
        (JOB_TASK, "user_projects", "project_id"),
        (JOB_TASK, "collector_id", "collector_id"),
        (JOB, "filters", "filter"),
        (JOB, "filters.region_name", "filter.region_name"),
        (SCHEDULE, "filters.a.b", "filter.a.b"),
        (CLOUD_SERVICE_TYPE, "updated_by", "updated_by"),
        (REGION, "updated_by", "updated_by"),
        (JOB, "errors.additional.resource_type", "errors.additional.resource_type"),
        (CLOUD_SERVICE, "ip_address", "ip_addresses"),
        (CLOUD_SERVICE, "ref_region", "ref_region"),
        (CLOUD_SERVICE, "tags.aws.some.key", "tags.aws.some%2Ekey"),
        (CLOUD_SERVICE, "tags.aws.a/$b.50%", "tags.aws.a/%24b%2E50%25"),
        (CLOUD_SERVICE, "tags.aws.$x", "tags.aws.%24x"),
        (CLOUD_SERVICE, "collection_info.secret_id", "collection_info.secret_id"),
        (REGION, "tags.some", "tags.some"),
        (RECORD, "diff.key", "diff.key"),
    ],
)
def test_keys_and_aliases(schema: ResourceSchema, key: str, path: str) -> None:
    assert one(key, "eq", "x", schema) == {path: {"$eq": "x"}}


@pytest.mark.parametrize(
    ("operator", "value"), [("eq", "prod"), ("in", ["prod", 1]), ("contain", "pr"), ("regex", "^p"), ("gt", "a"),
                            ("match", {"a": 1}), ("contain_in", ["p"])],
)  # fmt: skip
def test_tags_of_a_cloud_service_without_a_provider_are_no_error(operator: str, value: Any) -> None:
    assert "tags.env" in str(one("tags.env", operator, value, CLOUD_SERVICE))


def test_a_resource_without_tags_refuses_them() -> None:
    with pytest.raises(InvalidParameterError):
        one("tags.a", "eq", "x", JOB)


@pytest.mark.parametrize(("schema", "key"), [(CLOUD_SERVICE, "resource_group_id"), (COLLECTOR_RULE, "data_source_id")])
def test_keys_without_an_answer_are_refused_not_ignored(schema: ResourceSchema, key: str) -> None:
    with pytest.raises(InvalidParameterError):
        one(key, "eq", "x", schema)
    with pytest.raises(InvalidParameterError):
        with_request_filters(parse_list(schema, {}, now=NOW), {key: "x"}, now=NOW)


def test_filter_is_anded_filter_or_is_ored_and_keyword_joins_it() -> None:
    query = {
        "filter": [{"k": "name", "v": "a", "o": "eq"}, {"k": "priority", "v": 1, "o": "gt"}],
        "filter_or": [{"k": "provider", "v": "aws", "o": "eq"}],
        "keyword": "  web  ",
    }

    assert translate(query).filter == {
        "$and": [
            {"name": {"$eq": "a"}},
            {"priority": {"$gt": 1}},
            {
                "$or": [
                    {"provider": {"$eq": "aws"}},
                    {"collector_id": like("web")},
                    {"name": like("web")},
                    {"provider": like("web")},
                ]
            },
        ]
    }


def test_an_empty_query_matches_all_in_the_default_order() -> None:
    plan = translate({})

    assert plan == MongoQuery({}, None, [("name", 1)], 0, 0, False, None)
    assert plan.wire_fields is None


@pytest.mark.parametrize(
    ("schema", "order"),
    [
        (COLLECTOR, [("name", 1)]),
        (SCHEDULE, [("name", 1)]),
        (JOB, [("created_at", -1)]),
        (JOB_TASK, [("created_at", -1)]),
        (RECORD, [("revision", -1), ("created_at", -1)]),
        (CLOUD_SERVICE_TYPE, [("provider", 1), ("group", 1), ("name", 1)]),
        (REGION, [("name", 1)]),
        (COLLECTOR_RULE, [("order", 1)]),
    ],
)
def test_default_orders(schema: ResourceSchema, order: list[tuple[str, int]]) -> None:
    assert translate({}, schema).sort == order


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ({"key": "priority"}, [("priority", 1)]),
        ({"key": "priority", "desc": True}, [("priority", -1)]),
        ({"keys": [{"key": "plugin_id", "desc": True}, {"key": "name"}]}, [("plugin_info.plugin_id", -1), ("name", 1)]),
        ({"keys": [{"key": "name", "desc": True}, {"key": "name"}]}, [("name", -1)]),
        ({"key": "priority", "desc": True, "keys": [{"key": "name"}]}, [("priority", -1)]),
        ({}, [("name", 1)]),
        (None, [("name", 1)]),
    ],
)
def test_sort_by_one_or_many(sort: Any, expected: Any) -> None:
    assert translate({"sort": sort}).sort == expected


@pytest.mark.parametrize(
    ("schema", "sort"),
    [
        (JOB, {"key": "collector_info.name"}),
        (COLLECTOR, {"keys": [{"key": f"tags.k{i}"} for i in range(17)]}),
        (CLOUD_SERVICE, {"keys": [{"key": "ip_addresses"}, {"key": "collection_info.provider"}]}),
        (COLLECTOR, "name"),
        (COLLECTOR, {"key": 5}),
    ],
)
def test_orders_that_cannot_be_are_refused(schema: ResourceSchema, sort: Any) -> None:
    with pytest.raises(BadRequestError):
        translate({"sort": sort}, schema)


@pytest.mark.parametrize(
    ("page", "skip", "limit"),
    [
        ({}, 0, 0),
        ({"limit": 10}, 0, 10),
        ({"start": 1, "limit": 10}, 0, 10),
        ({"start": 11.0, "limit": 10.0}, 10, 10),
        ({"start": 0, "limit": 10}, 0, 10),
        ({"start": 11}, 0, 0),
        ({"start": 11, "limit": 0}, 0, 0),
        ({"start": 2**32 - 1, "limit": 2**32 - 1}, 2**32 - 2, 2**32 - 1),
    ],
)
def test_pages_start_at_one(page: Any, skip: int, limit: int) -> None:
    plan = translate({"page": page})

    assert (plan.skip, plan.limit) == (skip, limit)


def test_pages_of_equals_are_told_apart_by_id() -> None:
    assert translate({"page": {"limit": 10}}, JOB).sort == [("created_at", -1), ("_id", -1)]
    assert translate({"page": {"limit": 10}, "sort": {"key": "job_id"}}, JOB).sort == [("job_id", 1)]


@pytest.mark.parametrize("page", [{"limit": "a"}, {"start": 1.5}, {"limit": -1}, {"start": True}, [], "x"])
def test_unreadable_pages_are_refused(page: Any) -> None:
    with pytest.raises(BadRequestError):
        translate({"page": page})


def test_count_only() -> None:
    assert translate({"count_only": True}).count_only


@pytest.mark.parametrize(
    ("schema", "only", "paths"),
    [
        (COLLECTOR, ["name", "plugin_info"], {"name", "plugin_info"}),
        (COLLECTOR, ["plugin_info.options.a", "plugin_info", "name"], {"name", "plugin_info"}),
        (COLLECTOR, ["plugin_id"], {"plugin_info.plugin_id"}),
        (JOB, ["job_id", "collector_info", "project_id"], {"job_id", "collector_id", "projects"}),
        (JOB, ["collector_info.name"], {"collector_id"}),
        (SCHEDULE, ["collector_info"], {"collector_id"}),
        (CLOUD_SERVICE, ["tags.aws.a.b", "ref_region"], {"tags.aws.a%2Eb", "ref_region"}),
        (CLOUD_SERVICE, ["ref_region.name", "tag_keys"], {"ref_region", "tag_keys"}),
    ],
)
def test_only_reads_what_the_wire_fields_are_made_of(schema: ResourceSchema, only: list[str], paths: set[str]) -> None:
    projection = translate({"only": only}, schema).projection

    assert projection is not None
    assert projection.pop("_id") == 0
    assert set(projection) == paths
    assert set(projection.values()) == {1}


def test_only_tells_which_wire_fields_to_fill() -> None:
    plan = translate({"only": ["job_id", "collector_info.name", "project_id"]}, JOB)

    assert plan.wire_fields == {"job_id", "collector_info", "project_id"}
    assert plan.only == {"job_id", "collector_info.name", "project_id"}


def test_minimal_wins_over_only() -> None:
    plan = translate({"only": ["tags"], "minimal": True})

    assert plan.wire_fields == {
        "collector_id", "name", "state", "provider", "capability", "plugin_info", "is_public", "project_id",
    }  # fmt: skip
    assert plan.projection is not None
    assert "plugin_info.version" in plan.projection
    assert "tags" not in plan.projection


@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.name)
def test_every_schema_is_consistent(schema: ResourceSchema) -> None:
    for path in (*schema.keyword, *schema.aliases, *(path for path, _ in schema.default_sort), schema.id_field):
        schema.target(path)
    assert translate({"minimal": True}, schema).projection


@pytest.mark.parametrize("only", ["name", [5], [["name"]]])
def test_an_only_of_the_wrong_type_is_refused(only: Any) -> None:
    with pytest.raises(InvalidParameterTypeError):
        translate({"only": only})


@pytest.mark.parametrize(
    "query", [{"filter": {}}, {"filter": ["x"]}, {"filter_or": "x"}, {"keyword": 5}, {"keyword": "x " * 65 + "y"},
              {"keyword": " ".join(f"w{i}" for i in range(65))}, {"filter": [{"k": 5, "v": 1, "o": "eq"}]},
              {"filter": [{"k": "name", "v": "a", "o": "eq"}] * 1001}],
)  # fmt: skip
def test_malformed_queries_are_refused(query: Any) -> None:
    if query.get("keyword", "") == "x " * 65 + "y":
        assert translate(query).filter
        return
    with pytest.raises(BadRequestError):
        translate(query)


@pytest.mark.parametrize(
    ("part", "operator", "value", "asked"),
    [
        ("filter", "eq", "DELETED", True),
        ("filter", "in", ["ACTIVE", "DELETED"], True),
        ("filter", "contain_in", ["DELETED"], True),
        ("filter_or", "eq", "DELETED", False),
        ("filter_or", "in", ["DELETED"], False),
        ("filter", "eq", "ACTIVE", False),
        ("filter", "in", ["ACTIVE"], False),
        ("filter", "not", "ACTIVE", False),
        ("filter", "not", "DELETED", False),
        ("filter", "not_in", ["ACTIVE"], False),
        ("filter", "not_in", ["DELETED"], False),
        ("filter", "exists", True, False),
        ("filter", "contain", "DELETED", False),
        ("filter", "not_contain", "ACTIVE", False),
        ("filter", "regex", "DELETED", False),
        ("filter", "regex_in", ["DELETED"], False),
        ("filter", "gt", "ACTIVE", False),
        ("filter", "gte", "DELETED", False),
    ],
)
def test_only_conditions_that_name_a_value_ask_for_it(part: str, operator: str, value: Any, asked: bool) -> None:
    by_state = {"k": "state", "v": value, "o": operator}

    assert parse_list(CLOUD_SERVICE, {part: [by_state]}, now=NOW).asks_for("state", "DELETED") is asked


def test_words_and_other_fields_do_not_ask_for_a_value() -> None:
    query = {"keyword": "DELETED", "filter": [{"k": "name", "v": "DELETED", "o": "eq"}]}

    assert not parse_list(CLOUD_SERVICE, query, now=NOW).asks_for("state", "DELETED")


def test_references_are_asked_for_and_put_in() -> None:
    conditions = [
        {"k": "collector_info.plugin_id", "v": "plugin-1", "o": "eq"},
        {"k": "collector.created_at", "v": "2026-01-01", "o": "lt"},
    ]
    query = parse_list(JOB, {"filter": conditions[:1], "filter_or": conditions[1:]}, now=NOW)
    asked: list[tuple[str, Any]] = []

    def lookup(node: ReferenceCondition) -> list[str]:
        asked.append((node.reference.name, condition_filter(node.condition)))
        return [f"collector-{len(asked)}"]

    resolved = resolve_references(query, lookup)

    assert asked == [
        ("collector", {"plugin_info.plugin_id": {"$eq": "plugin-1"}}),
        ("collector", {"created_at": {"$lt": datetime(2026, 1, 1, tzinfo=UTC)}}),
    ]
    assert to_mongo(resolved).filter == {
        "$and": [{"collector_id": {"$in": ["collector-1"]}}, {"collector_id": {"$in": ["collector-2"]}}]
    }
    assert not list(resolved.references())


@pytest.mark.parametrize(
    ("key", "reference", "local", "inner"),
    [
        ("ref_cloud_service_type.labels", "cloud_service_type", "ref_cloud_service_type", "labels"),
        ("ref_region.tags.continent", "region", "ref_region", "tags.continent"),
        ("project_group_id", "project_group", "project_id", "project_group_id"),
    ],
)
def test_references_of_cloud_services(key: str, reference: str, local: str, inner: str) -> None:
    query = parse_list(CLOUD_SERVICE, {"filter": [{"k": key, "v": "x", "o": "eq"}]}, now=NOW)
    (node,) = query.references()

    assert (node.reference.name, node.reference.local_field, node.condition.target.path) == (reference, local, inner)
    assert to_mongo(resolve_references(query, lambda _: ["k"])).filter == {local: {"$in": ["k"]}}


def test_unresolved_references_are_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        one("ref_region.name", "eq", "x", CLOUD_SERVICE)


@pytest.mark.parametrize("key", ["ref_region.ref_region.x", "ref_region.lease", "ref_region.$x", "collector.name"])
def test_references_lead_to_known_fields_only(key: str) -> None:
    with pytest.raises(InvalidParameterError):
        one(key, "eq", "x", CLOUD_SERVICE)


def test_the_requests_own_fields_narrow_the_query() -> None:
    query = parse_list(JOB, {"filter": [{"k": "job_id", "v": "job-", "o": "contain"}]}, now=NOW)

    narrowed = with_request_filters(
        query, {"status": "SUCCESS", "project_id": ["project-1", "project-2"], "collector_id": None}, now=NOW
    )

    assert to_mongo(narrowed).filter == {
        "$and": [
            {"job_id": like("job\\-")},
            {"status": {"$eq": "SUCCESS"}},
            {"projects": {"$in": ["project-1", "project-2"]}},
        ]
    }
    assert with_request_filters(query, {"status": None}, now=NOW) is query


def test_times_in_other_zones_are_utc_afterwards() -> None:
    text = NOW.astimezone(timezone(timedelta(hours=9))).isoformat()

    assert one("created_at", "eq", text) == {"created_at": {"$eq": NOW}}


def test_no_refusal_echoes_more_than_it_should() -> None:
    with pytest.raises(BadRequestError) as caught:
        one("x" * 5000, "eq", "secret-value")

    assert len(str(caught.value).encode()) <= 2100
    assert "secret-value" not in str(caught.value)
