"""The start of a task that another one stands in the way of, or has just ceased to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus
from inventory.errors import DuplicateJobError
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit
from tests.manual_clock import ManualClock


def test_a_task_starts_where_the_one_in_its_way_ends_while_it_is_looked_for(
    kit: JobsKit, plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.resources = [cloud_service("i-1")]
    collector_id = kit.insert_collector()
    _, [first], _ = kit.plan(collector_id)
    job_id, [second], [slice_id] = kit.plan(collector_id)
    kit.tasks.start(DOMAIN, first["job_task_id"])
    look = kit.tasks._running_of_secret

    def look_late(task: dict[str, Any]) -> dict[str, Any] | None:
        kit.tasks.finish(DOMAIN, first["job_task_id"], TaskStatus.SUCCESS, Outcome())
        return look(task)

    monkeypatch.setattr(kit.tasks, "_running_of_secret", look_late)
    kit.worker().run(slice_id)

    assert kit.task(second)["status"] == "SUCCESS"
    assert kit.task(second)["created_count"] == 1
    assert kit.job(job_id)["status"] == "SUCCESS"


def test_a_task_that_runs_keeps_the_time_of_its_start_and_one_that_ended_is_not_started(
    kit: JobsKit, clock: ManualClock
) -> None:
    _, [task], _ = kit.plan(kit.insert_collector())
    key = DOMAIN, task["job_task_id"]
    first = kit.tasks.start(*key).task
    clock.advance(timedelta(seconds=5))
    again = kit.tasks.start(*key).task
    kit.tasks.finish(*key, TaskStatus.SUCCESS, Outcome())

    assert first is not None
    assert first["status"] == "IN_PROGRESS"
    assert again == first
    assert kit.tasks.start(*key).task is None
    assert kit.task(task)["started_at"] == first["started_at"]
    assert kit.task(task)["status"] == "SUCCESS"


def test_a_task_that_is_refused_while_another_stands_in_its_way_does_not_start(
    kit: JobsKit, plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector_id = kit.insert_collector()
    _, [first], _ = kit.plan(collector_id)
    _, [second], [slice_id] = kit.plan(collector_id)
    kit.tasks.start(DOMAIN, first["job_task_id"])
    find = kit.tasks.find

    def find_late(domain_id: str, job_task_id: str) -> dict[str, Any] | None:
        kit.tasks.finish(DOMAIN, first["job_task_id"], TaskStatus.SUCCESS, Outcome())
        error = DuplicateJobError(collector_id=collector_id, secret_id="", job_task_id=first["job_task_id"])
        kit.tasks.refuse(domain_id, job_task_id, error)
        return find(domain_id, job_task_id)

    monkeypatch.setattr(kit.tasks, "find", find_late)
    kit.worker().run(slice_id)

    assert kit.task(second)["status"] == "CANCELED"
    assert kit.slice(slice_id)["status"] == "CANCELED"
    assert plugin.calls == []
