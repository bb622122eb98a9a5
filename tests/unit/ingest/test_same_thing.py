"""What is the same thing as a deleted resource, whatever rules created both."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.ingest.decision.match import MatchRule, conditions_of_stored, match_key
from inventory.ingest.decision.recognize import USUAL
from inventory.ingest.decision.same_thing import SameThing
from inventory.ingest.reading.kinds import CLOUD_SERVICE

Document = dict[str, Any]
NAMING: MatchRule = ("name", "provider")
UNKNOWN = b"\x01" * 16


def one(rule: MatchRule | bytes | None = None, *, resource_id: str = "i-1", **fields: Any) -> Document:
    """Return a resource that this rule created; bytes: of a rule that nobody knows; None: the API did."""
    kind = {"provider": "aws", "cloud_service_group": "EC2", "cloud_service_type": "Instance", "region_code": "eu-1"}
    found: Document = {**kind, "name": "web", "account": "a", "reference": {"resource_id": resource_id}, **fields}
    if isinstance(rule, bytes):
        found["match_key"] = rule
    elif rule:
        found["match_key"] = match_key(CLOUD_SERVICE, conditions_of_stored([rule], found, CLOUD_SERVICE)[0])
    return {name: value for name, value in found.items() if value}


def deleted(*arguments: Any, **fields: Any) -> Document:
    found = one(*arguments, **fields)
    if "match_key" in found:
        found["former_match_key"] = found.pop("match_key")
    return found


@pytest.mark.parametrize(
    ("gone", "living"),
    [
        pytest.param(deleted(UNKNOWN), one(UNKNOWN, resource_id="i-2", name="x"), id="the same match key"),
        pytest.param(deleted(USUAL), one(UNKNOWN, name="x"), id="the same resource_id, created by another rule"),
        pytest.param(deleted(USUAL), one(None, name="x"), id="the same resource_id, without a match key"),
        pytest.param(deleted(USUAL), one(USUAL, account=""), id="the same resource_id, without an account"),
        pytest.param(deleted(NAMING), one(None, resource_id="i-2", account="b"), id="the rule of the deleted one"),
        pytest.param(deleted(UNKNOWN), one(NAMING, resource_id="i-2"), id="the rule of the living one"),
        pytest.param(deleted(UNKNOWN, resource_id=""), one(None), id="the same name, without a match key"),
        pytest.param(deleted(USUAL), one(None, resource_id=""), id="the same name, without a resource_id"),
        pytest.param(deleted(None, resource_id=""), one(USUAL), id="the same name, deleted by an earlier version"),
    ],
)
def test_it_is_the_same(gone: Document, living: Document) -> None:
    assert SameThing()(gone, living)


@pytest.mark.parametrize(
    ("gone", "living"),
    [
        pytest.param(deleted(USUAL), one(USUAL, resource_id="i-2"), id="another resource_id"),
        pytest.param(deleted(USUAL), one(USUAL, account="b"), id="another account"),
        pytest.param(deleted(USUAL), one(USUAL, cloud_service_type="Disk"), id="another type"),
        pytest.param(deleted(UNKNOWN, resource_id=""), one(b"\x02" * 16, resource_id=""), id="rules that tell more"),
        pytest.param(deleted(None, resource_id=""), one(None, resource_id="", region_code="x"), id="another region"),
        pytest.param(deleted(None, resource_id="", name=""), one(None, resource_id="", name=""), id="no name"),
    ],
)
def test_it_is_another(gone: Document, living: Document) -> None:
    assert not SameThing()(gone, living)


def test_resources_of_a_rule_without_the_resource_id_may_be_the_same_as_others() -> None:
    same = SameThing()

    assert not same.names_by_rule(deleted(USUAL))
    assert same.names_by_rule(deleted(NAMING))
    assert same.names_by_rule(deleted(None, resource_id=""))


def test_rules_are_searched_for_few_resources_only() -> None:
    same = SameThing()
    for number in range(11):
        same(deleted(bytes([number]) * 16), one(USUAL, resource_id="i-2"))

    assert not same(deleted(NAMING), one(None, resource_id="i-2"))
