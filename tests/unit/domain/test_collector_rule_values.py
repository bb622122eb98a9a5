"""What a collector rule may say."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.domain.collector.rule import checked_rule, managed_rules
from inventory.errors import InvalidParameterError, InvalidParameterTypeError, RequiredParameterError

CONDITION = {"key": "provider", "value": "aws", "operator": "eq"}
RULE: dict[str, Any] = {
    "name": "rule",
    "conditions_policy": "ALL",
    "conditions": [CONDITION],
    "actions": {"change_project": "project-1"},
}


def test_a_rule_comes_back_in_stored_form() -> None:
    assert checked_rule(RULE) == {**RULE, "options": {}, "tags": {}}


def test_always_needs_no_conditions_and_keeps_none() -> None:
    assert checked_rule({**RULE, "conditions_policy": "ALWAYS"})["conditions"] == []
    without = {key: value for key, value in RULE.items() if key != "conditions"}
    assert checked_rule({**without, "conditions_policy": "ALWAYS"})["conditions"] == []


def test_matches_get_their_default_target() -> None:
    actions = {"match_project": {"source": "account"}, "match_service_account": {"source": "a", "target": "data.b"}}
    assert checked_rule({**RULE, "actions": actions})["actions"] == {
        "match_project": {"source": "account", "target": "project_id"},
        "match_service_account": {"source": "a", "target": "data.b"},
    }


@pytest.mark.parametrize("key", ["tags.a.b", "additional_info.x", "resource", "usage_type"])
def test_the_known_keys_are_taken(key: str) -> None:
    assert checked_rule({**RULE, "conditions": [{**CONDITION, "key": key}]})


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"conditions_policy": None}, RequiredParameterError, "conditions_policy"),
        ({"conditions_policy": "NONE"}, RequiredParameterError, "conditions_policy"),
        ({"conditions_policy": "SOME"}, InvalidParameterError, "conditions_policy"),
        ({"conditions": []}, RequiredParameterError, "conditions"),
        ({"conditions": {}}, RequiredParameterError, "conditions"),
        ({"conditions": ["x"]}, InvalidParameterTypeError, "conditions"),
        ({"conditions": [{**CONDITION, "key": "name"}]}, InvalidParameterError, "conditions.key"),
        ({"conditions": [{**CONDITION, "key": "tags."}]}, InvalidParameterError, "conditions.key"),
        ({"conditions": [{**CONDITION, "value": ""}]}, RequiredParameterError, "conditions.value"),
        ({"conditions": [{**CONDITION, "operator": "lt"}]}, InvalidParameterError, "conditions.operator"),
        ({"actions": {}}, RequiredParameterError, "actions"),
        ({"actions": {"change_project": ""}}, RequiredParameterError, "actions"),
        ({"actions": {"explode": "x"}}, InvalidParameterError, "actions"),
        ({"actions": {"match_project": {"target": "x"}}}, RequiredParameterError, "actions.match_project.source"),
        ({"options": {"stop_processing": "yes"}}, InvalidParameterTypeError, "options.stop_processing"),
        ({"tags": ["a"]}, InvalidParameterTypeError, "tags"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], error: type[Exception], field: str) -> None:
    with pytest.raises(error) as raised:
        checked_rule({**RULE, **change})
    assert raised.value.field == field  # type: ignore[attr-defined]


def test_managed_rules_leave_out_what_is_malformed() -> None:
    rules, faults = managed_rules(
        {"collector_rules": [RULE, {**RULE, "name": "none", "actions": {}}, "x", {**RULE, "name": "second"}]}
    )
    assert [rule["name"] for rule in rules] == ["rule", "second"]
    assert faults == [
        "metadata.collector_rules, rule 2 'none': Required parameter. (key = actions)",
        "metadata.collector_rules, rule 3: Parameter type is invalid. (key = collector_rules, type = dict)",
    ]
    assert managed_rules({"collector_rules": {"a": RULE}}) == ([], ["metadata.collector_rules must be a list"])
    assert managed_rules({}) == ([], [])
