"""Running slices against a real plugin: what becomes of the slice, its task and its job."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.domain.job.advice import ADVICE, advice_for
from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import JobStatus, TaskStatus
from inventory.errors import (
    AuthenticateFailureError,
    CollectorSecretError,
    ConnectionFailureError,
    InventoryError,
    NotFoundError,
    PermissionDeniedError,
    SecretServiceError,
)
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.resource.removal import ResourceRemover
from tests.fakes.plugin import Call, Failure, FakePlugin, Gate
from tests.fakes.resources import Message, cloud_service, cloud_service_type, error_resource
from tests.integration.jobs.jobs_kit import BACKOFF_SECONDS, DOMAIN, LEASE_SECONDS, MAX_ATTEMPTS, JobsKit
from tests.manual_clock import ManualClock

UNAVAILABLE = Failure(grpc.StatusCode.UNAVAILABLE, "gone away")
REFUSED = Failure(grpc.StatusCode.PERMISSION_DENIED, "wrong credentials very-secret-value")


def _retry_now(clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=BACKOFF_SECONDS * 2**MAX_ATTEMPTS))


def _error_codes(document: dict[str, Any]) -> list[str]:
    return [error["error_code"] for error in document["errors"]]


def test_a_slice_that_ends_well_ends_its_task_and_job_with_the_counts(kit: JobsKit, plugin: FakePlugin) -> None:
    plugin.resources = [cloud_service_type(), cloud_service("i-1"), cloud_service("i-2"), cloud_service("i-3")]
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())

    kit.worker().run(slice_id)

    task = kit.task(task)
    assert task["status"] == "SUCCESS"
    assert (task["total_count"], task["created_count"], task["uncounted_count"]) == (4, 3, 1)
    assert task["started_at"] <= task["finished_at"]
    job = kit.job(job_id)
    assert (job["status"], job["remained_tasks"], job["total_tasks"]) == ("SUCCESS", 0, 1)
    assert job["finished_at"]
    assert kit.platform.secret_reads == 1
    assert plugin.calls_of("collect")[0].secret_data == {"access_key": "very-secret-value"}


def test_a_job_goes_on_until_its_last_task_has_ended(kit: JobsKit, plugin: FakePlugin) -> None:
    job_id, _, slice_ids = kit.plan(kit.insert_collector(), secrets=3)
    worker = kit.worker()

    remained = []
    for slice_id in slice_ids:
        remained.append((kit.job(job_id)["status"], kit.job(job_id)["remained_tasks"]))
        worker.run(slice_id)
        worker.run(slice_id)

    assert remained == [("IN_PROGRESS", 3), ("IN_PROGRESS", 2), ("IN_PROGRESS", 1)]
    assert (kit.job(job_id)["status"], kit.job(job_id)["remained_tasks"]) == ("SUCCESS", 0)
    assert len(plugin.calls_of("collect")) == 3


def test_an_error_resource_makes_the_task_a_failure_and_the_rest_stays(kit: JobsKit, plugin: FakePlugin) -> None:
    plugin.resources = [cloud_service("i-1"), error_resource("no access"), cloud_service("i-2")]
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())

    kit.worker().run(slice_id)

    task = kit.task(task)
    assert (task["status"], task["created_count"], task["failure_count"]) == ("FAILURE", 2, 1)
    assert _error_codes(task) == ["ERROR_PLUGIN"]
    assert kit.job(job_id)["status"] == "ERROR"


def test_a_plugin_with_slices_is_collected_by_them(kit: JobsKit, plugin: FakePlugin) -> None:
    def resources(call: Call) -> Iterable[Message]:
        assert call.task_options is not None
        return [cloud_service(f"{call.task_options['region']}-{number}") for number in range(3)]

    plugin.tasks = [{"region": "r1"}, {"region": "r2"}]
    plugin.resources = resources
    job_id, [task], [first] = kit.plan(kit.insert_collector())
    worker = kit.worker()

    worker.run(first)
    enqueued = list(kit.queue.enqueued)
    assert kit.task(task)["status"] == "IN_PROGRESS"
    assert kit.task(task)["slices_planned"]
    worker.run(enqueued[0])
    assert kit.task(task)["status"] == "IN_PROGRESS"
    worker.run(enqueued[1])

    assert len(enqueued) == 2
    assert [call.task_options for call in plugin.calls_of("collect")] == [{"region": "r1"}, {"region": "r2"}]
    task = kit.task(task)
    assert (task["status"], task["total_count"], task["created_count"]) == ("SUCCESS", 6, 6)
    assert kit.job(job_id)["status"] == "SUCCESS"


def test_a_plugin_that_has_slices_and_nothing_to_collect_ends_well(kit: JobsKit, plugin: FakePlugin) -> None:
    plugin.tasks = []
    job_id, _, [first] = kit.plan(kit.insert_collector())

    kit.worker().run(first)

    assert kit.job(job_id)["status"] == "SUCCESS"
    assert plugin.calls_of("collect") == []


def test_one_failed_slice_makes_the_task_a_failure(kit: JobsKit, plugin: FakePlugin) -> None:
    def resources(call: Call) -> Iterable[Message]:
        yield cloud_service(f"of-{call.task_options}")
        if call.task_options == {"n": 2.0}:
            raise REFUSED

    plugin.tasks = [{"n": 1}, {"n": 2}]
    plugin.resources = resources
    job_id, [task], [first] = kit.plan(kit.insert_collector())
    worker = kit.worker()
    worker.run(first)

    for slice_id in list(kit.queue.enqueued):
        worker.run(slice_id)

    assert (kit.task(task)["status"], kit.task(task)["created_count"]) == ("FAILURE", 2)
    assert kit.job(job_id)["status"] == "ERROR"


def test_slices_planned_by_a_claim_that_was_lost_are_never_released(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    plugin.tasks = [{"n": 1}, {"n": 2}]
    _, [task], [first] = kit.plan(kit.insert_collector())
    stale = kit.claim(first, "owner-stale")
    kit.tasks.start(DOMAIN, task["job_task_id"])
    kit.slices.hold(stale, [{"n": 1}, {"n": 2}, {"n": 3}])
    clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    worker = kit.worker()
    worker.run(first)

    # The stale one wakes up and holds its slices again, but can neither end slice 0 nor release them.
    kit.slices.hold(stale, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert not kit.claims.finish(stale, TaskStatus.SUCCESS, Outcome(), expanded_attempt=stale["plan_attempt"])
    clock.advance(timedelta(seconds=60))
    kit.sweeper().sweep()
    assert kit.database["slice"].count_documents({"held": True}) == 0
    for slice_id in dict.fromkeys(kit.queue.enqueued):
        worker.run(slice_id)
    assert kit.task(task)["status"] == "SUCCESS"
    assert len(plugin.calls_of("collect")) == 2


def test_unreadable_secret_data_fails_the_task_at_once(kit: JobsKit, plugin: FakePlugin) -> None:
    kit.platform.secret_failure = NotFoundError(key="secret_id", value="secret-0")
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())

    kit.worker().run(slice_id)

    assert kit.task(task)["status"] == "FAILURE"
    assert _error_codes(kit.task(task)) == ["ERROR_COLLECTOR_SECRET"]
    assert kit.job(job_id)["status"] == "ERROR"
    assert plugin.calls == []


def test_a_secret_file_that_is_missing_is_named_in_the_errors_of_the_task(kit: JobsKit) -> None:
    kit.platform.secret_failure = CollectorSecretError(secret_id="secret-0", reason="data_file s.json: No such file")
    _, [task], [slice_id] = kit.plan(kit.insert_collector())

    kit.worker().run(slice_id)

    [error] = kit.task(task)["errors"]
    assert error["error_code"] == "ERROR_COLLECTOR_SECRET"
    assert "data_file s.json: No such file" in error["message"]


@pytest.mark.parametrize("error", [AuthenticateFailureError(), PermissionDeniedError()])
def test_a_refused_token_is_told_as_what_it_is_and_not_as_a_bad_secret(kit: JobsKit, error: InventoryError) -> None:
    kit.platform.secret_failure = error
    _, [task], [slice_id] = kit.plan(kit.insert_collector())

    kit.worker().run(slice_id)

    [stored] = kit.task(task)["errors"]
    assert stored["error_code"] == "ERROR_COLLECTOR_SECRET"
    assert f"reason = {error.code}: " in stored["message"]
    assert "INVENTORY_SYSTEM_TOKEN" in stored["message"]
    assert advice_for(stored["error_code"], stored["message"]) == ADVICE[error.code]


@pytest.mark.parametrize("passing", [False, True])
def test_a_secret_service_that_refuses_or_breaks_is_told_in_its_own_words_and_as_no_failed_connection(
    kit: JobsKit, clock: ManualClock, passing: bool
) -> None:
    kit.platform.secret_failure = SecretServiceError(
        reason="INTERNAL ERROR_VAULT: the vault is sealed", passing=passing
    )
    _, [task], [slice_id] = kit.plan(kit.insert_collector())

    for _ in range(MAX_ATTEMPTS):
        kit.worker().run(slice_id)
        _retry_now(clock)

    [stored] = kit.task(task)["errors"]
    assert (kit.task(task)["status"], stored["error_code"]) == ("FAILURE", "ERROR_COLLECTOR_SECRET")
    assert "ERROR_VAULT: the vault is sealed" in stored["message"]
    assert "ERROR_GRPC_CONNECTION" not in stored["message"]
    assert kit.slice(slice_id)["attempts"] == (MAX_ATTEMPTS if passing else 1)


def test_a_secret_service_that_is_away_is_asked_again(kit: JobsKit, clock: ManualClock) -> None:
    kit.platform.secret_failure = ConnectionFailureError(service="secret")
    _, [task], [slice_id] = kit.plan(kit.insert_collector())
    kit.worker().run(slice_id)
    assert kit.slice(slice_id)["status"] == "PENDING"

    kit.platform.secret_failure = None
    _retry_now(clock)
    kit.worker().run(slice_id)

    assert kit.task(task)["status"] == "SUCCESS"
    assert kit.task(task)["errors"] == []


def test_an_unreachable_plugin_is_tried_again_and_then_fails_the_task(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    plugin.stop()
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())

    for attempt in range(MAX_ATTEMPTS):
        assert kit.job(job_id)["status"] == "IN_PROGRESS", attempt
        kit.worker().run(slice_id)
        kit.worker().run(slice_id)
        _retry_now(clock)

    assert kit.slice(slice_id)["attempts"] == MAX_ATTEMPTS
    assert kit.task(task)["status"] == "FAILURE"
    assert _error_codes(kit.task(task)) == ["ERROR_COLLECTOR_COLLECTING"]
    assert kit.job(job_id)["status"] == "ERROR"


def test_a_stream_that_breaks_off_is_collected_again_and_nothing_is_doubled(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(4)]
    plugin.abort = (3, UNAVAILABLE)
    _, [task], [slice_id] = kit.plan(kit.insert_collector())
    kit.worker().run(slice_id)
    assert kit.database["cloud_service"].count_documents({}) == 3

    plugin.abort = None
    _retry_now(clock)
    kit.worker().run(slice_id)

    task = kit.task(task)
    assert (task["status"], task["created_count"], task["updated_count"]) == ("SUCCESS", 4, 0)
    assert kit.database["cloud_service"].count_documents({}) == 4


def test_a_plugin_that_answers_too_late_is_asked_again_after_a_wait_that_holds_no_thread(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    with contextlib.closing(GrpcPluginConnector(max_message_bytes=1 << 20, init_timeout_seconds=0.2)) as impatient:
        platform: Any = kit.platform
        kit.plugins = PluginManager(directory=platform, repository=platform, connector=impatient)
        hung = threading.Event()
        plugin.tasks = lambda _call: [{}] if hung.wait(10) else []
        plugin.resources = [cloud_service("i-1")]
        _, [task], [slice_id] = kit.plan(kit.insert_collector())
        kit.worker().run(slice_id)
        waiting = kit.slice(slice_id)
        assert (waiting["status"], waiting["attempts"]) == ("PENDING", 1)
        assert waiting["not_before"] > clock.now()
        assert kit.task(task)["status"] == "IN_PROGRESS"

        hung.set()
        plugin.tasks = None
        kit.plugins = PluginManager(directory=platform, repository=platform, connector=kit.connector)
        _retry_now(clock)
        kit.worker().run(slice_id)

    assert (kit.task(task)["status"], kit.task(task)["created_count"]) == ("SUCCESS", 1)


def test_a_plugin_that_answers_too_late_each_time_fails_its_task_after_the_last_attempt(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    with contextlib.closing(GrpcPluginConnector(max_message_bytes=1 << 20, init_timeout_seconds=0.1)) as impatient:
        platform: Any = kit.platform
        kit.plugins = PluginManager(directory=platform, repository=platform, connector=impatient)
        hung = threading.Event()
        plugin.tasks = lambda _call: [{}] if hung.wait(10) else []
        job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
        for _ in range(MAX_ATTEMPTS):
            kit.worker().run(slice_id)
            _retry_now(clock)
        hung.set()

    failed = kit.task(task)
    assert (failed["status"], kit.job(job_id)["status"]) == ("FAILURE", "ERROR")
    assert _error_codes(failed) == ["ERROR_COLLECTOR_COLLECTING"]
    assert "did not answer in time" in failed["errors"][0]["message"]


def test_what_a_killed_worker_created_stays_counted_though_it_had_not_noted_all(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    plugin.resources = [
        *(cloud_service(f"i-{number}") for number in range(6)),
        cloud_service("i-0"),
        cloud_service("i-5"),
    ]
    plugin.abort = (3, UNAVAILABLE)
    _, [task], [slice_id] = kit.plan(kit.insert_collector())
    kit.worker().run(slice_id)
    # As after a kill: the last heartbeat knew of one.
    kit.database["slice"].update_one({}, {"$set": {"created_count": 1, "total_count": 1}})

    plugin.abort = None
    _retry_now(clock)
    kit.worker().run(slice_id)

    task = kit.task(task)
    assert (task["status"], task["created_count"], task["updated_count"]) == ("SUCCESS", 6, 2)
    assert task["total_count"] == 8


def test_what_was_created_before_a_plugin_died_for_good_stays_counted(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(30)]
    _, [task], [slice_id] = kit.plan(kit.insert_collector())
    for sent in (10, 4, 0):
        plugin.abort = (sent, Failure(grpc.StatusCode.UNAVAILABLE, f"gone after {sent}"))
        kit.worker().run(slice_id)
        _retry_now(clock)

    task = kit.task(task)
    assert (task["status"], task["created_count"], task["updated_count"]) == ("FAILURE", 10, 0)
    assert task["total_count"] == task["created_count"] + task["failure_count"]
    messages = " ".join(error["message"] for error in task["errors"])
    assert [f"gone after {sent}" in messages for sent in (10, 4, 0)] == [True] * 3


def test_a_refusal_is_not_tried_again_and_shows_no_secret(kit: JobsKit, plugin: FakePlugin) -> None:
    plugin.resources = [cloud_service("i-1")]
    plugin.abort = (1, REFUSED)
    _, [task], [slice_id] = kit.plan(kit.insert_collector())

    kit.worker().run(slice_id)

    task = kit.task(task)
    assert (task["status"], task["created_count"]) == ("FAILURE", 1)
    assert _error_codes(task) == ["ERROR_COLLECTOR_COLLECTING"]
    assert "very-secret-value" not in str(task["errors"])


def test_a_plugin_that_stays_silent_too_long_is_given_up(
    kit: JobsKit, plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(4)]
    plugin.gate = Gate(after=2)
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    worker = kit.worker()
    monkeypatch.setattr(worker.collector, "idle_seconds", 0.4)

    worker.run(slice_id)

    task = kit.task(task)
    assert (task["status"], task["created_count"]) == ("FAILURE", 2)
    assert task["errors"][0]["error_code"] == "ERROR_JOB_TIMEOUT"
    assert kit.slice(slice_id)["attempts"] == 1
    assert kit.job(job_id)["status"] == "ERROR"
    assert plugin.wait_for("collect", ended=True)[0].ended == "canceled"


def test_what_nobody_foresaw_is_tried_again_and_then_told(
    kit: JobsKit, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, [task], [slice_id] = kit.plan(kit.insert_collector())

    for _ in range(MAX_ATTEMPTS):
        worker = kit.worker()
        monkeypatch.setattr(worker.collector, "attempt", lambda *_: 1 / 0)
        worker.run(slice_id)
        _retry_now(clock)

    assert kit.task(task)["status"] == "FAILURE"
    assert _error_codes(kit.task(task)) == ["ERROR_UNKNOWN"]
    assert "division" not in str(kit.task(task)["errors"])


def test_a_second_task_for_the_same_collector_and_secret_is_refused(kit: JobsKit, plugin: FakePlugin) -> None:
    collector_id = kit.insert_collector()
    _, [first], [running] = kit.plan(collector_id)
    second_job, [second], [refused] = kit.plan(collector_id)
    kit.claim(running, "owner-1")
    kit.tasks.start(DOMAIN, first["job_task_id"])

    kit.worker().run(refused)

    second = kit.task(second)
    assert (second["status"], _error_codes(second)) == ("CANCELED", ["ERROR_DUPLICATE_JOB"])
    assert first["job_task_id"] in second["errors"][0]["message"]
    assert kit.slice(refused)["status"] == "CANCELED"
    assert kit.job(second_job)["status"] == "ERROR"
    assert kit.task(first)["status"] == "IN_PROGRESS"
    assert plugin.calls == []


def test_a_task_that_has_ended_unsettled_does_not_stand_in_the_way(kit: JobsKit, plugin: FakePlugin) -> None:
    collector_id = kit.insert_collector()
    first_job, [first], [slice_id] = kit.plan(collector_id)
    kit.tasks.start(DOMAIN, first["job_task_id"])
    kit.claims.finish(kit.claim(slice_id, "owner-1"), TaskStatus.SUCCESS, Outcome(total_count=7))
    _, [second], [next_slice] = kit.plan(collector_id)

    kit.worker().run(next_slice)

    assert (kit.task(first)["status"], kit.task(first)["total_count"]) == ("SUCCESS", 7)
    assert kit.job(first_job)["status"] == "SUCCESS"
    assert kit.task(second)["status"] == "SUCCESS"


def test_a_half_canceled_task_does_not_stand_in_the_way(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    first_job, [first], [slice_id] = kit.plan(collector_id)
    kit.tasks.start(DOMAIN, first["job_task_id"])
    kit.claim(slice_id, "owner-1")
    # Whoever canceled the job died before its tasks.
    kit.database["job"].update_one({"job_id": first_job}, {"$set": {"status": "CANCELED"}})
    _, [second], [next_slice] = kit.plan(collector_id)

    kit.worker().run(next_slice)

    assert kit.task(first)["status"] == "CANCELED"
    assert kit.slice(slice_id)["status"] == "CANCELED"
    assert kit.task(second)["status"] == "SUCCESS"


@pytest.mark.parametrize("status", [JobStatus.CANCELED, JobStatus.TIMEOUT])
def test_a_task_whose_job_was_stopped_does_not_start(kit: JobsKit, plugin: FakePlugin, status: JobStatus) -> None:
    job_id, [task], [slice_id] = kit.plan(kit.insert_collector())
    kit.database["job"].update_one({"job_id": job_id}, {"$set": {"status": status.value}})

    kit.worker().run(slice_id)

    assert kit.task(task)["status"] == "CANCELED"
    assert kit.slice(slice_id)["status"] == "CANCELED"
    assert plugin.calls == []


def test_a_job_that_is_stopped_between_claim_and_start_does_not_start(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    job_id, [task], [slice_id] = kit.plan(collector_id)
    claimed = kit.claim(slice_id, "owner-1")
    kit.jobs.cancel_job(DOMAIN, job_id)

    assert kit.worker().starter.start_task(claimed, kit.collectors.get(DOMAIN, collector_id)) is None
    assert kit.task(task)["status"] == "CANCELED"


def test_a_message_for_what_is_gone_changes_nothing(kit: JobsKit) -> None:
    job_id, _, [slice_id] = kit.plan(kit.insert_collector())
    kit.jobs.delete_job(DOMAIN, job_id)

    kit.worker().run(slice_id)

    assert kit.database["slice"].count_documents({}) == 0
    assert kit.database["job_task"].count_documents({}) == 0


def test_a_job_of_a_collector_that_was_deleted_is_canceled(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    job_id, _, [slice_id] = kit.plan(collector_id)
    kit.collectors.delete(DOMAIN, collector_id)

    kit.worker().run(slice_id)

    assert kit.job(job_id)["status"] == "CANCELED"


@pytest.mark.parametrize("wished", [float("inf"), float("nan"), -1.0, 0.5, True, "2", None, [1]])
def test_a_plugin_that_asks_for_no_number_of_slices_is_collected_all_the_same(
    kit: JobsKit, plugin: FakePlugin, wished: Any
) -> None:
    plugin.resources = [cloud_service("i-1")]
    job_id, _, [slice_id] = kit.plan(kit.insert_collector(metadata={"max_concurrent_slices": wished}))

    kit.worker().run(slice_id)

    assert kit.job(job_id)["status"] == "SUCCESS"


def test_the_plugin_may_ask_for_fewer_slices_at_a_time(kit: JobsKit) -> None:
    collector_id = kit.insert_collector(metadata={"max_concurrent_slices": 1.0})
    _, _, [first, second] = kit.plan(collector_id, secrets=2)
    kit.claim(first, "owner-1")

    kit.worker().run(second)

    found = kit.slice(second)
    assert (found["status"], found["waits_for"]) == ("PENDING", "collector")


def test_a_slice_that_ends_enqueues_one_that_waits(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    _, _, [first, second] = kit.plan(collector_id, secrets=2)
    worker = kit.worker(per_collector=1)
    claimed = kit.claim(first, "owner-1", per_collector=1)
    worker.run(second)
    assert kit.queue.enqueued == []
    kit.claims.hand_back(claimed)

    worker.run(first)

    assert kit.queue.enqueued == [second]
    worker.run(second)
    assert kit.slice(second)["status"] == "SUCCESS"


def test_the_queue_may_be_away_while_a_slice_ends(kit: JobsKit, plugin: FakePlugin) -> None:
    plugin.tasks = [{"n": 1}]
    _, [task], [first] = kit.plan(kit.insert_collector())
    kit.queue.failure = ConnectionFailureError(service="redis")

    kit.worker().run(first)

    assert kit.slice_of(task, 1)["held"] is False
    assert kit.task(task)["status"] == "IN_PROGRESS"


def test_a_task_counts_as_changed_what_the_history_of_its_resources_says(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    collector_id = kit.insert_collector()
    plugin.resources = [cloud_service(f"i-{number}") for number in range(5)]
    kit.worker().run(kit.plan(collector_id)[2][0])
    clock.advance(timedelta(hours=2))

    plugin.resources[:2] = [cloud_service(f"i-{number}", name="renamed") for number in range(2)]
    _, [task], [slice_id] = kit.plan(collector_id)
    kit.worker().run(slice_id)

    task = kit.task(task)
    assert (task["created_count"], task["updated_count"], task["changed_count"]) == (0, 5, 2)
    assert kit.database["record"].count_documents({"action": "UPDATE"}) == 2


def test_garbage_is_collected_once_after_a_full_collect_that_ended_well(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    collector_id = kit.insert_collector(metadata={"supported_features": ["garbage_collection"]})
    plugin.resources = [cloud_service("i-1"), cloud_service("i-2")]
    kit.worker().run(kit.plan(collector_id, full_collect=True)[2][0])
    clock.advance(timedelta(hours=2))

    plugin.resources = [cloud_service("i-1")]
    _, [task], [slice_id] = kit.plan(collector_id, full_collect=True)
    kit.worker().run(slice_id)

    task = kit.task(task)
    assert (task["status"], task["updated_count"], task["deleted_count"]) == ("SUCCESS", 1, 1)
    assert task["garbage_collected"]
    states = {doc["data"]["id"]: doc["state"] for doc in kit.database["cloud_service"].find()}
    assert states == {"i-1": "ACTIVE", "i-2": "DELETED"}


def test_garbage_that_another_collects_keeps_the_task_open_until_its_lease_has_run_out(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock
) -> None:
    collector_id = kit.insert_collector(metadata={"supported_features": ["garbage_collection"]})
    plugin.resources = [cloud_service("i-1")]
    job_id, [task], [slice_id] = kit.plan(collector_id, full_collect=True)
    kit.tasks.start(DOMAIN, task["job_task_id"])
    assert kit.tasks.garbage.claim(DOMAIN, task["job_task_id"], owner="died", lease_seconds=LEASE_SECONDS)

    kit.worker().run(slice_id)
    assert kit.task(task)["status"] == "IN_PROGRESS"

    clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    kit.sweeper().sweep()
    assert kit.task(task)["status"] == "SUCCESS"
    assert kit.job(job_id)["status"] == "SUCCESS"


def test_who_lost_the_claim_of_garbage_collection_tells_nothing(kit: JobsKit, clock: ManualClock) -> None:
    _, [task], _ = kit.plan(kit.insert_collector(), full_collect=True)
    key = (DOMAIN, task["job_task_id"])
    kit.tasks.start(*key)
    assert kit.tasks.garbage.claim(*key, owner="sleeps", lease_seconds=LEASE_SECONDS)
    clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    assert kit.tasks.garbage.claim(*key, owner="awake", lease_seconds=LEASE_SECONDS)

    assert not kit.tasks.garbage.record(*key, owner="sleeps", deleted=7, disconnected=7)
    assert not kit.task(task)["garbage_collected"]
    assert kit.tasks.garbage.record(*key, owner="awake", deleted=1, disconnected=2)
    assert (kit.task(task)["deleted_count"], kit.task(task)["disconnected_count"]) == (1, 2)


@dataclass
class SlowDeletions:
    """Each batch of one deletion takes ``seconds``, and does ``meanwhile`` at its end; ``deleted`` counts them."""

    seconds: float
    meanwhile: Callable[[], object] = lambda: None
    deleted: int = 0


@pytest.fixture
def slow(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> SlowDeletions:
    """Deletions that take a second of the manual clock each."""
    made = SlowDeletions(1.0)
    delete = ResourceRemover.delete

    def slowly(self: ResourceRemover, ids: Any, **how: Any) -> list[str]:
        clock.advance(timedelta(seconds=made.seconds))
        gone = delete(self, ids, **how)
        made.deleted += len(gone)
        made.meanwhile()
        return gone

    monkeypatch.setattr("inventory.ingest.garbage._BATCH", 1)
    monkeypatch.setattr(ResourceRemover, "delete", slowly)
    return made


def _with_garbage(kit: JobsKit, plugin: FakePlugin, clock: ManualClock, *, count: int) -> tuple[dict[str, Any], str]:
    """Plan a full collect that no longer sees ``count`` resources; return its task and slice."""
    collector_id = kit.insert_collector(metadata={"supported_features": ["garbage_collection"]})
    plugin.resources = [cloud_service(f"i-{number}") for number in range(count + 1)]
    kit.worker().run(kit.plan(collector_id, full_collect=True)[2][0])
    clock.advance(timedelta(hours=2))
    plugin.resources = [cloud_service("i-0")]
    _, [task], [slice_id] = kit.plan(collector_id, full_collect=True)
    return task, slice_id


def test_garbage_collection_that_outlasts_its_lease_is_not_begun_again_beside_it(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock, slow: SlowDeletions
) -> None:
    task, slice_id = _with_garbage(kit, plugin, clock, count=6)
    begun_again: list[object] = []
    slow.seconds = LEASE_SECONDS / 2 - 1
    slow.meanwhile = lambda: begun_again.append(
        kit.tasks.garbage.claim(DOMAIN, task["job_task_id"], owner="other", lease_seconds=LEASE_SECONDS)
    )

    kit.worker().run(slice_id)

    assert begun_again == [None] * 6
    assert (kit.task(task)["status"], kit.task(task)["deleted_count"]) == ("SUCCESS", 6)


def test_who_lost_the_claim_of_garbage_collection_stops_and_the_next_ends_it(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock, slow: SlowDeletions
) -> None:
    task, slice_id = _with_garbage(kit, plugin, clock, count=3)
    slow.seconds = LEASE_SECONDS + 1
    slow.meanwhile = lambda: kit.database["job_task"].update_many(
        {"job_task_id": task["job_task_id"]},
        {"$set": {"garbage_owner": "other", "garbage_lease_until": clock.now() + timedelta(seconds=LEASE_SECONDS)}},
    )

    kit.worker().run(slice_id)

    assert slow.deleted == 1
    assert kit.task(task)["status"] == "IN_PROGRESS"

    # The other one dies.
    clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
    slow.seconds, slow.meanwhile = 0.0, lambda: None
    kit.sweeper().sweep()
    assert (kit.task(task)["status"], kit.task(task)["deleted_count"]) == ("SUCCESS", 3)


def test_the_claim_of_a_short_garbage_collection_is_not_renewed(
    kit: JobsKit, plugin: FakePlugin, clock: ManualClock, slow: SlowDeletions, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, slice_id = _with_garbage(kit, plugin, clock, count=3)
    renewed: list[Any] = []
    monkeypatch.setattr(kit.tasks.garbage, "renew", lambda *key, **how: renewed.append(key))

    kit.worker().run(slice_id)

    assert (renewed, kit.task(task)["status"], slow.deleted) == ([], "SUCCESS", 3)
