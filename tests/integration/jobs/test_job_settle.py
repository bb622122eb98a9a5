"""Settling: whatever the order, and however often, the same end; nothing that has ended changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.domain.job.outcome import MAX_ERRORS, Outcome
from inventory.domain.job.states import JOB_OPEN, TASK_OPEN, JobStatus, TaskStatus
from inventory.domain.job.stored_error import error_document
from inventory.errors import (
    CollectInitializeError,
    DuplicateJobError,
    NotFoundError,
    SaveUniqueValuesError,
    WorkerLostError,
)
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.ingest.fence_kit import frozen
from tests.integration.jobs.jobs_kit import DOMAIN, LEASE_SECONDS, JobsKit
from tests.manual_clock import ManualClock

ENDS = st.sampled_from([TaskStatus.SUCCESS, TaskStatus.FAILURE])
STEPS = st.sampled_from(["end", "settle_task", "settle_job", "refuse", "cancel"])
ERROR = {"error_code": "ERROR_PLUGIN", "message": "no", "additional": {}}


class _History:
    """Plays steps on a job with three tasks, and looks at the job after each."""

    def __init__(self, kit: JobsKit) -> None:
        self.kit = kit
        self.job_id, self.tasks, self.slice_ids = kit.plan(kit.insert_collector(), secrets=3)
        self.remained = [3]
        self.ended: dict[str, Any] | None = None

    def play(self, step: str, number: int, end: TaskStatus) -> None:
        kit, task_id = self.kit, self.tasks[number]["job_task_id"]
        match step:
            case "end":
                claimed = kit.claim(self.slice_ids[number], f"owner-{number}")
                if isinstance(claimed, dict):
                    kit.tasks.start(DOMAIN, task_id)
                    failed = int(end is TaskStatus.FAILURE)
                    kit.claims.finish(claimed, end, Outcome(total_count=5, created_count=5, error_count=failed))
            case "settle_task":
                kit.settler.settle_task(DOMAIN, task_id)
            case "settle_job":
                kit.settler.settle_job(DOMAIN, self.job_id)
            case "refuse" if number == 2:
                error = DuplicateJobError(collector_id="c", secret_id="s", job_task_id="t")
                if kit.tasks.refuse(DOMAIN, task_id, error):
                    kit.slices.cancel(DOMAIN, job_task_id=task_id)
            case "cancel" if number == 0 and end is TaskStatus.FAILURE:
                kit.jobs.cancel_job(DOMAIN, self.job_id)
        self.look()

    def look(self) -> None:
        job = self.kit.job(self.job_id)
        assert 0 <= job["remained_tasks"] <= self.remained[-1]
        self.remained.append(job["remained_tasks"])
        if self.ended is not None:
            assert job == self.ended
        elif JobStatus(job["status"]) not in JOB_OPEN:
            self.ended = job
            if job["status"] in ("SUCCESS", "ERROR"):
                assert not any(status in TASK_OPEN for status in self.statuses())

    def statuses(self) -> list[str]:
        return [self.kit.task(task)["status"] for task in self.tasks]

    def finish(self) -> None:
        for number, task in enumerate(self.tasks):
            self.play("end", number, TaskStatus.SUCCESS)
            self.kit.settler.settle_task(DOMAIN, task["job_task_id"])
        self.look()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 2), ENDS), max_size=14))
def test_any_history_ends_right(kit: JobsKit, steps: list[tuple[str, int, TaskStatus]]) -> None:
    history = _History(kit)
    for step in steps:
        history.play(*step)

    history.finish()

    statuses = history.statuses()
    job = kit.job(history.job_id)
    if job["status"] != "CANCELED":
        assert job["status"] == ("SUCCESS" if statuses == ["SUCCESS"] * 3 else "ERROR")
    assert job["remained_tasks"] == 0
    assert job["finished_at"]
    for task, slice_id in zip(history.tasks, history.slice_ids, strict=True):
        stored = kit.task(task)
        assert stored["total_count"] == kit.slice(slice_id)["total_count"]
        total = sum(stored[name] for name in ("created_count", "updated_count", "failure_count", "uncounted_count"))
        assert stored["total_count"] == total


def test_many_that_settle_at_once_end_a_job_once(kit: JobsKit) -> None:
    job_id, tasks, slice_ids = kit.plan(kit.insert_collector(), secrets=6)
    for task, slice_id in zip(tasks, slice_ids, strict=True):
        claimed = kit.claim(slice_id, f"of-{slice_id}")
        kit.tasks.start(DOMAIN, task["job_task_id"])
        kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome(total_count=1, created_count=1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda task: kit.settler.settle_task(DOMAIN, task["job_task_id"]), tasks * 3))

    assert (kit.job(job_id)["status"], kit.job(job_id)["remained_tasks"]) == ("SUCCESS", 0)
    assert [kit.task(task)["created_count"] for task in tasks] == [1] * 6


def test_a_task_keeps_the_first_hundred_errors_and_counts_the_rest(kit: JobsKit) -> None:
    _, [task], [first] = kit.plan(kit.insert_collector())
    claimed = kit.claim(first, "owner-1")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.slices.hold(claimed, [{}, {}])
    attempt = claimed["plan_attempt"]
    kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome(), expanded_attempt=attempt)
    for slice_id in kit.slices.release(DOMAIN, task["job_task_id"], attempt):
        outcome = Outcome(total_count=150, failure_count=150, error_count=150, errors=[ERROR] * MAX_ERRORS)
        kit.claims.finish(kit.claim(slice_id, slice_id), TaskStatus.FAILURE, outcome)

    kit.settler.settle_task(DOMAIN, task["job_task_id"])

    task = kit.task(task)
    assert (task["status"], task["failure_count"], task["error_count"]) == ("FAILURE", 300, 300)
    assert len(task["errors"]) == MAX_ERRORS


def test_a_job_is_not_settled_before_all_its_tasks_exist(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    job_id = kit.insert_job(collector_id)
    [task] = kit.tasks.insert_tasks(
        [{"domain_id": DOMAIN, "job_id": job_id, "collector_id": collector_id, "secret_id": "s-1"}]
    )
    slice_id = kit.slice_of(task)["slice_id"]
    kit.worker().run(slice_id)
    assert kit.task(task)["status"] == "SUCCESS"

    kit.settler.settle_job(DOMAIN, job_id)
    assert kit.job(job_id)["status"] == "CREATED"

    kit.jobs.mark_planned(DOMAIN, job_id, 1)
    kit.settler.settle_job(DOMAIN, job_id)
    assert kit.job(job_id)["status"] == "SUCCESS"


def test_a_job_without_tasks_ends_when_it_is_planned(kit: JobsKit) -> None:
    job_id = kit.insert_job(kit.insert_collector())

    job = kit.jobs.mark_planned(DOMAIN, job_id, 0, ["project-b", "", "project-a", "project-b"])

    assert (job["status"], job["total_tasks"], job["remained_tasks"]) == ("SUCCESS", 0, 0)
    assert job["projects"] == ["project-a", "project-b"]
    assert job["finished_at"]


def test_a_job_with_an_error_of_its_own_ends_as_error(kit: JobsKit) -> None:
    error = error_document(CollectInitializeError(stage="plan", reason="no"))
    job_id = kit.insert_job(kit.insert_collector(), errors=[error])

    assert kit.jobs.mark_planned(DOMAIN, job_id, 0)["status"] == "ERROR"


def test_planning_twice_makes_each_task_and_slice_once(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    job_id = kit.insert_job(collector_id)
    tasks = [
        {"domain_id": DOMAIN, "job_id": job_id, "collector_id": collector_id, "secret_id": f"s-{number}"}
        for number in range(3)
    ]
    first = kit.tasks.insert_tasks(tasks[:2])
    kit.claim(kit.slice_of(first[0])["slice_id"], "owner-1")

    second = kit.tasks.insert_tasks(tasks)

    assert [task["job_task_id"] for task in second[:2]] == [task["job_task_id"] for task in first]
    assert kit.database["job_task"].count_documents({}) == 3
    assert kit.database["slice"].count_documents({}) == 3


def test_tasks_planned_for_a_job_that_was_stopped_meanwhile_are_canceled(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    job_id = kit.insert_job(collector_id)
    kit.jobs.cancel_job(DOMAIN, job_id)
    [task] = kit.tasks.insert_tasks(
        [{"domain_id": DOMAIN, "job_id": job_id, "collector_id": collector_id, "secret_id": "s-1"}]
    )

    job = kit.jobs.mark_planned(DOMAIN, job_id, 1)

    assert job["status"] == "CANCELED"
    assert kit.task(task)["status"] == "CANCELED"
    assert kit.slice_of(task)["status"] == "CANCELED"


def test_tasks_planned_for_a_job_that_was_deleted_meanwhile_are_removed(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    job_id = kit.insert_job(collector_id)
    kit.jobs.delete_job(DOMAIN, job_id)
    kit.tasks.insert_tasks([{"domain_id": DOMAIN, "job_id": job_id, "collector_id": collector_id, "secret_id": "s-1"}])

    with pytest.raises(NotFoundError):
        kit.jobs.mark_planned(DOMAIN, job_id, 1)
    assert kit.database["job_task"].count_documents({}) == 0
    assert kit.database["slice"].count_documents({}) == 0


def test_planning_is_claimed_by_one(kit: JobsKit) -> None:
    job_id = kit.insert_job(kit.insert_collector())

    with ThreadPoolExecutor(8) as pool:
        claims = list(
            pool.map(
                lambda number: kit.jobs.plans.claim(DOMAIN, job_id, owner=f"o-{number}", lease_seconds=60), range(16)
            )
        )

    assert sum(claim is not None for claim in claims) == 1


def test_one_fire_time_of_a_schedule_is_one_job(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    fire = {"schedule_id": "sched-000000000001", "fire_at": kit.clock.now()}
    kit.insert_job(collector_id, **fire)

    with pytest.raises(SaveUniqueValuesError):
        kit.insert_job(collector_id, **fire)
    kit.insert_job(collector_id)
    kit.insert_job(collector_id)


def test_a_failed_plan_ends_the_job_and_what_it_had(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    job_id = kit.insert_job(collector_id)
    [task] = kit.tasks.insert_tasks(
        [{"domain_id": DOMAIN, "job_id": job_id, "collector_id": collector_id, "secret_id": "s-1"}]
    )

    assert kit.jobs.fail(DOMAIN, job_id, WorkerLostError(attempts=3))

    job = kit.job(job_id)
    assert (job["status"], job["errors"][0]["error_code"]) == ("ERROR", "ERROR_WORKER_LOST")
    assert kit.task(task)["status"] == "CANCELED"


def test_an_ended_job_is_neither_canceled_nor_failed(kit: JobsKit) -> None:
    job_id = kit.insert_job(kit.insert_collector())
    before = kit.jobs.mark_planned(DOMAIN, job_id, 0)

    assert not kit.jobs.cancel_job(DOMAIN, job_id)
    assert not kit.jobs.fail(DOMAIN, job_id, WorkerLostError(attempts=1))
    assert kit.job(job_id) == before


def test_another_domain_sees_and_changes_nothing(kit: JobsKit) -> None:
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())

    assert kit.jobs.find("domain-2", job_id) is None
    assert not kit.jobs.cancel_job("domain-2", job_id)
    assert kit.slices.get("domain-2", slice_id) is None
    kit.tasks.delete_task("domain-2", task["job_task_id"])
    with pytest.raises(NotFoundError):
        kit.jobs.delete_job("domain-2", job_id)
    assert kit.job(job_id)["status"] == "IN_PROGRESS"
    assert kit.task(task)["status"] == "PENDING"


@pytest.mark.parametrize("meanwhile", ["canceled", "deleted", "settled"])
def test_what_happens_between_the_end_of_a_slice_and_that_of_its_task_counts(
    kit: JobsKit, plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    plugin.resources = [cloud_service("i-1")]
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    finish = kit.claims.finish

    def and_then(*args: Any, **more: Any) -> bool:
        done = finish(*args, **more)
        if meanwhile == "canceled":
            kit.jobs.cancel_job(DOMAIN, job_id)
        elif meanwhile == "deleted":
            kit.jobs.delete_job(DOMAIN, job_id)
        else:
            kit.settler.settle_task(DOMAIN, task["job_task_id"])
        return done

    monkeypatch.setattr(kit.claims, "finish", and_then)
    kit.worker().run(slice_id)

    if meanwhile == "deleted":
        assert [kit.database[name].count_documents({}) for name in ("job", "job_task", "slice")] == [0, 0, 0]
        return
    wanted = "CANCELED" if meanwhile == "canceled" else "SUCCESS"
    assert (kit.task(task)["status"], kit.task(task)["created_count"]) == (wanted, 1)
    job = kit.job(job_id)
    assert (job["status"], job["remained_tasks"]) == (wanted, 0)


def test_a_job_that_is_being_planned_is_not_counted_down(kit: JobsKit, plugin: FakePlugin) -> None:
    plugin.resources = [cloud_service("i-1")]
    job_id, [first, _], [slice_id, other] = kit.plan(kit.insert_collector(), secrets=2)
    kit.database["job"].update_one({"job_id": job_id}, {"$set": {"planned": False, "status": "CREATED"}})

    kit.worker().run(slice_id)

    assert kit.task(first)["status"] == "SUCCESS"
    assert kit.job(job_id)["remained_tasks"] == 2
    kit.jobs.mark_planned(DOMAIN, job_id, 2)
    kit.worker().run(other)
    job = kit.job(job_id)
    assert (job["status"], job["remained_tasks"]) == ("SUCCESS", 0)


def test_a_task_of_one_slice_waits_for_what_an_earlier_claim_had_planned(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    _, [task], [slice_id] = kit.plan(kit.insert_collector())
    stale = kit.claim(slice_id, "owner-stale")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.slices.hold(stale, [{"n": 1}])
    clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    kit.worker().run(slice_id)

    assert kit.slice(slice_id)["status"] == "SUCCESS"
    assert kit.task(task)["status"] == "IN_PROGRESS"
    clock.advance(timedelta(seconds=60))
    kit.sweeper().sweep()
    kit.sweeper().sweep()
    assert kit.task(task)["status"] == "SUCCESS"


SETTLES = 8
"""Commands that settle a task and its job; the last one ends the job."""


@pytest.mark.parametrize("at", range(1, SETTLES + 1))
def test_who_is_frozen_while_it_settles_changes_nothing_that_another_has_settled(
    kit: JobsKit, database: Any, mongo_uri: str, clock: ManualClock, at: int
) -> None:
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    claimed = kit.claim(slice_id, "owner-1")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome(total_count=5, created_count=5))
    left: dict[str, Any] = {}

    def stored() -> dict[str, Any]:
        return {name: list(database[name].find({"job_id": job_id})) for name in ("job", "job_task", "slice")}

    def meanwhile() -> None:
        clock.advance(timedelta(seconds=LEASE_SECONDS))
        kit.settler.settle_task(DOMAIN, task["job_task_id"])
        clock.advance(timedelta(seconds=LEASE_SECONDS))
        left.update(stored())

    with frozen(database, mongo_uri, at, meanwhile) as (elsewhere, point):
        JobsKit(elsewhere, clock).settler.settle_task(DOMAIN, task["job_task_id"])

    assert point.happened
    assert kit.job(job_id)["status"] == "SUCCESS"
    assert stored() == left
