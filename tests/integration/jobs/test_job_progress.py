"""A task that runs shows what its slices told so far; nothing is written for it."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from inventory.domain.job.outcome import Outcome
from inventory.manager.job.slice_claim import Beat
from inventory.manager.job.task_progress import TaskProgress
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit

COUNTS = ("created_count", "failure_count")


@pytest.fixture
def progress(database: Database[dict[str, Any]]) -> TaskProgress:
    return TaskProgress(database=database)


def _running(kit: JobsKit) -> tuple[dict[str, Any], str]:
    """Return a running task, and its first slice."""
    slice_id = kit.plan(kit.insert_collector())[2][0]
    claimed = kit.claim(slice_id, "owner-1")
    kit.tasks.start(DOMAIN, claimed["job_task_id"])
    return kit.tasks.get(DOMAIN, claimed["job_task_id"]), slice_id


def test_a_running_task_shows_what_its_heartbeat_told(kit: JobsKit, progress: TaskProgress) -> None:
    task, slice_id = _running(kit)
    kit.claims.beat([Beat(DOMAIN, slice_id, "owner-1", Outcome(total_count=4, created_count=3, failure_count=1))])

    [shown] = progress.shown(DOMAIN, [task])

    assert [shown[name] for name in COUNTS] == [3, 1]
    assert kit.tasks.get(DOMAIN, task["job_task_id"]) == task


def test_slices_of_a_plan_that_was_given_up_do_not_count(
    kit: JobsKit, progress: TaskProgress, database: Database[dict[str, Any]]
) -> None:
    task, slice_id = _running(kit)
    unique = ("_id", "collector_slot", "endpoint_slot")
    first = {name: value for name, value in kit.slice(slice_id).items() if name not in unique}
    for number, (plan, created) in enumerate([(1, 10), (1, 20), (2, 100), (2, 200)], start=1):
        changed = {"slice_id": f"slice-{number}", "number": number, "plan_attempt": plan, "created_count": created}
        database["slice"].insert_one({**first, **changed, "status": "PENDING"})
    query = {"slice_id": slice_id}

    database["slice"].update_one(query, {"$set": {"created_count": 5}})
    [planning] = progress.shown(DOMAIN, [task])
    database["slice"].update_one(query, {"$set": {"expanded_attempt": 2}})
    [planned] = progress.shown(DOMAIN, [task])

    assert (planning["created_count"], planned["created_count"]) == (5, 305)


def test_only_fields_that_were_asked_for_are_filled(kit: JobsKit, progress: TaskProgress) -> None:
    task, slice_id = _running(kit)
    kit.claims.beat([Beat(DOMAIN, slice_id, "owner-1", Outcome(created_count=3, failure_count=1))])
    part = {name: task[name] for name in ("job_task_id", "status", "failure_count")}

    assert progress.shown(DOMAIN, [part]) == [part | {"failure_count": 1}]
    assert progress.shown(DOMAIN, [task | {"status": "SUCCESS"}]) == [task | {"status": "SUCCESS"}]
