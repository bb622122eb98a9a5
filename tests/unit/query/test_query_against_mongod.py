"""Any list query is refused as a bad request, or a real mongod answers it as the plain-Python evaluator does."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from inventory.errors import BadRequestError
from inventory.query.mongo import to_mongo
from inventory.query.parser import parse_list
from inventory.query.schemas import CLOUD_SERVICE
from tests.reference.query_evaluator import evaluate

NOW = datetime(2026, 1, 7, 13, 14, 15, 167000, tzinfo=UTC)
DEEP = os.environ.get("INVENTORY_TEST_PROFILE") == "deep"
EXAMPLES = 5000 if DEEP else 120

TIMES = frozenset({"created_at", "deleted_at", "collection_info.last_collected_at"})
TEXTS = ("name", "provider", "account", "state", "reference.resource_id", "collection_info.provider", "ip_addresses")
NUMBERS = ("instance_size",)
FREE = ("data.a", "data.b", "data.a.b", "data.b.c", "data.c.a.b", "metadata.a")
TAGS = ("tags.aws.team", "tags.aws.app.kubernetes.io/name")
MEMBERS = (r"data.a\.b", r"data.a.a\.b", r"data.b.$c", r"data.a\.b.c", r"data.c.$c.a\.b", r"metadata.a\.b.a")
"""Keys that no path of MongoDB reaches."""
KNOWN = frozenset(key for key in (*TEXTS, *NUMBERS, *TIMES) if not key.startswith("collection_info."))

text = st.sampled_from(
    ["", "a", "A", "b", "ab", "Ba", "a.b", "web-1", "10.0.0.1", "é", "É", "50%", "$gt", "a(b", "x y", "ABC"]
)
number = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 1.0, 2.5, -1.5]))
scalar = st.one_of(text, number, st.booleans(), st.none())
member = st.sampled_from(["a", "b", "c", "a.b", "$c"])
free = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(member, inner, max_size=3),
    max_leaves=8,
)
moment = st.integers(-20, 20).map(lambda days: NOW + timedelta(days=days, hours=days % 5))
iso = moment.map(lambda value: value.isoformat().replace("+00:00", "Z"))
maybe = st.sampled_from([True, True, True, False])


SORTED_MEMBER = r"metadata.sort\.by"


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    optional: dict[str, st.SearchStrategy[Any]] = {
        "name": text,
        "provider": st.sampled_from(["aws", "google", "azure"]),
        "account": st.one_of(text, st.none()),
        "state": st.sampled_from(["ACTIVE", "DELETED"]),
        "instance_size": st.one_of(number, st.none()),
        "ip_addresses": st.lists(text, max_size=3),
        "reference": st.fixed_dictionaries({}, optional={"resource_id": text}),
        "data": st.dictionaries(member, free, max_size=3),
        "metadata": st.builds(
            lambda content, rank: content | rank,
            st.dictionaries(member, free, max_size=2),
            st.fixed_dictionaries({}, optional={"sort.by": st.integers(0, 3)}),
        ),
        "tags": st.fixed_dictionaries(
            {}, optional={"aws": st.fixed_dictionaries({}, optional={"team": text, "app%2Ekubernetes%2Eio/name": text})}
        ),
        "collection_info": st.lists(
            st.fixed_dictionaries({"provider": text}, optional={"last_collected_at": moment}), max_size=2
        ),
        "created_at": moment,
        "deleted_at": st.one_of(moment, st.none()),
    }
    found = draw(st.lists(st.fixed_dictionaries({}, optional=optional), min_size=1, max_size=8))
    return [{"_id": i, **document} for i, document in enumerate(found)]


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    group = draw(
        st.sampled_from(["text", "text", "number", "time", "free", "free", "members", "members", "tags", "match"])
    )
    if group == "match":
        key = draw(st.sampled_from(["data.a", "data.b", "collection_info", "data.a.b", r"data.a\.b"]))
        names = st.sampled_from(["provider"] if key == "collection_info" else ["a", "b", "c", r"a\.b", "a.$c"])
        value = draw(st.dictionaries(names, text if key == "collection_info" else free, min_size=1, max_size=2))
        return {"key": key, "operator": "match", "value": value}
    keys, values = {
        "text": (TEXTS, text),
        "number": (NUMBERS, st.one_of(number, st.none())),
        "time": (sorted(TIMES), iso),
        "free": (FREE, free),
        "members": (MEMBERS, free),
        "tags": (TAGS, text),
    }[group]
    operators = ["eq", "not", "in", "not_in", "exists", "lt", "lte", "gt", "gte"]
    if group == "time":
        operators += [f"datetime_{name}" for name in ("lt", "lte", "gt", "gte")]
        operators += [f"timediff_{name}" for name in ("lt", "lte", "gt", "gte")]
    elif group != "number":
        operators += ["contain", "not_contain", "contain_in", "not_contain_in", "regex", "regex_in"]
    operator = draw(st.sampled_from(operators))
    return {"key": draw(st.sampled_from(keys)), "operator": operator, "value": draw(_value(operator, values))}


def _value(operator: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    if operator == "exists":
        return st.booleans()
    if operator.startswith("timediff"):
        span = st.tuples(
            st.sampled_from(["", "/d", "/w", "/m"]), st.sampled_from(["", "-3d", " + 2 h", "-1w", " - 90m"])
        )
        return span.map(lambda parts: f"now{parts[0]}{parts[1]}")
    if operator.startswith("regex"):
        pattern = st.sampled_from(["a", "^a", "b$", "[0-9]+", "a|b", "^$", "web-\\d", "x.y", "(ab)+", "É", "a(b", "*"])
        return st.lists(pattern, max_size=3) if operator == "regex_in" else pattern
    if "contain" in operator:
        return st.lists(text, max_size=3) if operator.endswith("_in") else text
    return st.lists(values, max_size=3) if operator.endswith("in") else values


queries = st.fixed_dictionaries(
    {},
    optional={
        "filter": st.lists(conditions(), max_size=3),
        "filter_or": st.lists(conditions(), max_size=3),
        "keyword": st.sampled_from(["", "a", "web", "10.0 é", "  b  a ", "$gt"]),
        "sort": st.fixed_dictionaries(
            {
                "keys": st.lists(
                    st.fixed_dictionaries(
                        {"key": st.sampled_from(["name", "instance_size", "created_at", "account", SORTED_MEMBER])},
                        optional={"desc": st.booleans()},
                    ),
                    min_size=1,
                    max_size=2,
                    unique_by=lambda entry: entry["key"],
                )
            }
        ),
        "page": st.fixed_dictionaries({}, optional={"start": st.integers(0, 4), "limit": st.integers(0, 4)}),
    },
)


@pytest.mark.timeout(400)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not DEEP,
)
@given(stored=documents(), query=queries)
def test_a_query_is_refused_or_answered_like_the_reference(
    scratch: Database[dict[str, Any]], stored: list[dict[str, Any]], query: dict[str, Any]
) -> None:
    try:
        plan = to_mongo(parse_list(CLOUD_SERVICE, query, now=NOW))
    except BadRequestError as error:
        event(f"refused: {error.code}")
        return
    event("answered")
    collection = scratch["query_property"]
    collection.delete_many({})
    collection.insert_many(stored)

    last = plan.sort[-1][1]
    plan = plan if plan.sort[-1][0] == "_id" else replace(plan, sort=[*plan.sort, ("_id", last)])
    if plan.computed:
        found: Any = collection.aggregate(replace(plan, projection={"_id": 1}).pipeline(plan.filter))
    else:
        found = collection.find(plan.filter, sort=plan.sort, skip=plan.skip, limit=plan.limit)

    expected = evaluate(
        stored,
        {"sort": {"keys": [{"key": "created_at", "desc": True}]}, **query},
        times=TIMES,
        known=KNOWN,
        keyword_fields=CLOUD_SERVICE.keyword,
        now=NOW,
    )
    assert [document["_id"] for document in found] == expected
