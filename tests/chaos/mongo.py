"""The MongoDB of a run: one node, or three that fail over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Protocol

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from inventory.devruntime import child, probes
from inventory.devruntime.mongod import REPLICA_SET, EmbeddedMongod
from inventory.devruntime.ports import LOOPBACK, free_port

ELECTION_MS = 2000
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
_PRIMARY, _SECONDARY = 1, 2


class Mongo(Protocol):
    """What the fleet and its faults need."""

    uri: str

    def pids(self) -> set[int]:
        """Return the processes that run."""

    def start(self) -> None:
        """Start what does not run; return once there is a primary."""

    def take(self, choice: float, signum: signal.Signals) -> str:
        """End a node, chosen by a share of 1, with ``signum``; return what was ended."""

    def step_down(self) -> str:
        """Let the primary step down where another can follow; return what was done."""

    def stop(self) -> None:
        """End everything."""


class SingleMongo:
    """One node."""

    def __init__(self, folder: Path, logs: Path) -> None:
        self._server = EmbeddedMongod(folder / "mongo", free_port(), logs / "mongod.log")
        self.uri = self._server.uri

    def pids(self) -> set[int]:
        """See the protocol."""
        return {self._server.pid} if self._server.pid else set()

    def start(self) -> None:
        """See the protocol."""
        if not self._server.pid:
            self._server.start()

    def take(self, choice: float, signum: signal.Signals) -> str:
        """See the protocol."""
        if not self._server.pid:
            return ""
        os.kill(self._server.pid, signum)
        self._server.stop()
        return f"the only one, {signum.name}"

    def step_down(self) -> str:
        """See the protocol."""
        return ""

    def stop(self) -> None:
        """See the protocol."""
        self._server.stop()


class ReplicaSet:
    """Three nodes."""

    def __init__(self, folder: Path, logs: Path, *, nodes: int = 3) -> None:
        self._nodes = [
            EmbeddedMongod(folder / f"mongo-{number}", free_port(), logs / f"mongod-{number}.log")
            for number in range(nodes)
        ]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * nodes
        hosts = ",".join(f"{LOOPBACK}:{node.port}" for node in self._nodes)
        self.uri = f"mongodb://{hosts}/?replicaSet={REPLICA_SET}"
        self._initiated = False

    def pids(self) -> set[int]:
        """See the protocol."""
        return {process.pid for process in self._processes if process is not None and process.poll() is None}

    def start(self) -> None:
        """See the protocol."""
        for number, node in enumerate(self._nodes):
            process = self._processes[number]
            if process is None or process.poll() is not None:
                self._processes[number] = child.spawn(node.argv())
        if not self._initiated:
            self._initiate()
            assert child.wait_until(self._all_follow, timeout_seconds=READY_SECONDS), "no replica set in time"

    def take(self, choice: float, signum: signal.Signals) -> str:
        """See the protocol."""
        number = int(choice * len(self._nodes))
        process = self._processes[number]
        if process is None or process.poll() is not None:
            return ""
        process.send_signal(signum)
        process.wait(STOP_SECONDS)
        return f"node {number}, {signum.name}"

    def step_down(self) -> str:
        """See the protocol."""
        with self._client() as client, contextlib.suppress(PyMongoError):
            client.admin.command("ping")
            primary = client.primary
            # The connection breaks off: that is its success.
            client.admin.command("replSetStepDown", 4, secondaryCatchUpPeriodSecs=1, force=True)
            return f"primary {primary}"
        return "the primary"

    def stop(self) -> None:
        """See the protocol."""
        # By force: what is left of a majority would wait for the others, and nobody needs the data.
        for process in self._processes:
            if process is not None:
                child.send(process, signal.SIGKILL)
                process.wait(STOP_SECONDS)

    def _initiate(self) -> None:
        for node in self._nodes:
            listening = child.wait_until(
                lambda node=node: probes.listening(LOOPBACK, node.port), timeout_seconds=READY_SECONDS
            )
            assert listening, f"mongod does not listen, see {node.log_path}"
        members = [{"_id": number, "host": f"{LOOPBACK}:{node.port}"} for number, node in enumerate(self._nodes)]
        config = {"_id": REPLICA_SET, "members": members, "settings": {"electionTimeoutMillis": ELECTION_MS}}
        with MongoClient[dict[str, Any]](LOOPBACK, self._nodes[0].port, directConnection=True) as client:
            client.admin.command("replSetInitiate", config)
        self._initiated = True

    def _all_follow(self) -> bool:
        with self._client() as client, contextlib.suppress(PyMongoError):
            states = [member["state"] for member in client.admin.command("replSetGetStatus")["members"]]
            return states.count(_PRIMARY) == 1 and states.count(_SECONDARY) == len(states) - 1
        return False

    def _client(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.uri, serverSelectionTimeoutMS=3000)
