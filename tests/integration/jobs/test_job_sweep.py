"""The sweeper: each thing that crashes, lost messages and time leave behind is found and mended."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import median
from typing import Any

import pytest

from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus
from inventory.errors import ConnectionFailureError
from inventory.scheduler.parts import LOOKS_PER_SWEEP
from inventory.service.job.sweep import ENQUEUE_AGAIN_SECONDS, QUEUE_ROOM
from inventory.settings import Settings
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import BACKOFF_SECONDS, DOMAIN, LEASE_SECONDS, MAX_ATTEMPTS, JobsKit
from tests.manual_clock import ManualClock

PAST_LEASE = timedelta(seconds=LEASE_SECONDS + 1)
ENQUEUED_LONG_AGO = timedelta(seconds=ENQUEUE_AGAIN_SECONDS + 1)
CANCEL_SECONDS = 5.0
TAKEOVER_SECONDS = 45.0


def test_a_slice_that_waits_without_a_message_is_enqueued_again(kit: JobsKit, clock: ManualClock) -> None:
    slice_id = kit.plan(kit.insert_collector())[2][0]
    sweeper = kit.sweeper()
    assert sweeper.sweep().enqueued == 0

    clock.advance(ENQUEUED_LONG_AGO)

    assert sweeper.sweep().enqueued == 1
    assert sweeper.sweep().enqueued == 0
    assert kit.queue.enqueued == [slice_id]


def test_nothing_is_enqueued_while_the_queue_is_long(kit: JobsKit, clock: ManualClock) -> None:
    kit.plan(kit.insert_collector())
    clock.advance(ENQUEUED_LONG_AGO)
    kit.queue.length = QUEUE_ROOM

    assert kit.sweeper().sweep().enqueued == 0


def test_a_slice_that_must_wait_is_not_enqueued_before_its_time(kit: JobsKit, clock: ManualClock) -> None:
    slice_id = kit.plan(kit.insert_collector())[2][0]
    kit.database["slice"].update_one(
        {"slice_id": slice_id}, {"$set": {"not_before": clock.now() + timedelta(seconds=60)}}
    )
    clock.advance(ENQUEUED_LONG_AGO)
    assert kit.sweeper().sweep().enqueued == 0

    clock.advance(timedelta(seconds=60))
    assert kit.sweeper().sweep().enqueued == 1


def test_a_slice_that_is_tried_again_is_enqueued_as_soon_as_it_may_begin(kit: JobsKit, clock: ManualClock) -> None:
    slice_id = kit.plan(kit.insert_collector())[2][0]
    assert kit.claims.retry(kit.claim(slice_id, "failed"), Outcome())
    assert kit.sweeper().sweep().enqueued == 0

    clock.advance(timedelta(seconds=BACKOFF_SECONDS))

    assert kit.sweeper().sweep().enqueued == 1
    assert kit.queue.enqueued == [slice_id]


def test_a_lost_worker_s_slice_is_claimed_anew_within_lease_and_sweep(
    kit: JobsKit, clock: ManualClock, plugin: FakePlugin
) -> None:
    plugin.resources = [cloud_service("i-1")]
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    kit.claim(slice_id, "killed")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    clock.advance(PAST_LEASE)

    report = kit.sweeper().sweep()

    assert (report.requeued, kit.queue.enqueued) == (1, [slice_id])
    kit.worker().run(slice_id)
    assert kit.slice(slice_id)["attempts"] == 2
    assert kit.task(task)["status"] == "SUCCESS"
    assert kit.job(job_id)["status"] == "SUCCESS"


def test_after_the_last_lost_worker_the_task_fails_and_tells_what_was_stored(kit: JobsKit, clock: ManualClock) -> None:
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    for number in range(MAX_ATTEMPTS):
        assert kit.job(job_id)["status"] == "IN_PROGRESS"
        kit.claim(slice_id, f"killed-{number}")
        kit.tasks.start(DOMAIN, task["job_task_id"])
        kit.database["slice"].update_one({}, {"$set": {"total_count": 4, "created_count": 4}})
        clock.advance(PAST_LEASE)
        report = kit.sweeper().sweep()

    assert report.lost == 1
    task = kit.task(task)
    assert (task["status"], task["errors"][0]["error_code"]) == ("FAILURE", "ERROR_WORKER_LOST")
    assert task["created_count"] == 4
    assert kit.job(job_id)["status"] == "ERROR"


def test_a_living_lease_is_left_alone(kit: JobsKit, clock: ManualClock) -> None:
    slice_id = kit.plan(kit.insert_collector())[2][0]
    kit.claim(slice_id, "alive")
    clock.advance(timedelta(seconds=LEASE_SECONDS - 1))

    kit.sweeper().sweep()

    assert kit.slice(slice_id)["owner"] == "alive"
    assert kit.slice(slice_id)["status"] == "IN_PROGRESS"


def _expanded(kit: JobsKit, *, ended: bool) -> dict[str, Any]:
    _, [task], [first] = kit.plan(kit.insert_collector())
    claimed = kit.claim(first, "planner")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.slices.hold(claimed, [{"n": 1}, {"n": 2}])
    if ended:
        kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome(), expanded_attempt=claimed["plan_attempt"])
    return task


def test_slices_that_a_crash_left_held_are_released(kit: JobsKit, clock: ManualClock) -> None:
    task = _expanded(kit, ended=True)
    clock.advance(ENQUEUED_LONG_AGO)

    assert kit.sweeper().sweep().released == 2
    clock.advance(ENQUEUED_LONG_AGO)
    assert kit.sweeper().sweep().enqueued == 2
    for slice_id in list(kit.queue.enqueued):
        kit.worker().run(slice_id)
    assert kit.task(task)["status"] == "SUCCESS"


def test_slices_stay_held_while_slice_0_has_not_ended(kit: JobsKit, clock: ManualClock) -> None:
    _expanded(kit, ended=False)
    clock.advance(ENQUEUED_LONG_AGO)

    assert kit.sweeper().sweep().released == 0
    assert kit.database["slice"].count_documents({"held": True}) == 2


def test_a_task_whose_slices_have_ended_is_settled_and_its_job(kit: JobsKit) -> None:
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    claimed = kit.claim(slice_id, "died-after-its-last-write")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome(total_count=1, created_count=1))

    kit.sweeper().sweep()

    assert kit.task(task)["status"] == "SUCCESS"
    assert kit.job(job_id)["status"] == "SUCCESS"


def test_a_job_whose_tasks_have_ended_is_settled(kit: JobsKit) -> None:
    job_id, [task], _ = kit.plan(kit.insert_collector())
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.tasks.finish(DOMAIN, task["job_task_id"], TaskStatus.FAILURE, Outcome(error_count=1))

    kit.sweeper().sweep()

    assert kit.job(job_id)["status"] == "ERROR"


def test_tasks_of_a_job_that_was_only_half_canceled_are_canceled(kit: JobsKit) -> None:
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    kit.claim(slice_id, "running")
    kit.database["job"].update_one({"job_id": job_id}, {"$set": {"status": "CANCELED"}})

    kit.sweeper().sweep()

    assert kit.task(task)["status"] == "CANCELED"
    assert kit.slice(slice_id)["status"] == "CANCELED"


def test_tasks_of_a_job_that_is_gone_are_removed(kit: JobsKit) -> None:
    job_id, _, _ = kit.plan(kit.insert_collector())
    kit.database["job"].delete_one({"job_id": job_id})

    kit.sweeper().sweep()

    assert kit.database["job_task"].count_documents({}) == 0
    assert kit.database["slice"].count_documents({}) == 0


def test_a_job_that_nobody_plans_is_enqueued_and_in_the_end_fails(kit: JobsKit, clock: ManualClock) -> None:
    job_id = kit.insert_job(kit.insert_collector())
    assert kit.sweeper().sweep().plans_enqueued == 0

    clock.advance(ENQUEUED_LONG_AGO)
    for number in range(MAX_ATTEMPTS):
        kit.sweeper().sweep()
        assert len(kit.queue.planned) == number + 1
        assert kit.jobs.plans.claim(DOMAIN, job_id, owner="dies", lease_seconds=60)
        assert kit.sweeper().sweep().plans_enqueued == 0
        clock.advance(timedelta(seconds=61))
    kit.sweeper().sweep()

    job = kit.job(job_id)
    assert (job["status"], job["errors"][0]["error_code"]) == ("ERROR", "ERROR_WORKER_LOST")


def test_a_job_that_waits_for_busy_workers_is_enqueued_no_oftener_than_a_slice(
    kit: JobsKit, clock: ManualClock
) -> None:
    job_id = kit.insert_job(kit.insert_collector())
    clock.advance(ENQUEUED_LONG_AGO)
    sweepers = [kit.sweeper(), kit.sweeper()]

    assert [sweeper.sweep().plans_enqueued for sweeper in sweepers] == [1, 0]
    for _ in range(int(ENQUEUE_AGAIN_SECONDS)):
        assert [sweeper.sweep().plans_enqueued for sweeper in sweepers] == [0, 0]
        clock.advance(timedelta(seconds=1))
    clock.advance(timedelta(seconds=1))

    assert kit.sweeper().sweep().plans_enqueued == 1
    assert kit.queue.planned == [job_id, job_id]


def test_jobs_behind_those_that_were_enqueued_have_their_turn(
    kit: JobsKit, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.service.job.sweep._JOB_BATCH", 2)
    collector_id = kit.insert_collector()
    job_ids = [kit.insert_job(collector_id) for _ in range(3)]
    clock.advance(ENQUEUED_LONG_AGO)

    assert [kit.sweeper().sweep().plans_enqueued for _ in range(3)] == [2, 1, 0]
    assert sorted(kit.queue.planned) == sorted(job_ids)


def test_a_job_is_enqueued_at_once_when_the_lease_of_a_lost_planner_has_run_out(
    kit: JobsKit, clock: ManualClock
) -> None:
    job_id = kit.insert_job(kit.insert_collector())
    clock.advance(ENQUEUED_LONG_AGO)
    kit.sweeper().sweep()
    assert kit.jobs.plans.claim(DOMAIN, job_id, owner="dies", lease_seconds=1)

    clock.advance(timedelta(seconds=2))

    assert kit.sweeper().sweep().plans_enqueued == 1


@pytest.mark.parametrize("planned", [True, False])
def test_a_job_past_its_time_is_stopped(kit: JobsKit, clock: ManualClock, planned: bool) -> None:
    collector_id = kit.insert_collector()
    job_id, tasks, slice_ids = kit.plan(collector_id, secrets=2) if planned else (kit.insert_job(collector_id), [], [])
    if planned:
        kit.claim(slice_ids[0], "running")
    clock.advance(timedelta(hours=2))
    assert kit.sweeper().sweep().timed_out == 0

    clock.advance(timedelta(seconds=1))
    assert kit.sweeper().sweep().timed_out == 1

    job = kit.job(job_id)
    assert (job["status"], job["errors"][0]["error_code"]) == ("TIMEOUT", "ERROR_JOB_TIMEOUT")
    assert job["remained_tasks"] == 0
    assert {kit.task(task)["status"] for task in tasks} <= {"CANCELED"}
    assert {kit.slice(one)["status"] for one in slice_ids} <= {"CANCELED"}


def test_what_waits_in_the_backlog_past_its_time_ends_and_is_never_collected(
    kit: JobsKit, clock: ManualClock, plugin: FakePlugin
) -> None:
    collector_id = kit.insert_collector()
    _, _, [runs] = kit.plan(collector_id, secrets=["secret-9"])
    kit.claim(runs, "owner-1")
    clock.advance(timedelta(seconds=1))
    job_id, tasks, slice_ids = kit.plan(collector_id, secrets=3)
    worker = kit.worker(per_collector=1)
    worker.run(slice_ids[0])
    assert kit.slice(slice_ids[0])["waits_for"] == "collector"
    kit.database["slice"].update_one({"slice_id": slice_ids[1]}, {"$set": {"held": True}})
    clock.advance(timedelta(hours=2, seconds=1))

    assert kit.sweeper().sweep().timed_out == 2

    enqueued = len(kit.queue.enqueued)
    for one in slice_ids:
        worker.run(one)
    clock.advance(ENQUEUED_LONG_AGO)
    kit.sweeper().sweep()
    job = kit.job(job_id)
    assert (job["status"], job["remained_tasks"], job["errors"][0]["error_code"]) == ("TIMEOUT", 0, "ERROR_JOB_TIMEOUT")
    assert {kit.task(task)["status"] for task in tasks} == {"CANCELED"}
    assert {kit.slice(one)["status"] for one in slice_ids} == {"CANCELED"}
    assert kit.queue.enqueued[enqueued:] == []
    assert plugin.calls_of("collect") == []


def test_the_usual_settings_keep_the_promised_times() -> None:
    usual = Settings()

    # A job past its time: the sweeper notices, and the worker learns of it with its next heartbeat.
    sweep_seconds = usual.sweep_seconds * (1 + 1 / LOOKS_PER_SWEEP)
    assert sweep_seconds + usual.heartbeat_seconds < CANCEL_SECONDS
    assert usual.lease_seconds + usual.sweep_seconds < TAKEOVER_SECONDS
    assert usual.heartbeat_seconds * 5 < usual.lease_seconds


def test_old_jobs_are_removed_with_all_they_have(kit: JobsKit, clock: ManualClock) -> None:
    _, _, [old] = kit.plan(kit.insert_collector())
    kit.worker().run(old)
    clock.advance(timedelta(days=30))
    recent, _, [slice_id] = kit.plan(kit.insert_collector())
    kit.worker().run(slice_id)
    clock.advance(timedelta(days=30, seconds=1))

    assert kit.sweeper().sweep().removed_jobs == 1

    assert kit.job(recent)["status"] == "SUCCESS"
    for name in ("job", "job_task", "slice"):
        assert kit.database[name].count_documents({}) == 1


def test_without_redis_all_else_is_swept_and_messages_are_enqueued_when_it_is_back(
    kit: JobsKit, clock: ManualClock
) -> None:
    collector_id = kit.insert_collector()
    _, _, [waiting] = kit.plan(collector_id)
    ended_job, [task], [slice_id] = kit.plan(kit.insert_collector())
    claimed = kit.claim(slice_id, "died")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome())
    clock.advance(ENQUEUED_LONG_AGO)
    kit.queue.failure = ConnectionFailureError(service="redis")
    sweeper = kit.sweeper()

    report = sweeper.sweep()

    assert report.failed_steps == ["enqueue_slices"]
    assert kit.job(ended_job)["status"] == "SUCCESS"
    kit.queue.failure = None
    assert sweeper.sweep().enqueued == 1
    assert kit.queue.enqueued == [waiting]


def test_a_long_backlog_is_gone_through_in_bounded_steps(kit: JobsKit, clock: ManualClock) -> None:
    now = clock.now()
    job_id = kit.insert_job(kit.insert_collector(), planned=True, status="IN_PROGRESS", total_tasks=10_000)
    ids = {"domain_id": DOMAIN, "job_id": job_id, "collector_id": "collector-1", "status": "PENDING"}
    numbers = range(10_000)
    kit.database["job_task"].insert_many(
        {**ids, "job_task_id": f"t-{number}", "secret_id": f"s-{number}", "created_at": now} for number in numbers
    )
    waiting = {"held": False, "not_before": now, "enqueued_at": now, "priority": 10, "created_at": now, "attempts": 0}
    kit.database["slice"].insert_many(
        {
            **ids,
            **waiting,
            "slice_id": f"slice-{number}",
            "job_task_id": f"t-{number}",
            "secret_id": f"s-{number}",
            "number": 0,
            "plan_attempt": 0,
        }
        for number in numbers
    )
    clock.advance(ENQUEUED_LONG_AGO)
    sweeper = kit.sweeper()

    seconds, enqueued = [], []
    for _ in range(20):
        begun = time.monotonic()
        enqueued.append(sweeper.sweep().enqueued)
        seconds.append(time.monotonic() - begun)

    assert max(enqueued) <= 500
    assert sorted(kit.queue.enqueued) == sorted(f"slice-{number}" for number in numbers)
    assert median(seconds) < 3.0, seconds


def test_one_task_that_cannot_be_settled_keeps_no_other_from_its_end(
    kit: JobsKit, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, tasks, slice_ids = kit.plan(kit.insert_collector(), secrets=3)
    for task, slice_id in zip(tasks, slice_ids, strict=True):
        kit.tasks.start(DOMAIN, task["job_task_id"])
        claimed = kit.claim(slice_id, f"owner-{slice_id}")
        kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome())
    settle = kit.settler.settle_task

    def broken(domain_id: str, job_task_id: str) -> None:
        if job_task_id == tasks[0]["job_task_id"]:
            raise KeyError("what nobody foresaw")
        settle(domain_id, job_task_id)

    monkeypatch.setattr(kit.settler, "settle_task", broken)
    waiting = kit.plan(kit.insert_collector())[2][0]
    clock.advance(ENQUEUED_LONG_AGO)

    report = kit.sweeper().sweep()

    assert [kit.task(task)["status"] for task in tasks] == ["IN_PROGRESS", "SUCCESS", "SUCCESS"]
    assert (report.settled_tasks, report.failed_steps) == (2, [])
    assert waiting in kit.queue.enqueued
    assert kit.job(job_id)["remained_tasks"] == 1


def test_a_step_that_breaks_leaves_the_others_to_be_done(
    kit: JobsKit, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = kit.plan(kit.insert_collector())[2][0]
    clock.advance(ENQUEUED_LONG_AGO)

    def broken(**_: Any) -> Any:
        raise KeyError("what nobody foresaw")

    monkeypatch.setattr(kit.claims, "expired", broken)

    assert kit.sweeper().sweep().failed_steps == ["take_from_lost_workers"]
    assert kit.queue.enqueued == [waiting]
