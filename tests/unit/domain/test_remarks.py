"""What is said about a job beside its numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inventory.domain.job.remarks import remarks

ENDED = {"job_id": "job-1", "status": "ERROR", "finished_at": "2026-01-05T12:00:00.000Z", "tasks": ()}
RETRY = "Once the cause is gone, collect again only what failed: inventory job retry job-1"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, []),
        ({"failed_tasks": 3}, [RETRY]),
        ({"failed_tasks": 3, "not_retryable": "it still runs"}, []),
        ({"failed_tasks": 3, "retried_by": "job-2"}, ["job-2 collects again what failed in it."]),
        ({"retry_of": "job-0"}, ["It collects again what failed in job-0."]),
    ],
)
def test_what_failed_can_be_retried_and_who_did(facts: dict[str, Any], said: list[str]) -> None:
    assert list(remarks(ENDED | facts, {})) == said


@pytest.mark.parametrize(
    "code", ["EMPTY_IDENTITY", "DOUBLE", "UNCOMPARED", "UNUSED_REGION", "LARGE_MESSAGE", "NO_METADATA"]
)
def test_a_warning_about_one_is_in_the_singular(code: str) -> None:
    one, two = (
        next(iter(remarks(ENDED | {"warnings": [{"code": code, "count": count, "example": "a"}]}, {})))
        for count in (1, 2)
    )
    assert re.match(r"Warning: 1 (resource|region|message|type) (is|has|was|came) ", one)
    assert one.endswith("; it is a.")
    assert re.match(r"Warning: 2 (resources|regions|messages|types) (are|have|were|came) ", two)
    assert two.endswith("; one is a.")


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        (
            {"deleted_count": 1},
            "1 resource of s was deleted when hold-1, which it made, was approved; to restore ",
        ),
        (
            {"deleted_count": 5, "restored_count": 2, "decided_by": "anna"},
            " approved by anna; 2 of them restored since; ",
        ),
        ({"deleted_count": 5, "restored_count": 5}, "was approved, and restored by an undo."),
    ],
)
def test_an_approved_hold_says_how_to_restore_what_it_deleted(hold: dict[str, Any], said: str) -> None:
    [remark] = remarks(ENDED | {"approved": [{"deletion_id": "hold-1", "secret_id": "s", **hold}]}, {})
    assert said in remark
