"""What operators and clients see while MongoDB, Redis or the only worker is away, and how soon a cancel bites."""

from __future__ import annotations

import os
import signal
import threading
import time
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError

import grpc
import pytest

from inventory.devruntime import probes
from inventory.service.job.sweep import ENQUEUE_AGAIN_SECONDS
from inventory.stubs.spaceone.api.inventory.v1 import (
    collector_pb2,
    collector_pb2_grpc,
    job_pb2,
    job_pb2_grpc,
    region_pb2,
    region_pb2_grpc,
)
from tests.chaos.fleet import Service
from tests.chaos.world import DOMAIN
from tests.fakes.plugin import Gate
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import wait_until
from tests.integration.outages.conftest import (
    LEASE_SECONDS,
    MONGO_TIMEOUT_SECONDS,
    SWEEP_SECONDS,
    Outfit,
)

pytestmark = pytest.mark.timeout(400)

CANCEL_SECONDS = 30.0
"""A stream that is not canceled stands still until its test has failed."""
BUSY_MACHINE_SECONDS = 20.0
"""What the machine may add to a time that the settings promise."""
RPC_SECONDS = 60.0
BLOCKED_SECONDS = 2.0
FROZEN_SECONDS = 90.0
"""How long the driver may take to give up a server that is silent, on a busy machine."""


def status_of(service: Service, page: str) -> int:
    """Return the HTTP status of a health page."""
    port = next(value for name, value in service.env.items() if name.endswith(f"{service.kind.upper()}_HEALTH_PORT"))
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=60) as answer:
            return int(answer.status)
    except HTTPError as exc:
        return exc.code


def running_stream(outfit: Outfit) -> tuple[str, str]:
    """Collect, and return (collector_id, job_id) once two of six resources are stored and the stream stands still."""
    outfit.plugin.resources = [cloud_service(f"{os.urandom(4).hex()}-{number}") for number in range(6)]
    outfit.plugin.gate = Gate(after=2)
    collector_id = outfit.new_collector()
    job_id = outfit.collect(collector_id)
    outfit.plugin.wait_for("collect")
    wait_until(lambda: (outfit.database["slice"].find_one({"job_id": job_id}) or {}).get("total_count") == 2)
    return collector_id, job_id


def test_workers_and_schedulers_have_their_unique_keys_before_they_begin(running: Outfit) -> None:
    assert "name_1" in running.indexes_before_server["duty"]
    assert {"collector_slot", "endpoint_slot"} <= running.indexes_before_server["slice"]
    assert "one_running_task" in running.indexes_before_server["job_task"]
    assert any("fire_at" in name for name in running.indexes_before_server["job"])


def test_a_deleted_job_stops_its_stream(outfit: Outfit) -> None:
    _, job_id = running_stream(outfit)

    begun = time.monotonic()
    outfit.api.until(job_pb2_grpc.JobStub, "delete", job_pb2.JobRequest(job_id=job_id, domain_id=DOMAIN))

    [call] = outfit.plugin.wait_for("collect", ended=True)
    assert time.monotonic() - begun < CANCEL_SECONDS
    assert call.ended == "canceled"
    assert (outfit.job(job_id), outfit.task(job_id)) == ({}, {})


def test_a_deleted_collector_stops_its_streams_and_keeps_what_was_stored(outfit: Outfit) -> None:
    collector_id, job_id = running_stream(outfit)
    stored = outfit.database["cloud_service"].count_documents({})

    begun = time.monotonic()
    request = collector_pb2.CollectorRequest(collector_id=collector_id, domain_id=DOMAIN)
    outfit.api.until(collector_pb2_grpc.CollectorStub, "delete", request)

    [call] = outfit.plugin.wait_for("collect", ended=True)
    assert time.monotonic() - begun < CANCEL_SECONDS
    assert call.ended == "canceled"
    wait_until(lambda: outfit.task(job_id).get("total_count") == 2)
    assert (outfit.job(job_id)["status"], outfit.job(job_id)["remained_tasks"]) == ("CANCELED", 0)
    assert outfit.task(job_id)["status"] == "CANCELED"
    assert outfit.database["cloud_service"].count_documents({}) == stored


def test_a_job_past_its_timeout_stops_its_stream_and_keeps_what_was_stored(outfit: Outfit) -> None:
    _, job_id = running_stream(outfit)

    begun = time.monotonic()
    hours_ago = outfit.job(job_id)["created_at"] - timedelta(hours=3)
    outfit.database["job"].update_one({"job_id": job_id}, {"$set": {"created_at": hours_ago}})

    [call] = outfit.plugin.wait_for("collect", ended=True)
    assert time.monotonic() - begun < CANCEL_SECONDS
    assert call.ended == "canceled"
    job = outfit.job(job_id)
    assert (job["status"], job["remained_tasks"], job["errors"][0]["error_code"]) == ("TIMEOUT", 0, "ERROR_JOB_TIMEOUT")
    wait_until(lambda: outfit.task(job_id).get("total_count") == 2)
    assert outfit.task(job_id)["status"] == "CANCELED"


