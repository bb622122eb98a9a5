"""What is said about a job beside its numbers."""

from __future__ import annotations

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
