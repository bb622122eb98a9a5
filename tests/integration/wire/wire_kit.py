"""The whole service in one process: the real server over loopback, the real container, and a worker's threads."""

from __future__ import annotations

import dataclasses
import json
import os
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import grpc
import yaml

from inventory.api.app import Server, build_server
from inventory.api.gate import make_gate
from inventory.bootstrap import Container
from inventory.domain.clock import SystemClock
from inventory.model import connection
from inventory.model.indexes import build_indexes
from inventory.settings import Settings
from inventory.worker.heartbeat import Heartbeat
from inventory.worker.wiring import ContainerParts
from tests.integration.wire.client import KEY, Client, Json
from tests.servers import start_checked


class Wire:
    """The service, with one database and one queue, until ``close``.

    Args:
        mongo_uri, redis_url: the stores.
        folder: for the platform file and the keys.
        overrides: settings other than the usual ones.
    """

    def __init__(self, mongo_uri: str, redis_url: str, folder: Path, **overrides: Any) -> None:
        self.platform_file = folder / "platform.yaml"
        self.write_platform({})
        jwks_file = folder / "jwks.json"
        jwks_file.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
        name = f"wire_{uuid.uuid4().hex[:12]}"
        usual = Settings(
            mongo_uri=mongo_uri,  # type: ignore[arg-type]
            mongo_database=name,
            redis_url=redis_url,  # type: ignore[arg-type]
            queue_namespace=name,
            static_file=self.platform_file,
            jwks_file=jwks_file,
            drain_seconds=5,
            batch_seconds=0.05,
            heartbeat_seconds=0.2,
            max_attempts=1,  # what fails is told at once; trying again is a matter of the workers' own tests
            worker_threads=2,
            plugin_init_timeout_seconds=60,
            platform_timeout_seconds=30,
            mongo_timeout_seconds=30,
            disconnect_grace_seconds=0,
        )
        self.settings = usual.model_copy(update=overrides)
        connection.disconnect()
        self.container = Container(self.settings)
        self.database = self.container.database
        build_indexes(self.database)
        self._collections = sorted(self.database.list_collection_names())
        self._dumped_hashes: dict[str, str] = {}
        self._dumps: dict[str, dict[str, list[Json]]] = {}
        self._servers: list[Server] = []
        self._channels: list[grpc.Channel] = []
        self._works = False
        self._parts = ContainerParts(self.container)
        self._heartbeat = Heartbeat(running=self._parts.running, period_seconds=0.2, clock=SystemClock())

    def start_worker(self) -> Self:
        """Begin to collect."""
        self._works = True
        self._heartbeat.start()
        self._parts.consumer.start()
        return self

    def serve(
        self,
        container: Container | None = None,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        **overrides: Any,
    ) -> grpc.Channel:
        """Start a server with further settings and return a channel to it, over TLS with ``credentials``."""
        container = container or self.container
        settings = self.settings.model_copy(update=overrides)
        server = build_server(
            settings,
            use_cases=container,
            gate=make_gate(settings, container),
            check=lambda: connection.ping(container.database),
            port=0,
        )
        start_checked(server)
        self._servers.append(server)
        if credentials is None:
            channel = grpc.insecure_channel(server.address, [("grpc.max_receive_message_length", -1)])
        else:
            channel = grpc.secure_channel(server.address, credentials)
        self._channels.append(channel)
        return channel

    @property
    def address(self) -> str:
        """Where the first server listens."""
        return self._servers[0].address

    @property
    def address_of_newest(self) -> str:
        """Where the server that was started last listens."""
        return self._servers[-1].address

    def write_platform(self, content: Mapping[str, Any]) -> None:
        """Replace the platform file by a new one, so that the next use reads it again."""
        self.platform = dict(content)
        staged = self.platform_file.with_suffix(".new")
        staged.write_text(yaml.safe_dump(self.platform), encoding="utf-8")
        staged.chmod(0o600)
        long_ago = time.time() - 60
        os.utime(staged, (long_ago, long_ago))  # it may get the number of one that was replaced before
        staged.replace(self.platform_file)

    def add_platform(self, **sections: Iterable[Json]) -> None:
        """Add entries to the platform file."""
        added = {name: [*self.platform.get(name, []), *entries] for name, entries in sections.items()}
        self.write_platform({**self.platform, **added})

    def dump(self, domain_id: str) -> dict[str, list[Json]]:
        """Return all that is stored of a domain, by collection.

        It is read anew only where something has changed since: many tests compare before and after.
        """
        hashes = self.database.command("dbHash", collections=self._collections)["collections"]
        if hashes != self._dumped_hashes:
            self._dumped_hashes, self._dumps = hashes, {}
        if domain_id not in self._dumps:
            self._dumps[domain_id] = {
                name: list(self.database[name].find({"domain_id": domain_id}).sort("_id", 1))
                for name in self._collections
            }
        return {name: list(documents) for name, documents in self._dumps[domain_id].items()}

    def close(self) -> None:
        """Stop everything and drop the database."""
        for channel in self._channels:
            channel.close()
        for server in self._servers:
            server.health.drain()
            server.grpc_server.stop(0).wait(10)
            server.health.join(10)
        if self._works:
            self._parts.consumer.stop(10)
            self._heartbeat.stop()
        self.database.client.drop_database(self.database.name)
        self.container.close()


@dataclass(frozen=True)
class Home:
    """A domain of its own with one plugin and some secrets.

    Attributes:
        client: calls in the domain.
        plugin_id: of the plugin, which only this domain has.
        secret_ids: of its secrets.
        provider: of plugin and secrets.
    """

    client: Client
    domain_id: str
    plugin_id: str
    secret_ids: tuple[str, ...]
    provider: str = "aws"

    def create(self, plugin_info: Mapping[str, Any] | None = None, **fields: Any) -> Json:
        """Return a new collector."""
        info = {"plugin_id": self.plugin_id, "version": "1.0", "provider": self.provider, "upgrade_mode": "MANUAL"}
        return self.client.call(
            "Collector.create", {"name": "mine", "plugin_info": info | dict(plugin_info or {})} | fields
        )

    def collect(self, collector: Json, **fields: Any) -> Json:
        """Return a new job of the collector."""
        return self.client.call("Collector.collect", {"collector_id": collector["collector_id"], **fields})

    def with_client(self, client: Client) -> Home:
        """Return the same domain, called otherwise."""
        return dataclasses.replace(self, client=client)


def make_home(
    wire: Wire, channel: grpc.Channel, endpoint: str, *, secrets: int = 1, versions: Iterable[str] = ("1.0",)
) -> Home:
    """Add a domain with one plugin at ``endpoint`` and ``secrets`` secrets to the platform."""
    tag = uuid.uuid4().hex[:8]
    domain_id = f"domain-{tag}"
    secret_ids = tuple(f"secret-{tag}-{number}" for number in range(secrets))
    fixed = {"domain_id": domain_id, "provider": "aws"}
    wire.add_platform(
        plugins=[
            {
                **fixed,
                "plugin_id": f"plugin-{tag}",
                "capability": {"supported_schema": ["aws_access_key"]},
                "versions": dict.fromkeys(versions, endpoint),
            }
        ],
        secrets=[
            {**fixed, "secret_id": secret_id, "data": {"key": f"very-secret-value-of-{secret_id}"}}
            for secret_id in secret_ids
        ],
    )
    return Home(Client(channel, domain_id), domain_id, f"plugin-{tag}", secret_ids)
