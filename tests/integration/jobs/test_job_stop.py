"""Stopping what runs: cancelation, timeouts, lost leases, a worker that stops. With a beating heart, in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from inventory.domain.clock import SystemClock
from inventory.domain.job.states import JobStatus
from inventory.errors import JobTimeoutError
from inventory.service.job.collect_slice import Attempt
from inventory.worker.heartbeat import Heartbeat
from tests.fakes.plugin import FakePlugin, Gate
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit, Worker, wait_until

CANCEL_SECONDS = 30.0
PERIOD_SECONDS = 0.1


@pytest.fixture
def live(database: Database[dict[str, Any]], plugin: FakePlugin) -> Iterator[JobsKit]:
    """The kit on the machine's clock, with a plugin that sends four resources and then stays silent."""
    plugin.resources = [cloud_service(f"i-{number}") for number in range(6)]
    plugin.gate = Gate(after=4)
    kit = JobsKit(database, SystemClock(), plugin.endpoint)
    yield kit
    kit.connector.close()


@pytest.fixture
def worker(live: JobsKit) -> Iterator[Worker]:
    """A worker with a heartbeat."""
    made = live.worker()
    heartbeat = Heartbeat(running=made.running, period_seconds=PERIOD_SECONDS, clock=live.clock)
    heartbeat.start()
    yield made
    heartbeat.stop()


def _running(kit: JobsKit, worker: Worker, collector_id: str) -> tuple[str, dict[str, Any], str, threading.Thread]:
    """Start a slice, and return once four resources are stored and told."""
    job_id, [task], [slice_id] = kit.plan(collector_id)
    thread = worker.run_in_background(slice_id)
    wait_until(lambda: kit.slice(slice_id)["total_count"] == 4)
    return job_id, task, slice_id, thread


def _ended(thread: threading.Thread, begun: float) -> float:
    thread.join(CANCEL_SECONDS)
    assert not thread.is_alive()
    return time.monotonic() - begun


def test_a_canceled_job_stops_its_stream_and_keeps_what_was_stored(
    live: JobsKit, worker: Worker, plugin: FakePlugin
) -> None:
    job_id, task, slice_id, thread = _running(live, worker, live.insert_collector())

    begun = time.monotonic()
    assert live.jobs.cancel_job(DOMAIN, job_id)

    assert _ended(thread, begun) < CANCEL_SECONDS
    [call] = plugin.wait_for("collect", ended=True)
    assert call.ended == "canceled"
    task = live.task(task)
    assert (task["status"], task["created_count"], task["total_count"]) == ("CANCELED", 4, 4)
    assert live.slice(slice_id)["status"] == "CANCELED"
    job = live.job(job_id)
    assert (job["status"], job["remained_tasks"]) == ("CANCELED", 0)
    assert live.database["cloud_service"].count_documents({}) == 4


def test_a_timed_out_job_stops_its_stream(live: JobsKit, worker: Worker, plugin: FakePlugin) -> None:
    job_id, task, _, thread = _running(live, worker, live.insert_collector())

    begun = time.monotonic()
    live.jobs.cancel_job(DOMAIN, job_id, JobStatus.TIMEOUT, error=JobTimeoutError(limit_seconds=1))

    assert _ended(thread, begun) < CANCEL_SECONDS
    assert live.task(task)["status"] == "CANCELED"
    job = live.job(job_id)
    assert (job["status"], job["errors"][0]["error_code"]) == ("TIMEOUT", "ERROR_JOB_TIMEOUT")


