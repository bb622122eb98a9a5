"""Watching a job of many tasks: what is worst first, then what runs, the rest counted."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from inventory.cli.view import watch
from inventory.cli.view.console import TerminalConsole
from inventory.cli.view.job_story import SHOWN_TASKS
from inventory.cli.view.watch import rest_of, watch_job


class Server:
    """Answers as the service does for a job of these tasks; the job ends at the second look."""

    def __init__(self, *statuses: tuple[str, int]) -> None:
        self.tasks = [
            {
                "job_task_id": f"task-{status}-{number}",
                "secret_id": f"{status}-{number} of an account with a very long name",
                "status": status,
                "created_count": 123_456,
                "failure_count": 7,
            }
            for status, count in statuses
            for number in range(count)
        ]
        self.looks = 0

    def call(self, name: str, /, **request: Any) -> dict[str, Any]:
        if name == "Job.get":
            self.looks += 1
            status = "IN_PROGRESS" if self.looks == 1 else "ERROR"
            return {"job_id": "job-1", "status": status, "total_tasks": len(self.tasks), "remained_tasks": 5}
        if name == "JobTask.stat":
            statuses = [str(task["status"]) for task in self.tasks]
            return {"results": [{"status": each, "count": statuses.count(each)} for each in sorted(set(statuses))]}
        if name == "JobOperations.get":
            return {}
        page = request["query"]["page"]
        found = [task for task in self.tasks if request.get("status") in (None, task["status"])]
        shown = found[page["start"] - 1 :][: page["limit"]] if page["limit"] else []
        return {"results": shown, "total_count": len(found)}


def _watched(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the lines of the last picture on a terminal of the usual size."""
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    out = io.StringIO()
    console = TerminalConsole(file=out, force_terminal=True, width=80, height=24, color_system=None)
    watch_job(server, "job-1", out=console)  # type: ignore[arg-type]
    pictures = re.split(r"job-1 ", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()))
    return [line.strip() for line in pictures[-1].splitlines() if line.strip()]


def test_five_hundred_tasks_fit_on_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(("SUCCESS", 430), ("PENDING", 40), ("IN_PROGRESS", 8), ("FAILURE", 22))

    lines = _watched(server, monkeypatch)

    assert len(lines) <= SHOWN_TASKS + 2
    named = [line for line in lines if re.search(r"\b[A-Z_]+-\d+ ", line)]
    assert [re.search(r"([A-Z_]+)-\d", line)[1] for line in named] == ["FAILURE"] * 10 + ["IN_PROGRESS"] * 8  # type: ignore[index]
    assert "and 12 FAILURE, 40 PENDING, 430 SUCCESS" in lines[-1]


def test_few_tasks_are_all_shown_without_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _watched(Server(("SUCCESS", 2), ("FAILURE", 1)), monkeypatch)
    assert sum("SUCCESS" in line or "FAILURE" in line for line in lines) == 3
    assert not any(line.startswith("and ") for line in lines)


def test_the_rest_is_what_is_not_shown() -> None:
    shown = [{"status": "FAILURE"}]
    assert rest_of(shown, {"FAILURE": 3, "SUCCESS": 1}) == "and 2 FAILURE, 1 SUCCESS"
    assert rest_of(shown, {"FAILURE": 1}) == ""
    assert rest_of(shown, {}) == ""
