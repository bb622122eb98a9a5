"""Match rules without a database."""

from __future__ import annotations

import pytest

from inventory.errors import InvalidResourceError, MatchRuleError
from inventory.ingest.decision.match import (
    comparable,
    conditions_of,
    conditions_of_stored,
    lookups,
    match_key,
    parse_rules,
    stored_values,
)
from inventory.ingest.reading.kinds import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION

RESOURCE = {
    "provider": "aws",
    "account": 123.0,
    "reference": {"resource_id": "i-1"},
    "data": {"a": {"b": 5.0}},
    "tags": {"x.y": "z"},
    "metadata": {"m": 1},
}


def conditions(rules, resource=RESOURCE, kind=CLOUD_SERVICE):
    return conditions_of(parse_rules(rules, kind), resource, kind)


def test_rules_come_in_numeric_order_whatever_their_spelling():
    rules = {"10": ["name"], "2.0": ["account"], "1": ["provider", "domain_id"]}
    assert parse_rules(rules, CLOUD_SERVICE) == (("provider",), ("account",), ("name",))


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"a": ["provider"]},
        {"1": [1.0]},
        {"1": None},
        {"1": ["$where"]},
        {"1": ["data.$x"]},
        {"1": ["data..x"]},
        {"1": ["data."]},
        {"1": ["data.\0"]},
        {"1": ["server_type"]},
        {"1": ["revision"]},
        {"1": ["fingerprint"]},
        {"1": ["collection_info.secret_id"]},
    ],
)
def test_rules_that_cannot_be_looked_up_are_refused(rules):
    with pytest.raises(MatchRuleError):
        parse_rules(rules, CLOUD_SERVICE)


def test_numbers_sent_for_text_match_as_text():
    [condition] = conditions({"1": ["account", "provider"]})
    assert condition.values == ("123", "aws")


def test_a_missing_value_is_asked_for_as_missing():
    [condition] = conditions({"1": ["name", "provider"]})
    [lookup] = lookups([condition])
    assert lookup.filter["name"] == {"$in": [None, "", [], {}]}
    assert lookup.filter["provider"] == {"$eq": "aws"}


def test_a_rule_without_any_value_is_passed_over_and_none_at_all_fails():
    assert len(conditions({"1": ["name", "region_code"], "2": ["provider"]})) == 1
    with pytest.raises(MatchRuleError):
        conditions({"1": ["name"], "2": ["region_code"]})


def test_free_form_keys_find_their_place_in_the_store():
    [condition] = conditions({"1": ["tags.x.y", "data.a.b", "metadata.m", "provider"]})
    assert condition.paths == ("data.a.b", "metadata.aws.m", "provider", "tags.aws.x%2Ey")
    assert condition.values == (5.0, 1, "aws", "z")
    stored = {
        "data": {"a": {"b": 5}},
        "metadata": {"aws": {"m": 1}},
        "provider": "aws",
        "tags": {"aws": {"x%2Ey": "z"}},
    }
    assert stored_values(stored, condition.paths) == condition.values
    assert conditions_of_stored(parse_rules({"1": ["data.a.b", "provider"]}, CLOUD_SERVICE), stored, CLOUD_SERVICE)


def test_a_rule_no_index_serves_is_bounded_by_the_provider():
    [condition] = conditions({"1": ["data.a.b"]})
    assert condition.paths == ("data.a.b", "provider")
    [condition] = conditions({"1": ["reference.resource_id"]})
    assert condition.paths == ("reference.resource_id",)


def test_a_value_of_the_wrong_type_fails_the_resource():
    with pytest.raises(InvalidResourceError):
        conditions({"1": ["name"]}, {"name": {"a": 1}})


def test_many_resources_become_one_lookup_on_the_varying_key():
    many = [
        conditions(
            {"1": ["reference.resource_id", "provider"]}, {"provider": "aws", "reference": {"resource_id": f"i-{n}"}}
        )
        for n in range(50)
    ]
    [lookup] = lookups([found for [found] in many])
    assert lookup.filter["provider"] == {"$eq": "aws"}
    assert len(lookup.filter["reference.resource_id"]["$in"]) == 50


def test_resources_that_differ_in_more_are_grouped_by_the_rest():
    many = [
        conditions({"1": ["region_code", "provider"]}, {"provider": f"p{n % 3}", "region_code": f"r{n}"}, REGION)[0]
        for n in range(9)
    ]
    assert len(lookups(many)) == 3


def test_the_match_key_follows_rule_and_values_not_their_order():
    one = conditions({"1": ["provider", "account"]})[0]
    two = conditions({"7": ["account", "provider"]})[0]
    assert match_key(CLOUD_SERVICE, one) == match_key(CLOUD_SERVICE, two)
    other = conditions({"1": ["provider", "account"]}, {**RESOURCE, "account": "124"})[0]
    assert match_key(CLOUD_SERVICE, one) != match_key(CLOUD_SERVICE, other)


def test_equal_in_mongodb_is_equal_here():
    assert comparable(1) == comparable(1.0)
    assert comparable([80, [443], {"a": 1}]) == comparable([80.0, [443.0], {"a": 1.0}])
    assert comparable([80.5]) != comparable([80])
    assert comparable(True) != comparable(1)
    assert comparable("") is None
    assert comparable([]) is None
    assert comparable(False) is not None
    assert comparable({"a": 1}) == comparable({"a": 1})
    assert comparable("1") != comparable(1)


def test_types_match_by_their_own_keys():
    [condition] = conditions(
        {"1": ["name", "group", "provider"]}, {"name": "n", "group": "g", "provider": "p"}, CLOUD_SERVICE_TYPE
    )
    assert condition.values == ("g", "n", "p")


@pytest.mark.parametrize("value", [float("nan"), [1, float("nan")]])
def test_what_is_never_equal_to_itself_matches_nothing_and_is_refused(value):
    resource = {"provider": "aws", "data": {"x": value}}
    with pytest.raises(InvalidResourceError, match="cannot be looked up"):
        conditions_of(parse_rules({"1": ["data.x"]}, CLOUD_SERVICE), resource, CLOUD_SERVICE)
