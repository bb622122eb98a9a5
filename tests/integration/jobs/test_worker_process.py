"""The worker as real processes: collects, survives the death of a child, stops without losing or leaving anything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from pymongo.database import Database

from inventory.connector.queue import RedisQueue
from inventory.domain.clock import SystemClock
from tests.fakes.plugin import FakePlugin, Gate
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit, wait_until
from tests.ports import free_port

MAIN = "from inventory.settings import load; from inventory.worker import run; raise SystemExit(run(load()))"
LEASE_SECONDS = 2.0
pytestmark = pytest.mark.timeout(400)


class RunningWorker:
    """A worker's processes, and the queue they listen to."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, kit: JobsKit, queue: RedisQueue) -> None:
        self.process = process
        self.port = port
        self.kit = kit
        self.queue = queue

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as exc:
            return exc.code, exc.read().decode()
        except OSError:
            return 0, ""

    def children(self) -> list[psutil.Process]:
        """The processes that consume."""
        found = psutil.Process(self.process.pid).children()
        return [child for child in found if "resource_tracker" not in " ".join(child.cmdline())]

    def collect(self) -> tuple[str, dict[str, Any], str]:
        job_id, [task], [slice_id] = self.kit.plan(self.kit.insert_collector())
        self.queue.run_slices([slice_id], domain_id=DOMAIN, priority=10)
        return job_id, task, slice_id


@pytest.fixture
def drain_seconds() -> float:
    """How long the worker may take to end, s."""
    return 4.0


@pytest.fixture
def worker(
    database: Database[dict[str, Any]],
    mongo_uri: str,
    redis_url: str,
    plugin: FakePlugin,
    tmp_path: Path,
    drain_seconds: float,
) -> Iterator[RunningWorker]:
    platform = {
        "plugins": [
            {
                "plugin_id": "plugin-1",
                "provider": "test",
                "capability": {},
                "versions": {"1.0": plugin.endpoint},
                "latest": "1.0",
            }
        ],
        "secrets": [{"secret_id": "secret-0", "provider": "test", "data": {"access_key": "very-secret-value"}}],
    }
    static_file = tmp_path / "platform.yaml"
    static_file.write_text(yaml.safe_dump(platform))
    port, namespace = free_port(), f"test-{uuid.uuid4().hex[:8]}"
    values = {
        "MONGO_URI": mongo_uri,
        "MONGO_DATABASE": database.name,
        "REDIS_URL": redis_url,
        "QUEUE_NAMESPACE": namespace,
        "STATIC_FILE": str(static_file),
        "WORKER_PROCESSES": "1",
        "WORKER_THREADS": "2",
        "WORKER_HEALTH_PORT": str(port),
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "HEARTBEAT_SECONDS": "0.2",
        "DRAIN_SECONDS": str(drain_seconds),
        "BATCH_SECONDS": "0.1",
    }
    env = os.environ | {f"INVENTORY_{name}": value for name, value in values.items()}
    log = (tmp_path / "worker.log").open("wb")
    process = subprocess.Popen([sys.executable, "-c", MAIN], env=env, stdout=log, stderr=log)
    queue = RedisQueue(url=redis_url, namespace=namespace)
    kit = JobsKit(database, SystemClock(), plugin.endpoint, queue=queue)
    made = RunningWorker(process, port, kit, queue)
    try:
        wait_until(lambda: made.get("/readyz")[0] == 200, seconds=100)
        yield made
    except BaseException:
        print((tmp_path / "worker.log").read_text())
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        queue.close()
        kit.connector.close()
        log.close()


def test_a_worker_collects_what_is_enqueued(worker: RunningWorker, plugin: FakePlugin) -> None:
    plugin.resources = [cloud_service("i-1"), cloud_service("i-2")]

    job_id, task, _ = worker.collect()

    wait_until(lambda: worker.kit.job(job_id)["status"] == "SUCCESS")
    assert worker.kit.task(task)["created_count"] == 2
    assert json.loads(worker.get("/readyz")[1])["checks"] == {
        "mongodb": "ok",
        "migrations": "ok",
        "redis": "ok",
        "processes": "ok",
    }
    assert worker.get("/livez")[0] == 200
    metrics = worker.get("/metrics")[1]
    assert 'inventory_slices_left_total{outcome="success"} 1.0' in metrics
    assert 'inventory_resources_total{outcome="created"} 2.0' in metrics


def test_a_killed_process_is_replaced_and_its_slice_collected_again(worker: RunningWorker, plugin: FakePlugin) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(4)]
    plugin.gate = Gate(after=2)
    job_id, _, slice_id = worker.collect()
    wait_until(lambda: worker.kit.slice(slice_id)["total_count"] == 2)
    [child] = worker.children()

    child.kill()
    plugin.gate.open()

    sweeper = worker.kit.sweeper()

    def ended() -> bool:
        sweeper.sweep()
        return worker.kit.job(job_id)["status"] not in ("CREATED", "IN_PROGRESS")

    wait_until(ended, seconds=LEASE_SECONDS + 60)
    assert worker.kit.job(job_id)["status"] == "SUCCESS"
    assert worker.kit.slice(slice_id)["attempts"] == 2
    assert worker.kit.database["cloud_service"].count_documents({}) == 4
    wait_until(lambda: worker.get("/readyz")[0] == 200)
    assert worker.children()[0].pid != child.pid


def test_a_worker_that_is_told_to_stop_hands_back_and_leaves_no_process(
    worker: RunningWorker, plugin: FakePlugin
) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(4)]
    plugin.gate = Gate(after=2)
    _, task, slice_id = worker.collect()
    wait_until(lambda: worker.kit.slice(slice_id)["total_count"] == 2)
    children = psutil.Process(worker.process.pid).children(recursive=True)

    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(60) == 0
    found = worker.kit.slice(slice_id)
    assert (found["status"], found["attempts"]) == ("PENDING", 0)
    assert worker.kit.task(task)["status"] == "IN_PROGRESS"
    assert plugin.wait_for("collect", ended=True)[0].ended == "canceled"
    wait_until(lambda: not any(child.is_running() for child in children))
    assert sum(state.waiting for state in worker.queue.states()) == 1


@pytest.mark.parametrize("drain_seconds", [60.0])
def test_a_worker_that_is_told_to_stop_lets_a_slice_end_within_the_grace(
    worker: RunningWorker, plugin: FakePlugin
) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(4)]
    plugin.gate = Gate(after=2)
    job_id, task, slice_id = worker.collect()
    wait_until(lambda: worker.kit.slice(slice_id)["total_count"] == 2)

    worker.process.send_signal(signal.SIGTERM)
    plugin.gate.open()

    assert worker.process.wait(60) == 0
    assert (worker.kit.job(job_id)["status"], worker.kit.task(task)["created_count"]) == ("SUCCESS", 4)
    assert worker.kit.slice(slice_id)["attempts"] == 1


def test_a_killed_parent_leaves_no_process(worker: RunningWorker) -> None:
    children = psutil.Process(worker.process.pid).children(recursive=True)

    worker.process.kill()
    worker.process.wait(60)

    wait_until(lambda: not any(child.is_running() for child in children), seconds=60)
