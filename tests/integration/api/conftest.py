"""A real server in this process over loopback, on a real mongod; use cases that need plugins are fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from pymongo.database import Database

from inventory.api.app import Server, build_server
from inventory.api.interceptors.authentication import NoAuthentication
from inventory.api.interceptors.authorization import NoAuthorization
from inventory.api.method_handler import Gate
from inventory.api.server import assemble
from inventory.bootstrap import Container
from inventory.domain.clock import Clock, SystemClock
from inventory.domain.rate_limit import RateLimit
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.counts import CountCache
from inventory.manager.job.manager import JobManager
from inventory.manager.job.slices import SliceManager
from inventory.manager.job.task_progress import TaskProgress
from inventory.manager.job.tasks import JobTaskManager
from inventory.manager.reader import Reader
from inventory.model.connection import ping
from inventory.query.schemas import COLLECTOR, JOB, JOB_TASK
from inventory.service.job.manage import CollectorReferences, JobService, JobTaskService
from inventory.settings import Settings
from tests.integration.api.fakes import FakeCollectors, FakeCollects, FakeSchedules
from tests.servers import start_checked

DOMAIN = "domain-one"
T0 = datetime(2026, 1, 5, 12, 0, 0, 195_000, tzinfo=UTC)
PACKAGE = "spaceone.api.inventory.v1"


@dataclass
class FakeContainer:
    """What ``api.catalog.Services`` asks for."""

    clock: Clock
    collector_service: FakeCollectors
    job_service: JobService
    job_task_service: JobTaskService
    platform: Any = None
    counts: CountCache = field(default_factory=CountCache)
    collect: FakeCollects = field(default_factory=FakeCollects)
    schedule_service: FakeSchedules = field(default_factory=FakeSchedules)


@pytest.fixture
def container(database: Database[dict[str, Any]]) -> FakeContainer:
    """The use cases over the test's database."""
    return make_container(database)


def make_container(database: Database[dict[str, Any]]) -> FakeContainer:
    """The use cases over ``database``."""
    clock = SystemClock()

    def reader(schema: Any, *, raw: bool = False) -> Reader:
        return Reader(database=database, collection=schema.collection, schema=schema, timeout_seconds=10, raw=raw)

    slices = SliceManager(database=database, clock=clock)
    tasks = JobTaskManager(database=database, slices=slices, clock=clock)
    collectors = CollectorManager(database=database, timeout_seconds=10)
    return FakeContainer(
        clock=clock,
        collector_service=FakeCollectors(reader(COLLECTOR, raw=True), clock),
        job_service=JobService(
            jobs=JobManager(database=database, tasks=tasks, slices=slices, clock=clock),
            reader=reader(JOB),
            references=CollectorReferences(collectors=collectors, reader=reader(COLLECTOR)),
            clock=clock,
        ),
        job_task_service=JobTaskService(
            tasks=tasks, progress=TaskProgress(database=database), reader=reader(JOB_TASK), clock=clock
        ),
    )


class Client:
    """Calls methods by name with JSON, as grpcurl does."""

    def __init__(self, server: Server) -> None:
        # A connection of its own, so that clients without a token are told apart.
        self.channel = grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)])

    def call(
        self, method: str, request: dict[str, Any] | None = None, *, metadata: Any = (), timeout: float = 60
    ) -> Any:
        """Call ``Service.method`` and return the answer as a dict with the .proto's names."""
        service, _, name = method.rpartition(".")
        full = service if "." in service else f"{PACKAGE}.{service}"
        found = descriptor_pool.Default().FindServiceByName(full).methods_by_name[name]
        domain = {"domain_id": DOMAIN} if "domain_id" in found.input_type.fields_by_name else {}
        message = ParseDict(domain | (request or {}), GetMessageClass(found.input_type)())
        answer = self.raw(full, name)(message.SerializeToString(), metadata=metadata, timeout=timeout)
        return MessageToDict(GetMessageClass(found.output_type).FromString(answer), preserving_proto_field_name=True)

    def raw(self, service: str, name: str) -> Callable[..., bytes]:
        """Return a callable from request bytes to answer bytes."""
        return self.channel.unary_unary(f"/{service}/{name}")


