"""Planning of jobs that schedules made, or that a dying server left behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import grpc
import pytest

from inventory.domain.clock import isoformat
from inventory.domain.job.states import JobStatus
from inventory.errors import (
    ConnectionFailureError,
    InventoryError,
    JobTimeoutError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
)
from inventory.service.job.collect import CollectRequest, PlanLimits
from tests.fakes.plugin import Failure, FakePlugin
from tests.integration.service.collector_kit import ME, Kit
from tests.manual_clock import ManualClock

PARTS = ("job", "job_task", "slice")


def scheduled_job(kit: Kit, collector: dict[str, Any], **fields: Any) -> str:
    job = {
        "job_id": "job-000000000001",
        "domain_id": "domain-1",
        "collector_id": collector["collector_id"],
        "schedule_id": "sched-1",
        "fire_at": kit.clock.now(),
    }
    kit.jobs.insert(job | fields)
    return str(job["job_id"])


def job_of(kit: Kit, job_id: str) -> dict[str, Any]:
    return kit.jobs.get("domain-1", job_id)


def test_a_scheduled_job_is_planned_as_a_collect_is(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    kit.plugin.metadata = {"filter_format": [{"key": "zone", "type": "list", "resource_type": "CUSTOM"}]}
    job_id = scheduled_job(kit, kit.create(), filter={"zone": "a"}, collect_mode="CREATE")
    assert kit.collects.plan_job("domain-1", job_id)
    job = job_of(kit, job_id)
    assert (job["status"], job["total_tasks"], job["planned"]) == ("IN_PROGRESS", 2, True)
    assert [task["filter"] for task in kit.tasks_of(job)] == [{"zone": ["a"]}] * 2
    assert len(kit.queue.enqueued) == 2  # type: ignore[attr-defined]
    assert not kit.collects.plan_job("domain-1", job_id)
    assert len(kit.tasks_of(job)) == 2


def test_of_many_workers_one_plans_the_job(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    job_id = scheduled_job(kit, kit.create())
    workers = [kit.collect_service(kit.planner, f"worker-{number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        planned = list(pool.map(lambda worker: worker.plan_job("domain-1", job_id), workers))
    assert sorted(planned) == [False] * 5 + [True]
    assert kit.database["job_task"].count_documents({}) == 2
    assert job_of(kit, job_id)["plan_attempts"] == 1


def test_without_secrets_a_scheduled_job_is_done(kit: Kit) -> None:
    job_id = scheduled_job(kit, kit.create())
    kit.collects.plan_job("domain-1", job_id)
    assert job_of(kit, job_id)["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"collector_id": "collector-none"}, "ERROR_NOT_FOUND"),
        ({"filter": {"nope": 1}}, "ERROR_UNSUPPORTED_FILTER_KEY"),
        ({"secret_id": "nope"}, "ERROR_COLLECT_INITIALIZE"),
    ],
)
def test_what_cannot_be_planned_is_stored_as_error(kit: Kit, fields: dict[str, Any], code: str) -> None:
    kit.plugin.metadata = {"filter_format": []}
    job_id = scheduled_job(kit, kit.create(), **fields)
    assert not kit.collects.plan_job("domain-1", job_id)
    job = job_of(kit, job_id)
    assert (job["status"], [error["error_code"] for error in job["errors"]]) == ("ERROR", [code])
    assert job["finished_at"] == kit.clock.now()


def test_a_failing_upgrade_is_stored_as_error(kit: Kit) -> None:
    job_id = scheduled_job(kit, kit.create())
    with FakePlugin(init_failure=Failure(grpc.StatusCode.INTERNAL, "no")) as newer:
        kit.upgrade("2.0", newer.endpoint)
        kit.collects.plan_job("domain-1", job_id)
    assert [error["error_code"] for error in job_of(kit, job_id)["errors"]] == ["ERROR_INIT_PLUGIN_FAILURE"]


def test_a_plan_cut_short_is_ended_by_the_next(kit: Kit, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.add_secrets("secret-1", "secret-2")
    collector = kit.create()
    monkeypatch.setattr(kit.collects, "_limits", PlanLimits(at_once=1))
    with monkeypatch.context() as patch:
        patch.setattr(kit.jobs, "mark_planned", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            kit.collects.collect(ME, CollectRequest(collector["collector_id"]))
    (job,) = kit.database["job"].find()
    other = kit.collect_service(kit.planner, "worker-2")
    assert not other.plan_job("domain-1", job["job_id"])
    kit.content["secrets"].pop(0)
    kit.add_secrets("secret-3")
    clock.advance(timedelta(minutes=10))
    assert other.plan_job("domain-1", job["job_id"])
    planned = job_of(kit, job["job_id"])
    assert (planned["status"], planned["total_tasks"], planned["remained_tasks"]) == ("IN_PROGRESS", 3, 3)
    assert [task["secret_id"] for task in kit.tasks_of(job)] == ["secret-1", "secret-2", "secret-3"]
    assert kit.database["slice"].count_documents({}) == 3


def test_a_collect_is_stored_the_same_at_once_or_step_by_step(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.add_secrets("secret-1", "secret-2", project_id="project-1")
    collector = kit.create()

    def stored() -> list[list[dict[str, Any]]]:
        job = kit.collects.collect(ME, CollectRequest(collector["collector_id"]))
        del job["collector_info"]
        assert job_of(kit, job["job_id"]) == job
        differing = {"_id", "job_id", "job_task_id", "slice_id"}
        found = [list(kit.database[name].find({"job_id": job["job_id"]}).sort("secret_id")) for name in PARTS]
        return [[{key: one[key] for key in one.keys() - differing} for one in part] for part in found]

    at_once = stored()
    monkeypatch.setattr(kit.collects, "_limits", PlanLimits(at_once=1))

    assert stored() == at_once
    assert [len(part) for part in at_once] == [1, 2, 2]


def test_planning_that_is_lost_again_and_again_ends_the_job(kit: Kit, clock: ManualClock) -> None:
    job_id = scheduled_job(kit, kit.create())
    for _ in range(3):
        assert kit.jobs.plans.claim("domain-1", job_id, owner="lost", lease_seconds=10)
        clock.advance(timedelta(minutes=1))
    kit.collects.plan_job("domain-1", job_id)
    assert job_of(kit, job_id)["status"] == "ERROR"


def test_mongodb_away_leaves_the_job_to_the_next(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = scheduled_job(kit, kit.create())

    def away(*_: object) -> None:
        raise ConnectionFailureError(service="mongodb")

    with monkeypatch.context() as patch:
        patch.setattr(kit.collectors, "get", away)
        with pytest.raises(ConnectionFailureError):
            kit.collects.plan_job("domain-1", job_id)
    assert job_of(kit, job_id)["status"] == "CREATED"


def test_a_job_that_was_canceled_or_deleted_is_not_planned(kit: Kit) -> None:
    kit.add_secrets("secret-1")
    job_id = scheduled_job(kit, kit.create())
    kit.jobs.cancel_job("domain-1", job_id)
    assert not kit.collects.plan_job("domain-1", job_id)
    assert job_of(kit, job_id)["status"] == "CANCELED"
    assert not kit.collects.plan_job("domain-1", "job-none")


class _Away:
    """A port whose every call fails with ``error``."""

    def __init__(self, error: InventoryError) -> None:
        self.error = error
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        def call(*_: object, **__: object) -> None:
            self.calls += 1
            raise self.error

        return call


def outage(kit: Kit, port: str, error: InventoryError) -> Any:
    """Let ``directory`` or ``store`` fail; return a worker."""
    setattr(kit, port, _Away(error))
    kit.build()
    return kit.collects


OUTAGES = [
    ("store", ConnectionFailureError(service="secret"), "ERROR_GRPC_CONNECTION"),
    ("store", RequestTimeoutError(reason="the secret service did not answer in time"), "ERROR_REQUEST_TIMEOUT"),
    ("directory", ConnectionFailureError(service="plugin"), "ERROR_GRPC_CONNECTION"),
    ("directory", LimitExceededError(limit="of the plugin service"), "ERROR_LIMIT_EXCEEDED"),
]


@pytest.mark.parametrize(("port", "error", "code"), OUTAGES)
def test_an_outage_lets_a_scheduled_job_wait_and_say_why(
    kit: Kit, clock: ManualClock, port: str, error: InventoryError, code: str
) -> None:
    kit.add_secrets("secret-1")
    healthy = getattr(kit, port)
    job_id = scheduled_job(kit, kit.create())
    outage(kit, port, error)

    pauses = []
    for _ in range(9):
        assert not kit.collects.plan_job("domain-1", job_id)
        job = job_of(kit, job_id)
        assert (job["status"], [each["error_code"] for each in job["errors"]]) == ("CREATED", [code])
        assert job["errors"][0]["additional"]["next_attempt"] == isoformat(job["plan_not_before"])
        pauses.append((job["plan_not_before"] - clock.now()).total_seconds())
        # Before its time nobody tries, and the sweeper finds nothing to plan.
        assert kit.jobs.plans.claim("domain-1", job_id, owner="other", lease_seconds=10) is None
        assert kit.jobs.plans.unplanned(enqueued_before=clock.now() + timedelta(seconds=1), limit=10) == []
        clock.advance(job["plan_not_before"] - clock.now())
        assert len(kit.jobs.plans.unplanned(enqueued_before=clock.now(), limit=10)) == 1
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]

    setattr(kit, port, healthy)
    kit.build()
    assert kit.collects.plan_job("domain-1", job_id)
    planned = job_of(kit, job_id)
    assert (planned["status"], planned["total_tasks"], planned["errors"]) == ("IN_PROGRESS", 1, [])
    assert "plan_not_before" not in planned


def test_a_job_without_secrets_that_waited_is_done_all_the_same(kit: Kit, clock: ManualClock) -> None:
    healthy = kit.store
    job_id = scheduled_job(kit, kit.create())
    outage(kit, "store", ConnectionFailureError(service="secret")).plan_job("domain-1", job_id)
    clock.advance(timedelta(seconds=5))
    kit.store = healthy
    kit.build()

    kit.collects.plan_job("domain-1", job_id)

    job = job_of(kit, job_id)
    assert (job["status"], job["errors"]) == ("SUCCESS", [])


def test_a_job_that_waits_until_its_timeout_still_says_why(kit: Kit) -> None:
    job_id = scheduled_job(kit, kit.create())
    outage(kit, "store", ConnectionFailureError(service="secret")).plan_job("domain-1", job_id)

    kit.jobs.cancel_job("domain-1", job_id, JobStatus.TIMEOUT, error=JobTimeoutError(limit_seconds=7200))

    job = job_of(kit, job_id)
    codes = [error["error_code"] for error in job["errors"]]
    assert (job["status"], codes) == ("TIMEOUT", ["ERROR_GRPC_CONNECTION", "ERROR_JOB_TIMEOUT"])


@pytest.mark.parametrize("error", [PermissionDeniedError(), NotFoundError(key="secret_id", value="x")])
def test_what_the_platform_refuses_ends_a_scheduled_job_at_once(kit: Kit, error: InventoryError) -> None:
    job_id = scheduled_job(kit, kit.create())

    outage(kit, "store", error).plan_job("domain-1", job_id)

    assert job_of(kit, job_id)["status"] == "ERROR"


@pytest.mark.parametrize(("port", "error", "code"), OUTAGES)
def test_a_caller_hears_of_an_outage_at_once_and_no_job_is_made(
    kit: Kit, port: str, error: InventoryError, code: str
) -> None:
    collector = kit.create()

    with pytest.raises(type(error)) as raised:
        outage(kit, port, error).collect(ME, CollectRequest(collector["collector_id"]))

    assert raised.value.code == code
    assert kit.database["job"].count_documents({}) == 0


def test_an_attempt_that_lost_its_claim_postpones_nothing(kit: Kit, clock: ManualClock) -> None:
    job_id = scheduled_job(kit, kit.create())
    late = kit.jobs.plans.claim("domain-1", job_id, owner="late", lease_seconds=10)
    clock.advance(timedelta(seconds=11))
    kit.jobs.plans.claim("domain-1", job_id, owner="other", lease_seconds=10)

    assert late is not None
    wait = timedelta(seconds=5)
    assert kit.jobs.plans.postpone(late, ConnectionFailureError(service="secret"), wait=wait) is None
    assert job_of(kit, job_id)["plan_owner"] == "other"