def test_a_killed_only_worker_is_replaced_within_lease_and_sweep(outfit: Outfit) -> None:
    _, job_id = running_stream(outfit)
    [child] = outfit.fleet.of("worker")[0].children()

    begun = time.monotonic()
    child.kill()

    outfit.plugin.wait_for("collect", 2)
    taken = time.monotonic() - begun
    outfit.plugin.gate.open()
    wait_until(lambda: outfit.job(job_id)["status"] == "SUCCESS")
    assert taken <= LEASE_SECONDS + SWEEP_SECONDS + BUSY_MACHINE_SECONDS
    assert outfit.task(job_id)["created_count"] + outfit.task(job_id)["updated_count"] == 6


def test_who_slept_past_its_lease_can_write_nothing_when_it_wakes(outfit: Outfit) -> None:
    _, job_id = running_stream(outfit)
    sleeper, other = outfit.fleet.of("worker")
    [child] = sleeper.children()
    other.start()
    try:
        outfit.fleet.await_health()
        child.suspend()
        outfit.plugin.wait_for("collect", 2)
        outfit.plugin.gate.open()
        wait_until(lambda: outfit.job(job_id)["status"] == "SUCCESS")
        before = told_of(outfit, job_id)
        child.resume()

        log = sleeper.log_path
        wait_until(lambda: '"event": "slice_lost"' in log.read_text())
    finally:
        child.resume()
        other.end()
    assert told_of(outfit, job_id) == before
    assert not [line for line in log.read_text().splitlines() if job_id in line and "slice_finished" in line]
    resources = [message.resource["reference"]["resource_id"] for message in outfit.plugin.resources]
    stored = outfit.database["cloud_service"].count_documents({"reference.resource_id": {"$in": resources}})
    assert (outfit.task(job_id)["total_count"], stored) == (6, 6)


def told_of(outfit: Outfit, job_id: str) -> list[dict[str, Any]]:
    """Return all that is stored of a job."""
    return [one for name in ("job", "job_task", "slice") for one in outfit.database[name].find({"job_id": job_id})]


def test_a_collect_without_redis_is_recorded_and_done_once_redis_is_back(outfit: Outfit) -> None:
    outfit.plugin.resources = [cloud_service("while-redis-was-away")]
    collector_id = outfit.new_collector()
    worker, scheduler = outfit.fleet.of("worker")[0], outfit.fleet.of("scheduler")[0]

    outfit.fleet.redis.stop()
    job_id = outfit.collect(collector_id)

    assert (outfit.job(job_id)["status"], outfit.job(job_id)["remained_tasks"]) == ("IN_PROGRESS", 1)
    wait_until(lambda: (status_of(worker, "/readyz"), status_of(scheduler, "/readyz")) == (503, 503))
    assert (status_of(worker, "/livez"), status_of(scheduler, "/livez")) == (200, 200)
    wait_until(lambda: probes.grpc_serving(outfit.fleet.targets[0]))
    assert not outfit.plugin.calls_of("collect")

    outfit.fleet.redis.start()
    # As if the sweeper's patience with a bell that was enqueued had passed.
    long_ago = outfit.job(job_id)["created_at"] - timedelta(seconds=ENQUEUE_AGAIN_SECONDS)
    outfit.database["slice"].update_many({"job_id": job_id}, {"$set": {"enqueued_at": long_ago}})
    wait_until(lambda: outfit.job(job_id)["status"] == "SUCCESS")
    wait_until(lambda: (status_of(worker, "/readyz"), status_of(scheduler, "/readyz")) == (200, 200))


class Caller(threading.Thread):
    """Lists collectors without a pause, and notes each answer: seconds, status, details.

    Args:
        target: the server.
        patience: how long it waits for an answer, s; None: as long as it takes.
    """

    def __init__(self, target: str, patience: float | None) -> None:
        super().__init__(daemon=True)
        self._channel = grpc.insecure_channel(target)
        self._patience = patience
        self._stopped = threading.Event()
        self.answers: list[tuple[float, str, str]] = []

    def run(self) -> None:
        stub: Any = collector_pb2_grpc.CollectorStub(self._channel)
        while not self._stopped.wait(0.02):
            begun, status, details = time.monotonic(), "OK", ""
            try:
                stub.list(collector_pb2.CollectorQuery(domain_id=DOMAIN), timeout=self._patience)
            except grpc.RpcError as exc:
                status, details = exc.code().name, exc.details()
            self.answers.append((time.monotonic() - begun, status, details))

    @property
    def failed(self) -> bool:
        """Whether the last answer was none."""
        return bool(self.answers) and self.answers[-1][1] != "OK"

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self.join(RPC_SECONDS)
        self._channel.close()


def calling(target: str, *, patience: float | None = RPC_SECONDS) -> list[Caller]:
    """Return callers that have begun."""
    callers = [Caller(target, patience) for _ in range(3)]
    for caller in callers:
        caller.start()
    return callers


