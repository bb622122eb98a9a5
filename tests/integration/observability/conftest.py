"""The service as real processes of every kind, which have done some work: what they show is looked at by all tests."""

from __future__ import annotations

import os
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from inventory.devruntime import child, probes
from tests.fakes.otlp import FakeOtlp
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.ports import free_port

START_SECONDS = 90.0
SECRET = "very-secret-value"
KINDS = ("server", "worker", "scheduler", "gateway")


@dataclass
class Fleet:
    """One process of each kind, children included.

    Attributes:
        pages: where each shows its metrics.
        trace_id: of the collect that was made.
    """

    http: httpx.Client
    otlp: FakeOtlp
    plugin: FakePlugin
    folder: Path
    pages: dict[str, str] = field(default_factory=dict)
    trace_id: str = ""
    caller_span: str = ""
    job: dict[str, Any] = field(default_factory=dict)

    def scrape(self, kind: str) -> dict[str, list[tuple[dict[str, str], float]]]:
        """Return what a process shows: for each sample its labels and value."""
        with urllib.request.urlopen(f"{self.pages[kind]}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    def value(self, kind: str, name: str, **labels: str) -> float:
        """Return the sum of the samples that have these labels."""
        return sum(
            value for have, value in self.scrape(kind).get(name, []) if all(have.get(k) == v for k, v in labels.items())
        )

    def call(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """Call a method, which must succeed."""
        answer = self.http.post(f"/inventory/v1/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture(scope="session")
def fleet(mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """All processes, after one collect of two slices' worth of resources, by way of HTTP."""
    folder = tmp_path_factory.mktemp("fleet")
    resources = [cloud_service(f"i-{number}") for number in range(40)]
    with ExitStack() as stack:
        otlp = stack.enter_context(FakeOtlp())
        plugin = stack.enter_context(FakePlugin(resources=resources))
        ports = {name: free_port() for name in ("grpc", *KINDS)}
        http = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{ports['gateway']}", timeout=30, trust_env=False)
        )
        made = Fleet(http, otlp, plugin, folder, {kind: f"http://127.0.0.1:{ports[kind]}" for kind in KINDS})
        environment = _environment(made, mongo_uri, redis_url, ports)
        processes = []
        for kind in KINDS:
            log = stack.enter_context((folder / f"{kind}.log").open("wb"))
            process = child.spawn([sys.executable, "-m", "inventory", kind], env=environment, stdout=log)
            stack.callback(child.stop, process, grace_seconds=15)
            processes.append((kind, process))
        # All at once, before each is waited for.
        stack.callback(lambda: [process.terminate() for _, process in processes])
        for kind, process in processes:
            well = child.wait_until(
                lambda kind=kind: probes.http_ready(f"{made.pages[kind]}/readyz"),  # type: ignore[misc]
                timeout_seconds=START_SECONDS,
                process=process,
            )
            assert well, (kind, child.tail(folder / f"{kind}.log", 30))
        _work(made)
        yield made


def _environment(fleet: Fleet, mongo_uri: str, redis_url: str, ports: dict[str, int]) -> dict[str, str]:
    entry = {"plugin_id": "plugin-1", "provider": "test", "endpoint": fleet.plugin.endpoint, "versions": ["1.0"]}
    secret = {"secret_id": "secret-1", "provider": "test", "data": {"access_key": SECRET}}
    (fleet.folder / "platform.yaml").write_text(yaml.safe_dump({"plugins": [entry], "secrets": [secret]}))
    name = f"observed_{uuid.uuid4().hex[:8]}"
    values = {
        "MONGO_URI": mongo_uri,
        "MONGO_DATABASE": name,
        "REDIS_URL": redis_url,
        "QUEUE_NAMESPACE": name,
        "STATIC_FILE": fleet.folder / "platform.yaml",
        "DEFAULT_DOMAIN_ID": "domain-1",
        "PORT": ports["grpc"],
        "SERVER_HEALTH_PORT": ports["server"],
        "WORKER_HEALTH_PORT": ports["worker"],
        "SCHEDULER_HEALTH_PORT": ports["scheduler"],
        "GATEWAY_PORT": ports["gateway"],
        "SERVER_PROCESSES": 2,
        "WORKER_PROCESSES": 1,
        "WORKER_THREADS": 2,
        "SWEEP_SECONDS": 1,
        "DRAIN_SECONDS": 5,
        "BATCH_COUNT": 10,
        "TRACING_ENDPOINT": fleet.otlp.endpoint,
    }
    outer = {key: value for key, value in os.environ.items() if not key.startswith(("INVENTORY_", "OTEL_"))}
    # Spans leave soon after they end.
    return outer | {"OTEL_BSP_SCHEDULE_DELAY": "200"} | {f"INVENTORY_{key}": str(each) for key, each in values.items()}


def _work(fleet: Fleet) -> None:
    """Let the processes do what they are there for."""
    plugin_info = {"plugin_id": "plugin-1", "version": "1.0", "provider": "test"}
    collector = fleet.call("collector/create", {"name": "observed", "plugin_info": plugin_info})
    refused = fleet.http.post("/inventory/v1/collector/get", json={"collector_id": "collector-000000000000"})
    assert refused.status_code == 400
    fleet.trace_id, fleet.caller_span = uuid.uuid4().hex, uuid.uuid4().hex[:16]
    fleet.job = fleet.call(
        "collector/collect",
        {"collector_id": collector["collector_id"]},
        traceparent=f"00-{fleet.trace_id}-{fleet.caller_span}-01",
    )

    def ended() -> bool:
        job = fleet.call("job/get", {"job_id": fleet.job["job_id"]})
        return bool(job["status"] not in {"CREATED", "IN_PROGRESS"})

    assert child.wait_until(ended, timeout_seconds=60), child.tail(fleet.folder / "worker.log", 30)
    assert fleet.call("job/get", {"job_id": fleet.job["job_id"]})["status"] == "SUCCESS"
