"""The processes of a run, and their supervisor: what dies is started again after a moment."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml
from pymongo import MongoClient

from inventory.devruntime import child, probes
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from tests.chaos import stores
from tests.chaos.mongo import Mongo, ReplicaSet, SingleMongo
from tests.chaos.relay import Network, Relay
from tests.chaos.world import DOMAIN, PLAIN, PLUGINS, SLICED, World
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
MARK = "CHAOS_RUN"
"""Environment variable that all processes of a run inherit, so that none is overlooked."""
RESTART_SECONDS = 0.5
CLOCK_OFFSETS = (300.0, -300.0, 90.0, -45.0, 0.0)
"""How wrong the clocks of the service's processes are, in turn, s."""
NAMESPACE = "chaos"
DATABASE = "chaos"
MEMORY_FOLDER = Path("/dev/shm")
START_SECONDS = 180.0
STOP_SECONDS = 90.0
"""How long all together may take to end: many at once on a busy machine."""


@dataclass
class Service:
    """One supervised process of the service.

    Attributes:
        kind: server, worker, scheduler or plugin.
        live_page: the address at which it says that it lives; empty: none.
        starts: how often it was started.
    """

    name: str
    kind: str
    argv: Sequence[str]
    env: Mapping[str, str]
    logs: Path
    healthy: Callable[[], bool]
    live_page: str = ""
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    restart_at: float = 0.0

    def start(self) -> None:
        """Start it, with a log of its own for each start."""
        self.starts += 1
        with self.log_path.open("wb") as log:
            self.process = child.spawn(self.argv, env=self.env, stdout=log, cwd=ROOT)

    @property
    def log_path(self) -> Path:
        """The log of its last start."""
        return self.logs / f"{self.name}.{self.starts:03}.log"

    def end(self) -> None:
        """Stop it, and start it no more."""
        if self.process is not None:
            child.stop(self.process, grace_seconds=15)
            self.process = None

    def tend(self) -> None:
        """Start it again, a moment after it died."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if not self.restart_at:
            self.restart_at = now + RESTART_SECONDS
        elif now >= self.restart_at:
            self.restart_at = 0.0
            self.start()

    def is_running(self) -> bool:
        """Tell whether its first process lives."""
        return self.process is not None and self.process.poll() is None

    def is_alive(self) -> bool:
        """Tell whether it says so."""
        return self.is_running() and probes.http_ready(self.live_page)

    def children(self) -> list[psutil.Process]:
        """Return the processes below it that do the work."""
        if self.process is None:
            return []
        with contextlib.suppress(psutil.Error):
            found = psutil.Process(self.process.pid).children()
            return [each for each in found if "resource_tracker" not in " ".join(each.cmdline())]
        return []


@dataclass(frozen=True, slots=True)
class Size:
    """How many of which process, and what the service is told.

    Attributes:
        settings: more than :data:`SETTINGS`, or other values.
        failover: whether MongoDB is a replica set of three.
        endpoints: of the plugins, where the caller runs them; else they are a process of the fleet.
        network: whether there are relays before MongoDB, Redis and the plugins, and disks that can be filled.
    """

    servers: int = 1
    workers: int = 2
    schedulers: int = 2
    settings: Mapping[str, object] = field(default_factory=dict)
    failover: bool = False
    endpoints: Mapping[str, str] | None = None
    network: bool = False


SETTINGS: Mapping[str, object] = {
    "LEASE_SECONDS": 3,
    "HEARTBEAT_SECONDS": 0.5,
    "SWEEP_SECONDS": 1,
    "TICK_SECONDS": 0.5,
    "RETRY_BACKOFF_SECONDS": 0.5,
    "DRAIN_SECONDS": 4,
    "BATCH_SECONDS": 0.2,
    "BATCH_COUNT": 10,
    # Far more kills hit a slice here than three: a job that fails for it would hide one that fails for a defect.
    "MAX_ATTEMPTS": 40,
    "PLATFORM_TIMEOUT_SECONDS": 0.5,
    "PLUGIN_INIT_TIMEOUT_SECONDS": 3,
    "CHANGE_TIMEOUT_SECONDS": 3,
    "MONGO_TIMEOUT_SECONDS": 3,
    "WORKER_PROCESSES": 1,
    "WORKER_THREADS": 6,
    "SERVER_PROCESSES": 1,
}


class Fleet:
    """Everything that runs. Belongs to one thread, which must outlive it: its end ends the processes.

    Args:
        world: what the plugins have.
        size: how much of what runs.
        folder: for logs and the platform file; the databases lie in memory where there is any.
    """

    def __init__(self, world: World, size: Size, folder: Path) -> None:
        self.folder = folder
        self.truth = folder / "truth.jsonl"
        """See :mod:`tests.chaos.truth`."""
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.run_id = uuid.uuid4().hex
        memory = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
        self.data = Path(tempfile.mkdtemp(prefix="inventory-chaos-", dir=memory))
        os.environ[MARK] = self.run_id
        make = ReplicaSet if size.failover else SingleMongo
        self.network = Network() if size.network else None
        self.relays: dict[str, list[Relay]] = defaultdict(list)
        mongod, redis_server = stores.programs(folder) if size.network else (None, None)
        self.mongod: Mongo = make(self.data, self.logs, mongod, lambda port: self._relayed("mongo", port))
        self.redis = EmbeddedRedis(self.data / "redis", free_port(), self.logs / "redis.log", program=redis_server)
        self._redis_port = self._relayed("redis", self.redis.port)
        self.ports = {plugin_id: free_port() for plugin_id in PLUGINS}
        self.world = world
        self.targets: list[str] = []
        self.lacking: dict[str, frozenset[str]] = {}
        """By the target of a server: methods that it does not have, since it is of an earlier version."""
        platform = folder / "platform.yaml"
        own = {plugin_id: f"grpc://127.0.0.1:{self._relayed('plugin', port)}" for plugin_id, port in self.ports.items()}
        endpoints = size.endpoints or own
        platform.write_text(yaml.safe_dump(world.platform(endpoints)))
        self._env = self._environment(platform, size)
        self._offsets = itertools.cycle(CLOCK_OFFSETS)
        self.services = self._services(size)

    def _relayed(self, far_end: str, port: int) -> int:
        """Return the port by which the processes reach what listens on ``port``."""
        if self.network is None:
            return port
        self.relays[far_end].append(self.network.relay_to(port))
        return self.relays[far_end][-1].port

    def _environment(self, platform: Path, size: Size) -> dict[str, str]:
        values = {
            "MONGO_URI": self.mongod.uri,
            "MONGO_DATABASE": DATABASE,
            "REDIS_URL": f"redis://127.0.0.1:{self._redis_port}/0",
            "QUEUE_NAMESPACE": NAMESPACE,
            "STATIC_FILE": platform,
            "DEFAULT_DOMAIN_ID": DOMAIN,
            **SETTINGS,
            **size.settings,
        }
        outer = {name: value for name, value in os.environ.items() if not name.startswith("INVENTORY_")}
        return outer | {f"INVENTORY_{name}": str(value) for name, value in values.items()}

    def _services(self, size: Size) -> list[Service]:
        services = [] if size.endpoints else [self._plugin()]
        for number in range(size.servers):
            port = free_port()
            target = f"127.0.0.1:{port}"
            self.targets.append(target)
            services.append(
                self._service("server", number, {"PORT": port}, lambda target=target: probes.grpc_serving(target))
            )
        for kind, count in (("worker", size.workers), ("scheduler", size.schedulers)):
            for number in range(count):
                port = free_port()
                page = f"http://127.0.0.1:{port}/"
                env = {f"{kind.upper()}_HEALTH_PORT": port}
                services.append(self._service(kind, number, env, lambda page=page: probes.http_ready(f"{page}readyz")))
                services[-1].live_page = f"{page}livez"
        return services

    def _plugin(self) -> Service:
        ports = [self.ports[PLAIN], self.ports[SLICED]]
        argv = (sys.executable, "-m", "tests.chaos.plugin_process", *map(str, ports), str(self.truth))
        return Service(
            name="plugin",
            kind="plugin",
            argv=argv,
            env=self._env,
            logs=self.logs,
            healthy=lambda: all(probes.listening("127.0.0.1", port) for port in ports),
        )

    def _service(self, kind: str, number: int, env: Mapping[str, object], healthy: Callable[[], bool]) -> Service:
        values = {"CLOCK_OFFSET_SECONDS": next(self._offsets), **env}
        return Service(
            name=f"{kind}-{number}",
            kind=kind,
            argv=(sys.executable, "-m", "inventory", kind),
            env=self._env | {f"INVENTORY_{name}": str(value) for name, value in values.items()},
            logs=self.logs,
            healthy=healthy,
        )

    def of(self, kind: str) -> list[Service]:
        """Return the services of a kind."""
        return [service for service in self.services if service.kind == kind]

    def start(self) -> None:
        """Start everything and return once all are healthy."""
        self.start_stores()
        for service in self.services:
            service.start()
        self.await_health(START_SECONDS)

    def start_stores(self) -> None:
        """Start MongoDB and Redis."""
        self.mongod.start()
        self.redis.start()

    def tend(self) -> None:
        """Start again what died; call it often."""
        for service in self.services:
            service.tend()

    def await_health(self, seconds: float = START_SECONDS) -> None:
        """Return once all that was started is healthy. Raises ``AssertionError`` after ``seconds``."""
        deadline = time.monotonic() + seconds
        ill = [service for service in self.services if service.process is not None]
        while ill:
            self.tend()
            ill = [service for service in ill if not (service.is_running() and service.healthy())]
            assert time.monotonic() < deadline, f"not healthy within {seconds:g} s: {[each.name for each in ill]}"
            time.sleep(0.1)

    def client(self) -> MongoClient[dict[str, Any]]:
        """Return a client of the MongoDB of the run."""
        return MongoClient(self.mongod.uri, tz_aware=True, serverSelectionTimeoutMS=30_000, socketTimeoutMS=30_000)

    def processes(self) -> list[psutil.Process]:
        """Return all processes of the run but this one, however they came to be."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get(MARK) == self.run_id:
                    found.append(process)
        return [each for each in found if each.status() != psutil.STATUS_ZOMBIE]

    def orphans(self) -> list[str]:
        """Return what runs without one of the supervised processes above it."""
        roots = {service.process.pid for service in self.services if service.process}
        roots |= self._stores()
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                if not roots & {process.pid, *(parent.pid for parent in process.parents())}:
                    found.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
        return found

    def _stores(self) -> set[int]:
        return self.mongod.pids() | ({self.redis.pid} if self.redis.pid else set())

    def stop(self) -> list[str]:
        """Stop everything, and return what did not end, which is then killed."""
        for service in self.services:
            if service.is_running():
                child.send(service.process, signal.SIGCONT)
                service.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for service in self.services:
            if service.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    service.process.wait(max(deadline - time.monotonic(), 0.1))
        if self.network is not None:
            self.network.stop()
        left = [service.name for service in self.services if service.is_running()]
        own = self._stores()
        child.wait_until(lambda: all(each.pid in own for each in self.processes()), timeout_seconds=30)
        for process in self.processes():
            if process.pid not in own:
                with contextlib.suppress(psutil.Error):
                    left.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
                    process.kill()
        self.mongod.stop()
        self.redis.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        os.environ.pop(MARK, None)
        return left
