"""Collector rules: create, change, order, delete and read them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from inventory.errors import (
    InvalidParameterError,
    NotAllowedToChangeOrderError,
    NotAllowedToDeleteRuleError,
    NotAllowedToUpdateRuleError,
    NotFoundError,
    RequiredParameterError,
)
from tests.integration.service.collector_kit import ME, OTHER, Kit

CONDITION = {"key": "tags.env", "value": "prod", "operator": "eq"}
RULE: dict[str, Any] = {
    "conditions_policy": "ANY",
    "conditions": [CONDITION],
    "actions": {"change_project": "project-1"},
}


@pytest.fixture
def collector_id(kit: Kit) -> str:
    kit.plugin.metadata = {"collector_rules": [{**RULE, "name": "managed"}]}
    return str(kit.create()["collector_id"])


def add(kit: Kit, collector: str, name: str, /, **fields: Any) -> dict[str, Any]:
    return kit.rule.create(ME, {**RULE, "collector_id": collector, "name": name} | fields)


def names(kit: Kit, collector_id: str) -> list[tuple[str, int]]:
    rules = kit.rules.list_of_collector("domain-1", collector_id, ("CUSTOM",))
    return [(rule["name"], rule["order"]) for rule in rules]


def test_a_new_rule_goes_behind_the_custom_ones(kit: Kit, collector_id: str) -> None:
    first = add(kit, collector_id, "a", options={"stop_processing": True}, tags={"x": "y"})
    add(kit, collector_id, "b")
    assert names(kit, collector_id) == [("a", 1), ("b", 2)]
    assert kit.rule.get(ME, first["collector_rule_id"]) == first
    assert (first["rule_type"], first["options"], first["tags"]) == ("CUSTOM", {"stop_processing": True}, {"x": "y"})
    assert first["created_at"] == kit.clock.now()


def test_rules_made_at_once_get_places_of_their_own(kit: Kit, collector_id: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(kit, collector_id, f"r{number}"), range(16)))
    add(kit, collector_id, "last")
    assert [order for _, order in names(kit, collector_id)] == list(range(1, 18))


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"collector_id": ""}, RequiredParameterError, "collector_id"),
        ({"collector_id": "collector-none"}, NotFoundError, "collector_id"),
        ({"actions": None}, RequiredParameterError, "actions"),
        ({"conditions": []}, RequiredParameterError, "conditions"),
        ({"conditions": [{**CONDITION, "key": "data.x"}]}, InvalidParameterError, "conditions.key"),
        ({"actions": {"change_project": "project-none"}}, NotFoundError, "project_id"),
    ],
)
def test_what_cannot_be_a_rule(
    kit: Kit, collector_id: str, change: dict[str, Any], error: type[Exception], field: str
) -> None:
    with pytest.raises(error) as raised:
        add(kit, collector_id, "x", **change)
    assert raised.value.field == field  # type: ignore[attr-defined]
    assert names(kit, collector_id) == []


def test_update_replaces_what_was_sent(kit: Kit, collector_id: str) -> None:
    rule = add(kit, collector_id, "a", options={"stop_processing": True})
    ref = {"collector_rule_id": rule["collector_rule_id"]}
    assert kit.rule.update(ME, {**ref, "name": "b"}) == {**rule, "name": "b"}
    changed = kit.rule.update(ME, {**ref, "conditions_policy": "ALWAYS", "options": {}})
    assert changed == {**rule, "name": "b", "conditions_policy": "ALWAYS", "conditions": [], "options": {}}
    with pytest.raises(RequiredParameterError):
        kit.rule.update(ME, {**ref, "conditions_policy": "ALL"})


def test_change_order_moves_one_and_the_others_make_room(kit: Kit, collector_id: str) -> None:
    rules = [add(kit, collector_id, name) for name in "abcd"]
    moved = kit.rule.change_order(ME, {"collector_rule_id": rules[3]["collector_rule_id"], "order": 2})
    assert moved["order"] == 2
    assert names(kit, collector_id) == [("a", 1), ("d", 2), ("b", 3), ("c", 4)]
    kit.rule.change_order(ME, {"collector_rule_id": rules[0]["collector_rule_id"], "order": 4})
    assert names(kit, collector_id) == [("d", 1), ("b", 2), ("c", 3), ("a", 4)]


@pytest.mark.parametrize(
    ("order", "error"), [(0, RequiredParameterError), (-1, InvalidParameterError), (3, InvalidParameterError)]
)
def test_an_order_outside_the_group_is_refused(kit: Kit, collector_id: str, order: int, error: type[Exception]) -> None:
    rule = add(kit, collector_id, "a")
    add(kit, collector_id, "b")
    with pytest.raises(error):
        kit.rule.change_order(ME, {"collector_rule_id": rule["collector_rule_id"], "order": order})


def test_delete_closes_the_gap(kit: Kit, collector_id: str) -> None:
    rules = [add(kit, collector_id, name) for name in "abc"]
    kit.rule.delete(ME, rules[1]["collector_rule_id"])
    assert names(kit, collector_id) == [("a", 1), ("c", 2)]
    with pytest.raises(NotFoundError):
        kit.rule.delete(ME, rules[1]["collector_rule_id"])


def test_managed_rules_refuse_to_be_touched(kit: Kit, collector_id: str) -> None:
    (managed,) = kit.rules.list_of_collector("domain-1", collector_id)
    ref = {"collector_rule_id": managed["collector_rule_id"]}
    with pytest.raises(NotAllowedToUpdateRuleError):
        kit.rule.update(ME, {**ref, "name": "x"})
    with pytest.raises(NotAllowedToChangeOrderError):
        kit.rule.change_order(ME, {**ref, "order": 1})
    with pytest.raises(NotAllowedToDeleteRuleError):
        kit.rule.delete(ME, managed["collector_rule_id"])
    assert kit.rule.get(ME, managed["collector_rule_id"]) == managed


def test_custom_rules_survive_a_refresh_of_the_managed_ones(kit: Kit, collector_id: str) -> None:
    custom = add(kit, collector_id, "own")
    (managed,) = kit.rules.list_of_collector("domain-1", collector_id, ("MANAGED",))
    kit.collector.update_plugin(ME, {"collector_id": collector_id})
    assert kit.rules.list_of_collector("domain-1", collector_id) == [managed, custom]
    kit.plugin.metadata = {}
    kit.collector.update_plugin(ME, {"collector_id": collector_id})
    assert kit.rules.list_of_collector("domain-1", collector_id) == [custom]


def test_refreshes_at_once_end_in_the_same_rules(kit: Kit, collector_id: str) -> None:
    kit.plugin.metadata = {"collector_rules": [{**RULE, "name": name} for name in "abc"]}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: kit.collector.update_plugin(ME, {"collector_id": collector_id}), range(8)))
    rules = kit.rules.list_of_collector("domain-1", collector_id)
    assert [(rule["name"], rule["order"]) for rule in rules] == [("a", 1), ("b", 2), ("c", 3)]


def test_rules_are_read_within_the_domain(kit: Kit, collector_id: str) -> None:
    rule = add(kit, collector_id, "a")
    page = kit.rule.list(ME, {"filter": [{"k": "rule_type", "v": "CUSTOM", "o": "eq"}]}, {})
    assert ([dict(found) for found in page.results], page.total_count) == ([rule], 1)
    assert kit.rule.list(ME, {}, {"name": "a"}).total_count == 1
    assert kit.rule.stat(ME, {"distinct": "name"}) == {"results": ["a", "managed"]}
    with pytest.raises(InvalidParameterError):
        kit.rule.list(ME, {}, {"data_source_id": "x"})
    assert kit.rule.list(OTHER, {}, {}).total_count == 0
    with pytest.raises(NotFoundError):
        kit.rule.get(OTHER, rule["collector_rule_id"])
