"""What speaks against a version of a plugin in the report of its dry run."""

from __future__ import annotations

import pytest

from inventory.cli.view.dry_run import COUNTS, HARMFUL, harm


@pytest.mark.parametrize("name", ["deleted", "held", "missed", "unseen", "failed", "errors"])
def test_each_loss_is_harm(name: str) -> None:
    assert harm({"status": "SUCCESS", "counts": {name: 98, "unchanged": 2}}) == f"98 {name}"


def test_a_dropped_feature_is_harm() -> None:
    report = {"status": "SUCCESS", "counts": {"unchanged": 2}, "dropped_features": ["garbage_collection"]}
    assert harm(report) == "no longer supports garbage_collection"


def test_what_is_new_changed_or_unchanged_is_none() -> None:
    counts = {name: 1 for name in (*COUNTS, "held_already") if name not in HARMFUL}
    assert harm({"status": "SUCCESS", "counts": counts, "tasks": [{}]}) == ""
    assert harm({"status": "FAILURE", "counts": {}}) == "it ended as FAILURE"


def test_a_dry_run_that_tried_nothing_proves_nothing() -> None:
    assert harm({"status": "SUCCESS", "counts": {}}).startswith("nothing was tried")
