"""An embedded MongoDB: one mongod as a one-node replica set on loopback."""

from __future__ import annotations

import json
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from inventory.devruntime import child, ports, probes
from inventory.devruntime.databases import binaries
from inventory.devruntime.databases.embedded import EmbeddedServer

REPLICA_SET = "rs0"
CACHE_GIGABYTES = 0.5
PROBE_TIMEOUT_MILLISECONDS = 2_000

SLOW_MILLISECONDS = 2**31 - 1
"""Operations that take longer are logged with all their values, such as passwords in a collector's options: none."""

NOT_YET_INITIALIZED = 94
"""Error code of mongod, from its error_codes.yml."""

LOG_LINES_TO_SEARCH = 60
ERRORS_SHOWN = 4


class EmbeddedMongod(EmbeddedServer):
    """One mongod. Polling ``is_ready`` also initiates its replica set, which makes the node primary."""

    name = "MongoDB"
    program_name = "mongod"
    port_option = "--mongo-port"

    @property
    def uri(self) -> str:
        """The connection string, without a database."""
        return f"mongodb://{ports.LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}&directConnection=true"

    def _command(self) -> list[str]:
        return [
            str(self._program or binaries.find_mongod()),
            *("--dbpath", str(self.data_dir)),
            *("--logpath", str(self.log_path), "--logappend"),
            *("--bind_ip", ports.LOOPBACK, "--port", str(self.port), "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--oplogSize", "256"),
            *("--wiredTigerCacheSizeGB", str(CACHE_GIGABYTES)),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--slowms", str(SLOW_MILLISECONDS), "--slowOpSampleRate", "0"),
        ]

    def explain(self) -> list[str]:
        """Return the errors among its last log lines, or the last lines if none of them is an error."""
        lines = child.tail(self.log_path, LOG_LINES_TO_SEARCH)
        return [text for line in lines if (text := _error_in(line))][-ERRORS_SHOWN:] or lines[-ERRORS_SHOWN:]

    def is_ready(self) -> bool:
        """Return whether the node is a writable primary; initiate or repair its replica set if necessary."""
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
            # The port has changed since the last run, so the node does not find itself in its configuration.
            config["members"] = [{"_id": config["members"][0]["_id"], "host": host}]
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)


def _error_in(line: str) -> str:
    """Return the text of a line of mongod's JSON log if it is an error (severity E or F), else an empty string."""
    try:
        entry = json.loads(line)
        if entry["s"] not in ("E", "F"):
            return ""
        detail = entry.get("attr", {})
        return f"{entry['msg']} {json.dumps(detail) if detail else ''}".strip()
    except (ValueError, KeyError, TypeError):
        return ""
