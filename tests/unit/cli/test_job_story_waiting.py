"""What `inventory job show` says of a job that cannot be planned yet."""

from __future__ import annotations

from typing import Any

from inventory.cli.view.job_story import summary


def test_a_job_that_waits_says_so_and_until_when() -> None:
    additional = {"next_attempt": "2026-01-05T12:00:05.000Z", "attempts": "3"}
    job: dict[str, Any] = {
        "job_id": "job-1",
        "status": "CREATED",
        "tasks": [],
        "errors": [{"error_code": "ERROR_GRPC_CONNECTION", "message": "away", "additional": additional}],
    }

    (remark,) = [line for line in summary(job) if "not planned yet" in line]
    assert "tried 3 times, next at 2026-01-05T12:00:05.000Z" in remark

    ended = summary({**job, "status": "TIMEOUT", "finished_at": "2026-01-05T14:00:00.000Z"})
    assert not any("not planned yet" in line for line in ended)
