"""Chooses the MongoDB and Redis that `up` uses: the configured ones, or embedded ones that it runs itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from inventory.devruntime import ports
from inventory.devruntime.child_spec import ChildSpec
from inventory.devruntime.databases.embedded import STOP_GRACE_SECONDS, EmbeddedServer
from inventory.devruntime.databases.mongod import EmbeddedMongod
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from inventory.errors import SettingsError, mongodb_error_name, own_words


@dataclass(frozen=True, kw_only=True)
class Store:
    """One database.

    name: MongoDB or Redis.
    address: its connection string; may contain a password, never print it.
    where: for people: hosts, or the folder of an embedded one.
    child: how to run it; absent if it is not run by `up`.
    """

    name: str
    address: str
    where: str
    child: ChildSpec | None = None

    def __repr__(self) -> str:
        return f"Store(name={self.name!r}, where={self.where!r})"


def pick_mongodb(uri: str, *, data_dir: Path, port: int, timeout_seconds: float) -> Store:
    """Return the MongoDB at ``uri`` or, if that is empty, an embedded one on ``port`` (0: any free one).

    Raises:
        SettingsError: ``uri`` is invalid, does not answer, there is no mongod, or the port is taken.
    """
    if uri:
        return Store(name="MongoDB", address=uri, where=_reach_mongodb(uri, timeout_seconds))
    server = EmbeddedMongod(data_dir / "mongodb", port or ports.free_port(), data_dir / "logs" / "mongod.log")
    return _embedded(server, server.uri, child_name="mongod")


def pick_redis(url: str, *, data_dir: Path, port: int, timeout_seconds: float) -> Store:
    """Return the Redis at ``url`` or, if that is empty, an embedded one; like :func:`pick_mongodb`."""
    if url:
        return Store(name="Redis", address=url, where=_reach_redis(url, timeout_seconds))
    server = EmbeddedRedis(data_dir / "redis", port or ports.free_port(), data_dir / "logs" / "redis.log")
    return _embedded(server, server.url, child_name="redis")


def _embedded(server: EmbeddedServer, address: str, *, child_name: str) -> Store:
    ports.require_free(server.port, purpose=f"the embedded {server.name}", setting=server.port_option)
    run = ChildSpec(
        name=child_name,
        argv=server.argv(),
        healthy=server.is_ready,
        grace_seconds=STOP_GRACE_SECONDS,
        explain=server.explain,
        quiet=True,
    )
    return Store(name=server.name, address=address, where=f"embedded, {ports.LOOPBACK}:{server.port}", child=run)


def _reach_mongodb(uri: str, timeout_seconds: float) -> str:
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri, serverSelectionTimeoutMS=int(timeout_seconds * 1000), connectTimeoutMS=int(timeout_seconds * 1000)
        )
    except (PyMongoError, ValueError) as exc:
        # The driver's own message may contain the connection string with its password.
        raise SettingsError("The MongoDB connection string cannot be read.", field="INVENTORY_MONGO_URI") from exc
    with client:
        try:
            client.admin.command("ping")
        except PyMongoError as exc:
            reason = mongodb_error_name(exc) if isinstance(exc, OperationFailure) else own_words(exc)
            raise SettingsError(
                f"No MongoDB answers within {timeout_seconds:g} s at the configured address "
                f"({reason}). Start it, or unset INVENTORY_MONGO_URI to use an embedded one.",
                field="INVENTORY_MONGO_URI",
            ) from exc
        return ", ".join(f"{host}:{port}" for host, port in sorted(client.nodes)) or "configured"


def _reach_redis(url: str, timeout_seconds: float) -> str:
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=timeout_seconds, socket_timeout=timeout_seconds)
    except ValueError as exc:
        raise SettingsError("The Redis URL cannot be read.", field="INVENTORY_REDIS_URL") from exc
    with client:
        try:
            client.ping()
        except redis.RedisError as exc:
            raise SettingsError(
                f"No Redis answers within {timeout_seconds:g} s at the configured address "
                f"({own_words(exc)}). Start it, or unset INVENTORY_REDIS_URL to use an embedded one.",
                field="INVENTORY_REDIS_URL",
            ) from exc
        known = client.connection_pool.connection_kwargs
        return f"{known.get('host', 'configured')}:{known.get('port', '')}".rstrip(":")
