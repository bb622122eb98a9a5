"""An embedded MongoDB: one mongod as a one-node replica set on loopback."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from inventory.devruntime import child, ports, probes
from inventory.devruntime.databases import binaries
from inventory.errors import SettingsError

REPLICA_SET = "rs0"
CACHE_GIGABYTES = 0.5
START_TIMEOUT_SECONDS = 60.0
STOP_GRACE_SECONDS = 20.0
PROBE_TIMEOUT_MILLISECONDS = 2_000

NOT_YET_INITIALIZED = 94
"""Error code of mongod, from its error_codes.yml."""

LOG_LINES_TO_SEARCH = 60
ERRORS_SHOWN = 4


class EmbeddedMongod:
    """One mongod, its data kept in ``data_dir`` between runs.

    Use it as a context manager, or with ``start`` and ``stop``; or let a supervisor run ``argv`` and ask
    ``is_ready``, which also makes the replica set, so that whoever polls it brings the node to primary.

    Args:
        data_dir: folder of the database files, made if absent. The port may differ from the last run's.
        port: TCP port on 127.0.0.1.
        log_path: file for mongod's own log, appended to.
        program: the mongod to run; found (see :mod:`binaries`) if absent.
    """

    def __init__(self, data_dir: Path, port: int, log_path: Path, *, program: Path | None = None) -> None:
        self.data_dir = Path(data_dir)
        self.port = port
        self.log_path = Path(log_path)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """The connection string, without a database."""
        return f"mongodb://{ports.LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}&directConnection=true"

    @property
    def pid(self) -> int | None:
        """The process id while it runs under ``start``."""
        return None if self._process is None else self._process.pid

    def argv(self) -> list[str]:
        """Make the folders and return the command line.

        Raises:
            SettingsError: no usable mongod, or the folders cannot be made.
        """
        program = self._program or binaries.find_mongod()
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise SettingsError(f"Cannot make {exc.filename}: {exc.strerror}", field="data_dir") from exc
        return [
            str(program),
            *("--dbpath", str(self.data_dir)),
            *("--logpath", str(self.log_path), "--logappend"),
            *("--bind_ip", ports.LOOPBACK, "--port", str(self.port), "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--oplogSize", "256"),
            *("--wiredTigerCacheSizeGB", str(CACHE_GIGABYTES)),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ]

    def start(self, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Start mongod and return once it is primary.

        Raises:
            SettingsError: the port is taken, or mongod ended or was not primary in time (with its last log lines).
        """
        argv = self.argv()
        ports.require_free(self.port, purpose="the embedded MongoDB", setting="--mongo-port")
        self._process = child.spawn(argv)
        if not child.wait_until(self.is_ready, timeout_seconds=timeout_seconds, process=self._process):
            code = self._process.poll()
            self.stop()
            raise SettingsError(
                f"mongod {'is not primary in time' if code is None else f'ended with exit code {code}'}; "
                f"its log ({self.log_path}) says:\n" + "\n".join(self.explain()),
                field="data_dir",
            )

    def stop(self, *, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop mongod cleanly, by force after ``grace_seconds``; nothing happens if it does not run."""
        if self._process is not None:
            child.stop(self._process, grace_seconds=grace_seconds)
            self._process = None

    def explain(self) -> list[str]:
        """Return the errors of its last log lines, or where there are none these lines."""
        lines = child.tail(self.log_path, LOG_LINES_TO_SEARCH)
        return [text for line in lines if (text := _error_in(line))][-ERRORS_SHOWN:] or lines[-ERRORS_SHOWN:]

    def is_ready(self) -> bool:
        """Tell whether the node is a writable primary; make or mend the replica set where it must be."""
        if not probes.listening(ports.LOOPBACK, self.port):
            return False
        client: MongoClient[dict[str, Any]] = MongoClient(
            ports.LOOPBACK,
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=PROBE_TIMEOUT_MILLISECONDS,
            connectTimeoutMS=PROBE_TIMEOUT_MILLISECONDS,
            socketTimeoutMS=PROBE_TIMEOUT_MILLISECONDS * 5,
            heartbeatFrequencyMS=500,
        )
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            self._ensure_replica_set(client)
            return bool(client.admin.command("hello").get("isWritablePrimary"))
        except PyMongoError:
            return False
        finally:
            client.close()

    def _ensure_replica_set(self, client: MongoClient[dict[str, Any]]) -> None:
        host = f"{ports.LOOPBACK}:{self.port}"
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as exc:
            if exc.code != NOT_YET_INITIALIZED:
                raise
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]})
            return
        if [member["host"] for member in config["members"]] != [host]:
            # Another port than last time: the node does not find itself in its own configuration.
            config["members"] = [{"_id": config["members"][0]["_id"], "host": host}]
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _error_in(line: str) -> str:
    """Return what a line of mongod's log says if it is an error (severity E or F of its JSON log format)."""
    try:
        entry = json.loads(line)
        if entry["s"] not in ("E", "F"):
            return ""
        detail = entry.get("attr", {})
        return f"{entry['msg']} {json.dumps(detail) if detail else ''}".strip()
    except (ValueError, KeyError, TypeError):
        return ""
