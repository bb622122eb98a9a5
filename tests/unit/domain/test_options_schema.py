"""Defaults of a plugin's options."""

from __future__ import annotations

import pytest

from inventory.domain.collector.options_schema import with_defaults

SCHEMA = {
    "properties": {
        "region": {"type": "string", "default": "all"},
        "depth": {"type": "integer", "default": 0},
        "free": {"type": "string"},
        "nested": {"type": "object", "properties": {"on": {"default": True}, "off": {}}},
    }
}


def test_absent_options_get_their_default() -> None:
    assert with_defaults({}, {"options_schema": SCHEMA}) == {"region": "all", "depth": 0, "nested": {"on": True}}


def test_given_options_stay_even_if_empty() -> None:
    given = {"region": "", "depth": None, "nested": {"on": False}, "own": 1}
    assert with_defaults(given, {"options_schema": SCHEMA}) == given


@pytest.mark.parametrize("schema", [None, "x", [], {"properties": []}, {"properties": {"a": "b"}}])
def test_a_malformed_schema_changes_nothing(schema: object) -> None:
    assert with_defaults({"a": 1}, {"options_schema": schema}) == {"a": 1}
