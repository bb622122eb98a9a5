"""Collector rules and the acceptance of resources, without a database."""

from __future__ import annotations

import pytest

from inventory.domain.principal import system_principal
from inventory.errors import InvalidResourceError
from inventory.ingest.decision.rules import Projects, RuleBook, matches, source_value
from inventory.ingest.reading.kinds import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION, Disposition, classify
from inventory.ingest.reading.record import tags_of, values_of
from tests.integration.ingest.ingest_tools import FakeIdentity
from tests.streams.build import message

RESOURCE = {
    "provider": "aws",
    "account": 123456789012.0,
    "tags": [{"key": "env.name", "value": "Prod"}],
    "additional_info": {"Team": "Blue"},
    "data": {"owner": {"id": "x"}},
}


def rule(rule_type="CUSTOM", order=1, policy="ALWAYS", conditions=(), actions=None, stop=False):
    return {
        "rule_type": rule_type,
        "order": order,
        "conditions_policy": policy,
        "conditions": list(conditions),
        "actions": actions or {},
        "options": {"stop_processing": stop} if stop else {},
    }


def condition(key, operator, value):
    return {"key": key, "operator": operator, "value": value}


@pytest.fixture
def projects():
    return Projects(identity=FakeIdentity(), principal=system_principal("domain-1"))


@pytest.mark.parametrize(
    ("key", "operator", "value", "holds"),
    [
        ("provider", "eq", "aws", True),
        ("provider", "eq", "AWS", False),
        ("provider", "contain", "AW", True),
        ("provider", "not", "azure", True),
        ("provider", "not_contain", "AW", False),
        ("account", "eq", "123456789012", True),
        ("tags.env.name", "contain", "prod", True),
        ("additional_info.Team", "eq", "Blue", True),
        ("region_code", "eq", "", False),
        ("region_code", "not", "x", False),
        ("region_code", "not_contain", "x", False),
        ("provider", "unknown", "aws", False),
    ],
)
def test_conditions(key, operator, value, holds):
    assert matches(rule(policy="ALL", conditions=[condition(key, operator, value)]), RESOURCE) is holds


def test_policies():
    true, false = condition("provider", "eq", "aws"), condition("provider", "eq", "x")
    assert not matches(rule(policy="ALL", conditions=[true, false]), RESOURCE)
    assert matches(rule(policy="ANY", conditions=[false, true]), RESOURCE)
    assert matches(rule(policy="ALWAYS", conditions=[false]), RESOURCE)
    assert not matches(rule(policy="ALL"), RESOURCE)


def test_a_stop_ends_its_own_group_only(projects):
    book = RuleBook.of(
        [
            rule("CUSTOM", 2, actions={"change_project": "project-3"}),
            rule("MANAGED", 2, actions={"change_project": "project-2"}),
            rule("MANAGED", 1, actions={"change_project": "project-1"}, stop=True),
        ]
    )
    assert book.project_of(RESOURCE, projects) == "project-3"
    assert RuleBook.of(book.groups[0]).project_of(RESOURCE, projects) == "project-1"


def test_later_rules_win_and_unknown_projects_change_nothing(projects):
    book = RuleBook.of(
        [
            rule(order=1, actions={"change_project": "project-1"}),
            rule(order=2, actions={"change_project": "project-gone"}),
            rule(order=3, actions={"match_project": {"source": "data.owner.id", "target": "name"}}),
        ]
    )
    assert book.project_of(RESOURCE, projects) == "project-1"


def test_service_accounts_give_their_project(projects):
    action = {"match_service_account": {"source": "account", "target": "data.account_id"}}
    book = RuleBook.of([rule(actions=action)])
    assert book.asks_identity
    assert book.project_of(RESOURCE, projects) == "project-3"


def test_the_revision_follows_the_rules():
    one = RuleBook.of([rule(actions={"change_project": "project-1"})])
    same = RuleBook.of([{**rule(actions={"change_project": "project-1"}), "name": "named"}])
    other = RuleBook.of([rule(actions={"change_project": "project-2"})])
    assert one.revision == same.revision != other.revision


def test_sources_reach_into_the_resource():
    assert source_value(RESOURCE, "data.owner.id") == "x"
    assert source_value(RESOURCE, "data.owner") is None
    assert source_value(RESOURCE, "tags.env.name") == "Prod"
    assert source_value({"tags": {"a": {"b": "c"}}}, "tags.a.b") == "c"


def test_liberal_acceptance_of_a_cloud_service():
    values = values_of(
        CLOUD_SERVICE,
        {
            "provider": "aws",
            "account": 5.0,
            "name": None,
            "region_code": "",
            "instance_size": "1.5",
            "ip_addresses": "10.0.0.1",
            "reference": {"resource_id": 7.0, "external_link": None},
            "data": None,
            "json_data": '{"a": 1}',
            "metadata": {},
            "json_metadata": "",
            "tags": [{"key": "a", "value": None}, {"Key": "b", "Value": 1.0}, {}],
            "server_type": "VM",
            "launched_at": {"x": 1},
        },
    )
    assert values == {
        "provider": "aws",
        "account": "5",
        "name": "",
        "region_code": "",
        "instance_size": 1.5,
        "ip_addresses": ["10.0.0.1"],
        "reference": {"resource_id": "7"},
        "data": {"a": 1},
        "metadata": {},
        "tags": {"a": None, "b": 1.0},
    }


def test_liberal_acceptance_of_types_and_regions():
    kind = values_of(
        CLOUD_SERVICE_TYPE, {"name": "n", "is_primary": 1.0, "is_major": "false", "labels": ["x", 2.0, None]}
    )
    assert kind == {"name": "n", "is_primary": True, "is_major": False, "labels": ["x", "2"]}
    assert values_of(REGION, {"region_code": "r", "name": ""}) == {"region_code": "r"}


def test_a_plugins_null_clears_what_the_contract_names_and_nothing_else():
    scalars = ("name", "account", "region_code", "instance_type", "instance_size", "ip_addresses")
    others = ("reference", "data", "metadata", "tags", "project_id", "provider")
    assert values_of(CLOUD_SERVICE, dict.fromkeys([*scalars, *others])) == dict.fromkeys(scalars, "")
    assert values_of(CLOUD_SERVICE, {}) == {}


def test_tags_as_a_list_of_texts_become_keys_without_a_value():
    assert tags_of(["http-server", {"key": "a", "value": "b"}, ""]) == {"http-server": "", "a": "b"}


@pytest.mark.parametrize("tags", ["x", 5.0, [1], [["x"]]])
def test_tags_of_another_shape_are_refused(tags):
    with pytest.raises(InvalidResourceError):
        tags_of(tags)


@pytest.mark.parametrize(
    ("resource_type", "state", "disposition"),
    [
        ("inventory.CloudService", 0, Disposition.STORE),
        ("inventory.Region", 6, Disposition.STORE),
        ("inventory.CloudService", 5, Disposition.REPORT),
        ("inventory.CloudServiceType", 8, Disposition.SKIP),
        ("inventory.ErrorResource", 4, Disposition.REPORT),
        ("inventory.FilterCache", 4, Disposition.CACHE),
        ("FILTER_CACHE", 4, Disposition.CACHE),
        ("inventory.Metric", 4, Disposition.SKIP),
        ("inventory.Server", 4, Disposition.UNKNOWN),
        ("compute.Server", 4, Disposition.UNSUPPORTED),
        ("", 4, Disposition.UNSUPPORTED),
    ],
)
def test_messages_are_told_apart(resource_type, state, disposition):
    assert classify(message(resource_type, {}, state=state)) is disposition
