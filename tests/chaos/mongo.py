"""The MongoDB of a run: one node, or three that fail over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from inventory.devruntime import child, probes
from inventory.devruntime.databases.mongod import REPLICA_SET, EmbeddedMongod
from inventory.devruntime.ports import LOOPBACK
from tests.chaos import stores
from tests.ports import free_port

ELECTION_MS = 2000
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
ASK_MS = 3000
FULL_SECONDS = 8.0
"""How long a node whose disk is full may take to die of it."""
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

    def hang(self) -> str:
        """Stop the primary where it stands (SIGSTOP) until :meth:`release`; return what was stopped."""

    def lock(self) -> str:
        """Let all writes of the primary wait (fsyncLock) until :meth:`release`; return what was locked."""

    def release(self) -> None:
        """End what :meth:`hang` and :meth:`lock` began."""

    def fill(self, choice: float) -> str:
        """Fill the disk of a node, chosen by a share of 1, until it dies of it; return what died."""

    def step_down(self) -> str:
        """Let the primary step down where another can follow; return what was done."""

    def stop(self) -> None:
        """End everything."""


def _same(port: int) -> int:
    return port


class Holds:
    """What hangs or is locked, of nodes given by process id and port."""

    def __init__(self) -> None:
        self._hung: list[int] = []
        self._locked: list[int] = []

    def hang(self, pid: int) -> None:
        """Stop a process where it stands."""
        os.kill(pid, signal.SIGSTOP)
        self._hung.append(pid)

    def lock(self, port: int) -> bool:
        """Let all writes of a node wait; return whether it does."""
        with _direct(port) as client, contextlib.suppress(PyMongoError):
            client.admin.command("fsync", lock=True)
            self._locked.append(port)
            return True
        return False

    def release(self) -> None:
        """Let everything go on; what has died meanwhile needs nothing."""
        while self._hung:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._hung.pop(), signal.SIGCONT)
        while self._locked:
            with _direct(self._locked.pop()) as client, contextlib.suppress(PyMongoError):
                client.admin.command("fsyncUnlock")


class SingleMongo:
    """One node.

    Args:
        program: what to run as mongod; found if absent.
        relayed: from its port to the one by which clients reach it.
    """

    def __init__(
        self, folder: Path, logs: Path, program: Path | None = None, relayed: Callable[[int], int] = _same
    ) -> None:
        self._server = EmbeddedMongod(folder / "mongo", free_port(), logs / "mongod.log", program=program)
        # A direct connection does not ask the node for its address, which is not the relay's.
        self.uri = f"mongodb://{LOOPBACK}:{relayed(self._server.port)}/?replicaSet={REPLICA_SET}&directConnection=true"
        self._holds = Holds()

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
        self.release()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._server.pid, signum)
        self._server.stop()
        return f"the only one, {signum.name}"

    def hang(self) -> str:
        """See the protocol."""
        if not self._server.pid:
            return ""
        self._holds.hang(self._server.pid)
        return "the only one"

    def lock(self) -> str:
        """See the protocol."""
        return "the only one" if self._server.pid and self._holds.lock(self._server.port) else ""

    def release(self) -> None:
        """See the protocol."""
        self._holds.release()

    def fill(self, choice: float) -> str:
        """See the protocol."""
        self.release()
        pid = self._server.pid
        if not pid or not stores.fill_disk(pid):
            return ""
        died = child.wait_until(lambda: _has_died(pid), timeout_seconds=FULL_SECONDS)
        self._server.stop()
        return "the only one, died" if died else "the only one, was stopped"

    def step_down(self) -> str:
        """See the protocol."""
        return ""

    def stop(self) -> None:
        """See the protocol."""
        self._server.stop()


class ReplicaSet:
    """Three nodes. What they call each other, and clients learn from them, are the ports of the relays.

    Args:
        program: what to run as mongod; found if absent.
        relayed: from a node's port to the one by which clients and the other nodes reach it.
    """

    def __init__(
        self,
        folder: Path,
        logs: Path,
        program: Path | None = None,
        relayed: Callable[[int], int] = _same,
        *,
        nodes: int = 3,
    ) -> None:
        self._nodes = [
            EmbeddedMongod(folder / f"mongo-{number}", free_port(), logs / f"mongod-{number}.log", program=program)
            for number in range(nodes)
        ]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * nodes
        self._hosts = [f"{LOOPBACK}:{relayed(node.port)}" for node in self._nodes]
        self.uri = f"mongodb://{','.join(self._hosts)}/?replicaSet={REPLICA_SET}"
        self._holds = Holds()
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
        self.release()
        process.send_signal(signum)
        _end(process)
        return f"node {number}, {signum.name}"

    def hang(self) -> str:
        """See the protocol."""
        number = self._primary()
        if number is None:
            return ""
        self._holds.hang(self._processes[number].pid)  # type: ignore[union-attr]
        return f"node {number}"

    def lock(self) -> str:
        """See the protocol."""
        number = self._primary()
        return f"node {number}" if number is not None and self._holds.lock(self._nodes[number].port) else ""

    def release(self) -> None:
        """See the protocol."""
        self._holds.release()

    def fill(self, choice: float) -> str:
        """See the protocol."""
        number = int(choice * len(self._nodes))
        process = self._processes[number]
        if process is None or process.poll() is not None:
            return ""
        self.release()
        stores.fill_disk(process.pid)
        died = child.wait_until(lambda: process.poll() is not None, timeout_seconds=FULL_SECONDS)
        _end(process)
        return f"node {number}, {'died' if died else 'was stopped'}"

    def _primary(self) -> int | None:
        for number, node in enumerate(self._nodes):
            process = self._processes[number]
            if process is not None and process.poll() is None:
                with _direct(node.port) as client, contextlib.suppress(PyMongoError):
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return number
        return None

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
        members = [{"_id": number, "host": host} for number, host in enumerate(self._hosts)]
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
        return MongoClient(self.uri, serverSelectionTimeoutMS=ASK_MS, socketTimeoutMS=ASK_MS)


def _direct(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        LOOPBACK,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=ASK_MS,
        connectTimeoutMS=ASK_MS,
        socketTimeoutMS=ASK_MS,
    )


def _has_died(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


@contextlib.contextmanager
def transactions_of(uri: str) -> Iterator[Callable[[float], int]]:
    """Give a function that counts the open transactions in which nothing has happened for so many seconds."""
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=ASK_MS, socketTimeoutMS=ASK_MS) as client:

        def idle(seconds: float) -> int:
            inactive = {"transaction.timeInactiveMicros": {"$gte": seconds * 0.8 * 1_000_000}}
            stages = [{"$currentOp": {"allUsers": True, "idleSessions": True}}, {"$match": inactive}]
            with contextlib.suppress(PyMongoError):
                return len(list(client.admin.aggregate(stages)))
            return 0

        yield idle
