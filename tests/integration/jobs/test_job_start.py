"""The start of a task that another one stands in the way of, or has just ceased to."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.domain.job_state import TaskStatus
from inventory.manager.slice import Outcome
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit


def test_a_task_starts_where_the_one_in_its_way_ends_while_it_is_looked_for(
    kit: JobsKit, plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.resources = [cloud_service("i-1")]
    collector_id = kit.insert_collector()
    _, [first], _ = kit.plan(collector_id)
    job_id, [second], [slice_id] = kit.plan(collector_id)
    kit.tasks.start(DOMAIN, first["job_task_id"])
    look = kit.tasks._holder

    def look_late(task: dict[str, Any]) -> dict[str, Any] | None:
        kit.tasks.finish(DOMAIN, first["job_task_id"], TaskStatus.SUCCESS, Outcome())
        return look(task)

    monkeypatch.setattr(kit.tasks, "_holder", look_late)
    kit.worker().run(slice_id)

    assert kit.task(second)["status"] == "SUCCESS"
    assert kit.task(second)["created_count"] == 1
    assert kit.job(job_id)["status"] == "SUCCESS"
