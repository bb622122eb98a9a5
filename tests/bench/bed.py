"""What is measured: real stores, the real processes, and a collector plugin, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
import yaml
from pymongo import MongoClient
from pymongo.database import Database

from inventory.devruntime import child, probes
from inventory.devruntime.databases.mongod import CACHE_GIGABYTES, EmbeddedMongod
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from inventory.devruntime.ports import free_port
from inventory.model import connection
from inventory.model.indexes import build_indexes

Document = dict[str, Any]

DATABASE = "bench"
PLUGIN = "plugin-bench"
VERSION = "1.0"
PROVIDER = "aws"
MANY_PROVIDER = "many"
"""Provider of the many secrets that the fan-out collects with; the provider ``PROVIDER`` has one secret."""
GROUPS = (50, 500, 1_000)
"""Sizes of the secret groups: ``group-50`` holds the first 50 of the many secrets, and so on."""
START_SECONDS = 60.0
MEMORY_FOLDER = Path("/dev/shm")
MEMORY_WANTED_BYTES = 4 * 1024**3
CACHE_BYTES_OF_A_RESOURCE = 6 * 1024
"""What MongoDB needs to keep a resource of 2 KB, its state, its record and their index entries in its cache."""
CACHE_SHARE = 0.25
"""Of the memory that is free, at most, for that cache."""
ROOT = Path(__file__).parents[2]
KEPT_LOGS = ROOT / "bench-results" / "logs"
"""Where the processes' logs are kept when a measurement fails."""


@dataclass
class Process:
    """One started process.

    Attributes:
        started_seconds: from its start until it was healthy, s.
        port: of its health pages, or of the gateway; 0: not told.
    """

    name: str
    popen: subprocess.Popen[bytes]
    started_seconds: float = 0.0
    port: int = 0
    _before: float = field(default=0.0, repr=False)

    def family(self) -> list[psutil.Process]:
        """Return it and all below it."""
        with contextlib.suppress(psutil.Error):
            whole = psutil.Process(self.popen.pid)
            return [whole, *whole.children(recursive=True)]
        return []

    def memory_mib(self) -> list[float]:
        """Return the resident memory of each process of the family that does something, MiB."""
        found = []
        for each in self.family():
            with contextlib.suppress(psutil.Error):
                if "resource_tracker" not in " ".join(each.cmdline()):
                    found.append(round(each.memory_info().rss / 1024**2, 1))
        return found

    def cpu_seconds(self) -> float:
        """Return the CPU time that the family has used, s."""
        total = 0.0
        for each in self.family():
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                total += times.user + times.system
        return total

    def stop(self) -> None:
        """End it."""
        child.stop(self.popen, grace_seconds=10)


