"""Match rules without a database."""

from __future__ import annotations

import pytest

from inventory.errors import InvalidResourceError, MatchRuleError
from inventory.ingest.decision.match import conditions_of, conditions_of_stored, match_key, parse_rules
from inventory.ingest.decision.match_lookups import lookups
from inventory.ingest.decision.match_values import comparable, stored_values
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
    found, error = conditions_of(parse_rules(rules, kind), resource, kind)
    if error:
        raise error
    return found


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
        {"nan": ["provider"]},
        {"1": ["collection_info.secret_id"]},
        {"1": ["updated_at", "provider"]},
    ],
)
def test_rules_that_cannot_be_read_are_refused(rules):
    with pytest.raises(MatchRuleError):
        conditions(rules)


UNKNOWN_KEYS = [
    "server_type",
    "$where",
    "revision",
    "fingerprint",
    "reference.uid",
    "reference.resource_id.x",
    "a.b",
    "",
]


@pytest.mark.parametrize("key", [*UNKNOWN_KEYS, "data.$x", "data..x", "data.", "data.\0"])
def test_a_key_without_a_place_and_without_a_value_narrows_nothing(key):
    assert conditions({"1": [key, "provider"]}) == conditions({"1": ["provider"]})


@pytest.mark.parametrize("key", UNKNOWN_KEYS)
@pytest.mark.parametrize("value", ["x", 0, False, ["x"], {"a": 1}])
def test_a_rule_with_a_value_that_has_no_place_never_hits_and_the_next_one_counts(key, value):
    resource = {**RESOURCE, key: value}
    assert conditions({"1": [key, "provider"]}, resource) == []
    assert conditions({"1": [key, "provider"], "2": ["provider"]}, resource) == conditions({"1": ["provider"]})


@pytest.mark.parametrize("member", ["$x", ""])
def test_a_member_that_no_query_reaches_fails_its_rule(member):
    with pytest.raises(MatchRuleError, match="cannot be looked up"):
        conditions({"1": [f"data.{member}"]}, {"provider": "aws", "data": {member: 1}})


@pytest.mark.parametrize(
    "bad", [{"2": [1.0]}, {"2": None}, {"x": ["provider"]}, {"2": ["name"]}, {"2": ["collection_info"]}]
)
def test_what_stands_before_a_rule_that_cannot_be_applied_still_counts(bad):
    resource = {**RESOURCE, "name": {"no": "text"}}
    found, error = conditions_of(parse_rules({"1": ["provider"], **bad}, CLOUD_SERVICE), resource, CLOUD_SERVICE)
    assert found == conditions({"1": ["provider"]})
    assert error


def test_what_the_service_fills_in_is_compared_as_it_will_be_stored():
    rules = parse_rules({"1": ["project_id", "name"]}, CLOUD_SERVICE)
    sent = {"provider": "aws", "name": "n", "project_id": "sent"}
    [condition], _ = conditions_of(rules, sent, CLOUD_SERVICE, lambda _: {"project_id": "project-1"})
    assert dict(zip(condition.paths, condition.values, strict=True))["project_id"] == "project-1"


def test_what_the_service_fills_in_is_asked_for_only_where_a_rule_names_it():
    def fill(_):
        raise AssertionError

    found, error = conditions_of(parse_rules({"1": ["data.a.b", "name"]}, CLOUD_SERVICE), RESOURCE, CLOUD_SERVICE, fill)
    assert found
    assert error is None


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
        conditions({"1": ["data.x"]}, resource)
