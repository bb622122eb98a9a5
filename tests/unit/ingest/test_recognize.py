"""The rule that created a resource is told by the hash that it keeps."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.ingest.decision.match import conditions_of_stored, match_key
from inventory.ingest.decision.recognize import USUAL, creating_rule, text_rules
from inventory.ingest.reading.kinds import CLOUD_SERVICE

DOCUMENT = {
    "name": "web",
    "account": "1",
    "provider": "aws",
    "cloud_service_group": "EC2",
    "cloud_service_type": "Instance",
    "region_code": "us-east-1",
    "reference": {"resource_id": "i-1"},
}


def created_by(*rule: str, **changes: Any) -> dict[str, Any]:
    """Return the document as a rule created it, changed since."""
    (condition,) = conditions_of_stored([tuple(sorted(rule))], DOCUMENT, CLOUD_SERVICE)
    return {**DOCUMENT, "match_key": match_key(CLOUD_SERVICE, condition), **changes}


@pytest.mark.parametrize("rule", [USUAL, ("name", "provider"), ("account", "region_code", "reference.resource_id")])
def test_a_rule_is_told_from_all_others(rule: tuple[str, ...]) -> None:
    assert creating_rule(created_by(*rule), text_rules()) == tuple(sorted(rule))


def test_the_provider_that_bounds_a_lookup_counts_as_a_key() -> None:
    assert sorted(creating_rule(created_by("name"), text_rules()) or ()) == ["name", "provider"]


def test_without_its_hash_or_with_other_values_since_the_rule_is_not_known() -> None:
    assert creating_rule(DOCUMENT, text_rules()) is None
    assert creating_rule(created_by("name", "provider", name="renamed"), text_rules()) is None


def test_the_usual_rule_is_tried_first_and_no_rule_twice() -> None:
    rules = list(text_rules())

    assert rules[0] == USUAL
    assert len(rules) == len(set(rules)) == 2**9 - 1