def answers_once_all_goes_on(outfit: Outfit, callers: list[Caller], job_id: str) -> list[tuple[float, str, str]]:
    """Wait until the service is well and the job done with all it was to store; return what the callers noted."""
    outfit.fleet.await_health(90)
    wait_until(lambda: not any(caller.failed for caller in callers))
    for caller in callers:
        caller.stop()
    wait_until(lambda: outfit.job(job_id)["status"] == "SUCCESS", seconds=90)
    task = outfit.task(job_id)
    assert (task["total_count"], task["created_count"] + task["updated_count"]) == (6, 6)
    return [answer for caller in callers for answer in caller.answers]


def test_while_mongod_restarts_calls_fail_fast_and_clearly_and_nothing_is_lost(outfit: Outfit) -> None:
    _, job_id = running_stream(outfit)
    worker, scheduler = outfit.fleet.of("worker")[0], outfit.fleet.of("scheduler")[0]
    target = outfit.fleet.targets[0]
    callers = calling(target)

    assert outfit.fleet.mongod.take(0, signal.SIGKILL)
    wait_until(lambda: (status_of(worker, "/readyz"), status_of(scheduler, "/readyz")) == (503, 503))
    wait_until(lambda: not probes.grpc_serving(target))
    assert (status_of(worker, "/livez"), status_of(scheduler, "/livez")) == (200, 200)
    # A call waits some seconds for MongoDB: one that comes back sooner would leave no failure to look at.
    wait_until(lambda: all(caller.failed for caller in callers))
    outfit.plugin.gate.open()
    outfit.fleet.mongod.start()

    answers = answers_once_all_goes_on(outfit, callers, job_id)
    failures = [answer for answer in answers if answer[1] != "OK"]
    found = {(status, details.partition(":")[0]) for _, status, details in failures}
    # On a busy machine time may also run out in between, or while a call waits for a thread.
    slow = {("DEADLINE_EXCEEDED", "ERROR_REQUEST_TIMEOUT"), ("RESOURCE_EXHAUSTED", "ERROR_LIMIT_EXCEEDED")}
    assert ("UNAVAILABLE", "ERROR_GRPC_CONNECTION") in found
    assert found - {("UNAVAILABLE", "ERROR_GRPC_CONNECTION")} <= slow
    assert max(seconds for seconds, _, _ in answers) <= MONGO_TIMEOUT_SECONDS + BUSY_MACHINE_SECONDS


def test_while_mongod_is_frozen_nobody_hangs_and_afterwards_all_goes_on(outfit: Outfit) -> None:
    """Its connections stay open and nothing comes back: no error tells anybody."""
    _, job_id = running_stream(outfit)
    worker, scheduler = outfit.fleet.of("worker")[0], outfit.fleet.of("scheduler")[0]
    target = outfit.fleet.targets[0]
    callers = calling(target, patience=None)
    wait_until(lambda: all(caller.answers for caller in callers))
    [mongod] = outfit.fleet.mongod.pids()

    os.kill(mongod, signal.SIGSTOP)
    try:
        outfit.plugin.gate.open()
        wait_until(lambda: not probes.grpc_serving(target))
        assert (status_of(worker, "/readyz"), status_of(scheduler, "/readyz")) == (503, 503)
        assert (status_of(worker, "/livez"), status_of(scheduler, "/livez")) == (200, 200)
        wait_until(lambda: all(caller.failed for caller in callers), seconds=FROZEN_SECONDS)
    finally:
        os.kill(mongod, signal.SIGCONT)

    answers = answers_once_all_goes_on(outfit, callers, job_id)
    # Who waits for a thread while all of them wait for MongoDB is told so.
    failed = {status for _, status, _ in answers if status != "OK"}
    assert "UNAVAILABLE" in failed <= {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}


def test_while_mongod_blocks_writes_reads_go_on_writes_end_in_time_and_nothing_is_lost(outfit: Outfit) -> None:
    collector_id, job_id = running_stream(outfit)
    request = collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN)

    new_region = region_pb2.CreateRegionRequest(name="Blocked", region_code="b-1", provider="aws", domain_id=DOMAIN)

    assert outfit.fleet.mongod.lock()
    try:
        outfit.plugin.gate.open()
        with grpc.insecure_channel(outfit.fleet.targets[0]) as channel:
            jobs = job_pb2_grpc.JobStub(channel).list(job_pb2.JobsQuery(domain_id=DOMAIN), timeout=RPC_SECONDS)
            with pytest.raises(grpc.RpcError) as refused:
                collector_pb2_grpc.CollectorStub(channel).collect(request, timeout=BLOCKED_SECONDS)
            # A caller that sets no deadline gets the service's.
            ended = region_pb2_grpc.RegionStub(channel).create.future(new_region).exception(timeout=RPC_SECONDS)
    finally:
        outfit.fleet.mongod.release()

    assert job_id in {job.job_id for job in jobs.results}
    assert refused.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert isinstance(ended, grpc.RpcError)
    assert ended.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    wait_until(lambda: outfit.job(job_id)["status"] == "SUCCESS", seconds=90)
    task = outfit.task(job_id)
    assert (task["total_count"], task["created_count"] + task["updated_count"]) == (6, 6)
    outfit.fleet.await_health(90)
