"""Jobs whose plugin is being installed, over the real connectors: others are collected meanwhile."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from inventory.domain.principal import Principal
from inventory.settings import Settings
from inventory.worker.wiring import ContainerParts, WorkerContainer
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service

DOMAIN = "domain-1"
SLOW, READY = "plugin-slow", "plugin-ready"
SERVICES = ("plugin_endpoint", "repository_endpoint", "secret_endpoint", "identity_endpoint")

Document = dict[str, Any]


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    """A platform with two plugins, one of which can be made to be installed for long."""
    with FakePlugin(metadata={}, resources=[cloud_service("i-1")]) as plugin, FakePlatform() as found:
        versions = {"1.0": f"grpc://127.0.0.1:{plugin.port}"}
        found.content["plugins"] = [
            {"plugin_id": each, "provider": "aws", "versions": versions} for each in (SLOW, READY)
        ]
        found.content["secrets"] = [{"secret_id": "secret-1", "provider": "aws", "data": {"key": "value"}}]
        found.being_installed = {SLOW}
        yield found


class Workers:
    """Worker processes in this one, with one thread each that collects."""

    def __init__(self, database: Database[Document], platform: FakePlatform, **stores: str) -> None:
        self._database = database
        self._settings = Settings(
            platform="grpc",
            worker_threads=1,
            retry_backoff_seconds=60,
            queue_namespace=uuid.uuid4().hex,
            **dict.fromkeys(SERVICES, platform.endpoint),  # type: ignore[arg-type]
            **stores,  # type: ignore[arg-type]
        )
        self._running: list[tuple[WorkerContainer, ContainerParts]] = []

    def start(self) -> WorkerContainer:
        """Start one."""
        container = WorkerContainer(self._settings)
        container.__dict__["database"] = self._database
        parts = ContainerParts(container)
        parts.consumer.start()
        self._running.append((container, parts))
        return container

    def end(self) -> None:
        """End all, as a process ends: what they wait for comes to nothing."""
        while self._running:
            container, parts = self._running.pop()
            parts.consumer.stop(10)
            container.platform.close()
            container.plugin_connector.close()
            container.queue.close()


@pytest.fixture
def workers(database: Database[Document], mongo_uri: str, redis_url: str, platform: FakePlatform) -> Iterator[Workers]:
    """Starts workers."""
    made = Workers(database, platform, mongo_uri=mongo_uri, redis_url=redis_url)
    yield made
    platform.installed.set()
    made.end()


def scheduled(worker: WorkerContainer, plugin_id: str) -> str:
    """Store a collector with a job that its schedule made, and let it be planned; return the job's id."""
    info = {"plugin_id": plugin_id, "version": "1.0", "upgrade_mode": "MANUAL", "provider": "aws"}
    collector = worker.collector_service.create(Principal(domain_id=DOMAIN), {"name": plugin_id, "plugin_info": info})
    job_id = f"job-{uuid.uuid4().hex[:12]}"
    fields = {"domain_id": DOMAIN, "collector_id": collector["collector_id"], "schedule_id": f"of-{plugin_id}"}
    worker.jobs.insert({"job_id": job_id, "fire_at": worker.clock.now(), **fields})
    return job_id


def plan(worker: WorkerContainer, job_id: str) -> None:
    worker.queue.plan_job(job_id, domain_id=DOMAIN, priority=10)


def eventually(true: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_worker_with_one_thread_collects_while_a_planning_waits_and_plans_once_the_plugin_is_installed(
    workers: Workers, platform: FakePlatform
) -> None:
    worker = workers.start()
    slow, ready = scheduled(worker, SLOW), scheduled(worker, READY)
    platform.installed.clear()

    plan(worker, slow)
    eventually(lambda: worker.jobs.get(DOMAIN, slow).get("plan_not_before"))
    plan(worker, ready)
    eventually(lambda: worker.jobs.get(DOMAIN, ready)["status"] == "SUCCESS")
    waiting = worker.jobs.get(DOMAIN, slow)
    assert waiting["status"] == "CREATED"
    assert "is being installed" in waiting["errors"][0]["message"]

    # Long before the minute that is stored as its pause.
    platform.installed.set()
    eventually(lambda: worker.jobs.get(DOMAIN, slow)["status"] == "SUCCESS")
    assert worker.jobs.get(DOMAIN, slow)["errors"] == []


def test_a_worker_that_is_lost_while_it_waits_leaves_the_job_to_another(
    workers: Workers, platform: FakePlatform, database: Database[Document]
) -> None:
    worker = workers.start()
    slow = scheduled(worker, SLOW)
    platform.installed.clear()
    plan(worker, slow)
    eventually(lambda: worker.jobs.get(DOMAIN, slow).get("plan_not_before"))
    workers.end()
    job = database["job"].find_one({"job_id": slow})
    assert job is not None
    assert (job["status"], job["plan_attempts"], job.get("plan_owner")) == ("CREATED", 0, None)

    platform.installed.set()
    database["job"].update_one(
        {"job_id": slow}, {"$set": {"plan_not_before": job["plan_not_before"] - timedelta(minutes=1)}}
    )
    other = workers.start()
    assert [each["job_id"] for each in other.jobs.plans.unplanned(enqueued_before=other.clock.now(), limit=10)] == [
        slow
    ]
    plan(other, slow)
    eventually(lambda: other.jobs.get(DOMAIN, slow)["status"] == "SUCCESS")