@pytest.mark.parametrize("end", ["cancel", "drain"])
def test_a_plugin_that_hangs_before_it_names_its_slices_is_left_at_once(
    live: JobsKit, worker: Worker, plugin: FakePlugin, end: str
) -> None:
    over = threading.Event()
    plugin.tasks = lambda _call: over.wait(90) and []
    job_id, _, [slice_id] = live.plan(live.insert_collector())
    thread = worker.run_in_background(slice_id)
    [call] = plugin.wait_for("get_tasks")
    begun = time.monotonic()
    try:
        if end == "cancel":
            live.jobs.cancel_job(DOMAIN, job_id)
        else:
            worker.running.stop_all()

        assert _ended(thread, begun) < CANCEL_SECONDS
        wait_until(lambda: not call.context.is_active())
    finally:
        over.set()
    assert live.slice(slice_id)["status"] == ("CANCELED" if end == "cancel" else "PENDING")
    assert plugin.calls_of("collect") == []


def test_a_deleted_job_stops_its_stream_and_leaves_nothing(live: JobsKit, worker: Worker, plugin: FakePlugin) -> None:
    job_id, _, _, thread = _running(live, worker, live.insert_collector())

    begun = time.monotonic()
    live.jobs.delete_job(DOMAIN, job_id)

    assert _ended(thread, begun) < CANCEL_SECONDS
    assert plugin.wait_for("collect", ended=True)[0].ended == "canceled"
    for name in ("job", "job_task", "slice"):
        assert live.database[name].count_documents({}) == 0


def test_canceling_all_of_a_collector_stops_its_streams(live: JobsKit, worker: Worker) -> None:
    collector_id = live.insert_collector()
    job_id, _, _, thread = _running(live, worker, collector_id)

    begun = time.monotonic()
    assert live.jobs.cancel_jobs_of_collector(DOMAIN, collector_id) == 1

    assert _ended(thread, begun) < CANCEL_SECONDS
    assert live.job(job_id)["status"] == "CANCELED"


def test_a_worker_that_lost_its_lease_stops_and_leaves_the_slice_to_the_other(
    live: JobsKit, worker: Worker, plugin: FakePlugin
) -> None:
    _, task, slice_id, thread = _running(live, worker, live.insert_collector())

    begun = time.monotonic()
    live.database["slice"].update_one({"slice_id": slice_id}, {"$set": {"owner": "another"}, "$inc": {"attempts": 1}})

    assert _ended(thread, begun) < CANCEL_SECONDS
    found = live.slice(slice_id)
    assert (found["status"], found["owner"]) == ("IN_PROGRESS", "another")
    assert live.task(task)["status"] == "IN_PROGRESS"


def test_a_stopping_worker_hands_its_slices_back_and_another_ends_them(
    live: JobsKit, worker: Worker, plugin: FakePlugin
) -> None:
    job_id, task, slice_id, thread = _running(live, worker, live.insert_collector())

    begun = time.monotonic()
    worker.running.stop_all()

    assert _ended(thread, begun) < CANCEL_SECONDS
    found = live.slice(slice_id)
    assert (found["status"], found["attempts"]) == ("PENDING", 0)
    assert live.queue.enqueued == [slice_id]
    worker.run(slice_id)
    assert live.slice(slice_id)["status"] == "PENDING"
    assert plugin.gate is not None
    plugin.gate.open()
    live.worker("worker-2").run(slice_id)
    task = live.task(task)
    assert (task["status"], task["created_count"], task["updated_count"]) == ("SUCCESS", 6, 0)
    assert live.job(job_id)["status"] == "SUCCESS"


def test_a_slice_that_cannot_be_stopped_is_handed_back_from_outside(
    live: JobsKit, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang(*_: object) -> Attempt:
        entered.set()
        leave.wait(60)
        return Attempt(complete=True)

    monkeypatch.setattr(worker.collector, "attempt", hang)
    _, [task], [slice_id] = live.plan(live.insert_collector())
    thread = worker.run_in_background(slice_id)
    assert entered.wait(60)

    worker.running.stop_all()
    worker.running.hand_back_all()
    assert live.slice(slice_id)["status"] == "PENDING"

    leave.set()
    thread.join(60)
    assert live.slice(slice_id)["status"] == "PENDING"
    assert live.task(task)["status"] == "IN_PROGRESS"
