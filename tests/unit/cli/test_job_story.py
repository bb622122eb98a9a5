"""A job in words."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from inventory.cli.view.job_story import explain_job, summary
from inventory.cli.view.watch import StoppedWatchingError, watch_job
from inventory.domain.job.causes import causes_of

Json = dict[str, Any]
TIMES = {"created_at": "2026-01-05T12:00:00.000Z", "finished_at": "2026-01-05T12:00:12.500Z"}


def _task(number: int, status: str = "FAILURE", *errors: Json, **fields: Any) -> Json:
    base = {"job_task_id": f"job_task-{number:012x}", "secret_id": f"secret-{number}", "status": status}
    return base | {"errors": list(errors)} | fields


def _error(code: str, message: str, **additional: str) -> Json:
    return {"error_code": code, "message": message, "additional": additional}


def _job(*tasks: Json, status: str = "ERROR", **fields: Any) -> Json:
    base = {"job_id": "job-0123456789ab", "status": status, "total_tasks": len(tasks), "tasks": list(tasks)}
    return base | {"collector_info": {"name": "aws"}} | TIMES | fields


def _text(job: Json, **options: Any) -> str:
    out = Console(file=StringIO(), width=200, emoji=False)
    explain_job(job, out, **options)
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def test_the_same_error_in_many_tasks_is_told_once() -> None:
    tasks = [_task(n, "FAILURE", _error("ERROR_PLUGIN", f"Denied. (request = {n})")) for n in range(500)]
    (cause,) = causes_of(_job(*tasks))
    assert (cause.code, cause.count, len(cause.tasks)) == ("ERROR_PLUGIN", 500, 500)
    text = _text(_job(*tasks))
    assert "ERROR_PLUGIN in 500 tasks (500 times): Denied. (request = 0)" in text
    assert "and 497 more" in text
    assert "20 of 500 tasks" in text
    assert text.count("job_task-") < 30


def test_different_errors_are_told_apart_and_the_jobs_own_come_first() -> None:
    rare = _error("ERROR_MATCH_RULE", "No match rule can be applied. (reason = none sent)", resource_id="i-1")
    often = _error("ERROR_PLUGIN", "Denied.")
    job = _job(_task(1, "FAILURE", rare, often), _task(2, "FAILURE", often), errors=[_error("ERROR_UNKNOWN", "Oh.")])
    assert [cause.code for cause in causes_of(job)] == ["ERROR_UNKNOWN", "ERROR_PLUGIN", "ERROR_MATCH_RULE"]
    assert causes_of(job)[2].resources == ["i-1"]


def test_each_cause_comes_with_what_to_do() -> None:
    text = _text(_job(_task(1, "CANCELED", _error("ERROR_DUPLICATE_JOB", "The same collection is already running."))))
    assert "ERROR_DUPLICATE_JOB in 1 task: The same" in text
    assert "→ Nothing to fix: another job is collecting the same secret." in text


def test_the_numbers_are_told_in_a_sentence() -> None:
    job = _job(
        _task(1, "SUCCESS", created_count=3, updated_count=2),
        _task(2, "FAILURE", failure_count=7, created_count=1),
        changed_count=1,
    )
    assert summary(job)[:2] == [
        "Job job-0123456789ab of aws ended ERROR, after 12.5 s (created 2026-01-05T12:00:00.000Z).",
        "Tasks: 1 SUCCESS, 1 FAILURE. Resources: 4 created, 2 seen again (1 changed), 0 deleted, 7 failed.",
    ]


@pytest.mark.parametrize(
    ("job", "remark"),
    [
        (_job(status="SUCCESS"), "the collector has no secret"),
        (_job(_task(1, "SUCCESS"), status="SUCCESS", total_tasks=3), "2 of its 3 tasks were deleted"),
        (_job(_task(1, "PENDING"), status="IN_PROGRESS", finished_at=""), "No worker has taken a task"),
        (_job(_task(1, "CANCELED"), status="CANCELED"), "Somebody canceled it"),
        (_job(_task(1, "CANCELED"), status="TIMEOUT"), "exceeded the time limit of jobs"),
        (_job(_task(1, "FAILURE")), "1 failed task contains no error"),
        (_job(_task(1), collector_info={}), "of a deleted collector"),
    ],
)
def test_what_the_numbers_do_not_tell_is_said(job: Json, remark: str) -> None:
    assert remark in _text(job)


def test_what_a_plugin_says_is_shown_as_it_is() -> None:
    assert "[/red] [bold] :smile:" in _text(_job(_task(1, "FAILURE", _error("ERROR_PLUGIN", "[/red] [bold] :smile:"))))


def test_ctrl_c_while_a_job_is_watched_says_that_it_goes_on() -> None:
    class Interrupted:
        def call(self, *_: Any, **__: Any) -> Json:
            raise KeyboardInterrupt

    with pytest.raises(StoppedWatchingError, match="inventory job show job-1 --watch") as error:
        watch_job(Interrupted(), "job-1", quiet=True)  # type: ignore[arg-type]
    assert error.value.exit_code == 130