class Bed:
    """Stores and processes; a context manager."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.in_memory = MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_WANTED_BYTES

    def __enter__(self) -> Self:
        memory = MEMORY_FOLDER if self.in_memory else None
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="inventory-bench-", dir=memory))
        self.folder = Path(folder)
        self.mongod = self._stack.enter_context(
            EmbeddedMongod(self.folder / "mongod", free_port(), self.folder / "mongod.log")
        )
        self.redis = self._stack.enter_context(
            EmbeddedRedis(self.folder / "redis", free_port(), self.folder / "redis.log")
        )
        self.client: MongoClient[Document] = self._stack.enter_context(MongoClient(self.mongod.uri, tz_aware=True))
        self.plugin_port = free_port()
        self.platform = self.folder / "platform.yaml"
        self.write_platform(secrets=0)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            KEPT_LOGS.mkdir(parents=True, exist_ok=True)
            for log in self.folder.glob("*.log"):
                shutil.copy(log, KEPT_LOGS)
        self._stack.close()

    def make_room(self, resources: int) -> None:
        """Let MongoDB's cache grow with so many resources, as anybody would; by default it is for a small machine."""
        wanted = min(resources * CACHE_BYTES_OF_A_RESOURCE, int(psutil.virtual_memory().available * CACHE_SHARE))
        if wanted > CACHE_GIGABYTES * 1024**3:
            size = f"cache_size={wanted // 1024**2}M"
            self.client.admin.command("setParameter", 1, wiredTigerEngineRuntimeConfig=size)

    def write_platform(self, *, secrets: int) -> None:
        """Write the platform file: a plugin, the one secret of ``PROVIDER``, and ``secrets`` of ``MANY_PROVIDER``."""
        entries: list[Document] = [{"secret_id": "secret-one", "provider": PROVIDER, "data": {"key": "of-the-one"}}]
        fixed = {"provider": MANY_PROVIDER}
        entries += [
            {**fixed, "secret_id": f"secret-{number:04}", "groups": _groups(number), "data": {"n": number}}
            for number in range(secrets)
        ]
        plugin = {
            "plugin_id": PLUGIN,
            "provider": PROVIDER,
            "capability": {"supported_schema": ["aws_access_key"]},
            "versions": {VERSION: self.plugin_endpoint},
        }
        # Replaced as a whole, it is read at the next use; written in place, only once it is left alone.
        staged = self.platform.with_suffix(".new")
        staged.write_text(yaml.safe_dump({"plugins": [plugin], "secrets": entries}))
        staged.replace(self.platform)

    @property
    def plugin_endpoint(self) -> str:
        """Where the plugin listens once it was started."""
        return f"grpc://127.0.0.1:{self.plugin_port}"

    @property
    def mongod_pid(self) -> int:
        """The process id of MongoDB."""
        assert self.mongod.pid is not None
        return self.mongod.pid

    def store_memory(self) -> dict[str, float]:
        """Return the resident memory of MongoDB and Redis, MiB."""
        pids = {"mongod_mib": self.mongod.pid, "redis_mib": self.redis.pid}
        return {
            name: round(psutil.Process(pid).memory_info().rss / 1024**2, 1)
            for name, pid in pids.items()
            if pid is not None
        }

    @contextlib.contextmanager
    def database(self, name: str = DATABASE) -> Iterator[Database[Document]]:
        """Give an empty database with all indexes; dropped afterwards."""
        database = connection.connect(uri=self.mongod.uri, database=name, timeout_seconds=10)
        try:
            build_indexes(database)
            yield database
        finally:
            database.client.drop_database(name)
            connection.disconnect()

    def environment(self, **settings: object) -> dict[str, str]:
        """Return the environment of a process of the service."""
        values: Mapping[str, object] = {
            "MONGO_URI": self.mongod.uri,
            "MONGO_DATABASE": DATABASE,
            "REDIS_URL": self.redis.url,
            "QUEUE_NAMESPACE": DATABASE,
            "STATIC_FILE": self.platform,
            "DRAIN_SECONDS": 3,
            **settings,
        }
        outer = {name: value for name, value in os.environ.items() if not name.startswith("INVENTORY_")}
        return outer | {f"INVENTORY_{name}": str(value) for name, value in values.items()}

    @contextlib.contextmanager
    def run(self, name: str, argv: list[str], healthy: Callable[[], bool], **settings: object) -> Iterator[Process]:
        """Run ``python -m <argv>`` with the service's settings, and more of them, until the end of the block."""
        began = time.perf_counter()
        with (self.folder / f"{name}.log").open("ab") as log:
            popen = child.spawn([sys.executable, "-m", *argv], env=self.environment(**settings), stdout=log, cwd=ROOT)
        process = Process(name, popen)
        try:
            if not child.wait_until(healthy, timeout_seconds=START_SECONDS, process=popen):
                lines = child.tail(self.folder / f"{name}.log", 20)
                raise RuntimeError(f"{name} did not become healthy:\n" + "\n".join(lines))
            process.started_seconds = time.perf_counter() - began
            yield process
        finally:
            process.stop()

    @contextlib.contextmanager
    def plugin(self) -> Iterator[Process]:
        """Run the collector plugin."""
        argv = ["tests.bench.plugin", str(self.plugin_port)]
        with self.run("plugin", argv, lambda: probes.listening("127.0.0.1", self.plugin_port)) as process:
            yield process

    @contextlib.contextmanager
    def server(self, **settings: object) -> Iterator[tuple[Process, str]]:
        """Run ``inventory server`` and give its address, too."""
        address = f"127.0.0.1:{free_port()}"
        port = address.rpartition(":")[2]
        with self.run(
            "server", ["inventory", "server"], lambda: probes.grpc_serving(address), PORT=port, **settings
        ) as process:
            yield process, address

    @contextlib.contextmanager
    def healthy(self, kind: str, **settings: object) -> Iterator[Process]:
        """Run ``inventory worker``, ``scheduler`` or ``gateway``, which tell their health by HTTP."""
        port = free_port()
        name = "GATEWAY_PORT" if kind == "gateway" else f"{kind.upper()}_HEALTH_PORT"
        page = f"http://127.0.0.1:{port}/readyz"
        with self.run(
            kind, ["inventory", kind], lambda: probes.http_ready(page), **{name: port}, **settings
        ) as process:
            process.port = port
            yield process


def _groups(number: int) -> list[str]:
    return [f"group-{size}" for size in GROUPS if number < size]
