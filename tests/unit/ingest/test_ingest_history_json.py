"""Values of a record that are dicts or lists are JSON as the standard library writes it, with sorted keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from inventory.ingest.decision.history import diff

VALUES = [
    {"b": 1, "a": [True, None, 1.5, -0.0, 10**20], "": {}},
    ["ä", "\u2028", '"quoted"', "back\\slash", "\x00\x1f", []],
    {"when": datetime(2026, 1, 5, tzinfo=UTC)},
    [float("inf"), float("nan")],
    [[[[[{"deep": [1]}]]]]],
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_json(value: Any) -> None:
    wanted = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)

    created = diff(None, {"data": {"a": {"b": value}}})
    changed = diff({"data": {"a": {"b": "old"}}}, {"data": {"a": {"b": value}}})

    assert [entry["after"] for entry in created if entry["key"] == "data.a.b"] == [wanted]
    assert [entry["after"] for entry in changed if entry["key"] == "data.a.b"] == [wanted]


def test_equal_parts_may_be_one_object() -> None:
    shared = ["same"]

    found = diff(None, {"data": {"a": {"b": [shared, shared, {"c": shared}]}}})

    assert [entry["after"] for entry in found] == ['[["same"], ["same"], {"c": ["same"]}]']