def settings(**values: Any) -> Settings:
    """Settings of a test server; nothing that must work runs out of time on a busy machine."""
    patient = {"host": "127.0.0.1", "server_threads": 4, "drain_seconds": 60, "rpc_queue_seconds": 60}
    return Settings(**patient | values)


def open_gate() -> Gate:
    """Everybody may do everything."""
    return Gate(NoAuthentication(), NoAuthorization(), RateLimit(0, SystemClock()))


@pytest.fixture
def start(database: Database[dict[str, Any]], container: FakeContainer) -> Iterator[Callable[..., Server]]:
    """Starts servers that are stopped with the test."""
    running: list[Server] = []

    def start_server(*, gate: Gate | None = None, check: Callable[[], None] | None = None, **values: Any) -> Server:
        server = build_server(
            settings(**values),
            use_cases=container,
            gate=gate or open_gate(),
            check=check or (lambda: ping(database)),
            port=0,
        )
        start_checked(server)
        running.append(server)
        return server

    yield start_server
    for server in running:
        server.health.drain()
        server.grpc_server.stop(0).wait(10)
        server.health.join(10)


@pytest.fixture
def whole_server(
    database: Database[dict[str, Any]], mongo_uri: str, redis_url: str, tmp_path: Path
) -> Iterator[Server]:
    """The server as production has it, on the test's database, with no plugins and no secrets."""
    static = tmp_path / "static.yaml"
    static.write_text("plugins: []\nsecrets: []\n")
    container = Container(settings(mongo_uri=mongo_uri, redis_url=redis_url, static_file=static))
    container.__dict__["database"] = database
    server = assemble(container, port=0)
    start_checked(server)
    yield server
    server.health.drain()
    server.grpc_server.stop(0).wait(10)
    server.health.join(10)
    container.queue.close()


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    """A server without authentication."""
    return start()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of ``server``."""
    made = Client(server)
    yield made
    made.channel.close()


def collector(number: int = 0, **values: Any) -> dict[str, Any]:
    """A stored collector."""
    return {
        "collector_id": f"collector-{number:012x}",
        "name": f"Collector {number:03d}",
        "state": "ENABLED",
        "provider": "aws",
        "capability": {"supported_schema": ["aws_access_key"]},
        "plugin_info": {
            "plugin_id": "plugin-30d21ef75a5d",
            "version": "1.13.13",
            "options": {"regions": ["us-east-1"], "depth": 3, "ratio": 0.5, "none": None},
            "metadata": {"supported_features": ["garbage_collection"]},
            "provider": "aws",
            "upgrade_mode": "AUTO",
        },
        "priority": 10,
        "tags": {"type": "test"},
        "is_public": True,
        "domain_id": DOMAIN,
        "created_at": T0 + timedelta(seconds=number),
        **values,
    }


def job(number: int = 0, **values: Any) -> dict[str, Any]:
    """A stored job of collector 0."""
    return {
        "job_id": f"job-{number:012x}",
        "status": "IN_PROGRESS",
        "filter": {},
        "collect_mode": "ALL",
        "total_tasks": 2,
        "remained_tasks": 1,
        "errors": [{"error_code": "ERROR_X", "message": "went wrong", "additional": {"a": 1}}],
        "collector_id": "collector-000000000000",
        "projects": ["project-a"],
        "planned": True,
        "domain_id": DOMAIN,
        "created_at": T0 + timedelta(seconds=number),
        "updated_at": T0 + timedelta(seconds=number),
        **values,
    }


def job_task(number: int = 0, **values: Any) -> dict[str, Any]:
    """A stored task of job 0."""
    return {
        "job_task_id": f"job_task-{number:012x}",
        "status": "IN_PROGRESS",
        "created_count": 3,
        "errors": [],
        "job_id": "job-000000000000",
        "collector_id": "collector-000000000000",
        "secret_id": f"secret-{number}",
        "project_id": "project-a",
        "domain_id": DOMAIN,
        "created_at": T0 + timedelta(seconds=number),
        "started_at": T0,
        **values,
    }
