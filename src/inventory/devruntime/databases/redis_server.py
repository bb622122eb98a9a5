"""An embedded Redis: one redis-server on loopback with persistent data."""

from __future__ import annotations

import redis

from inventory.devruntime import ports
from inventory.devruntime.databases import binaries
from inventory.devruntime.databases.embedded import EmbeddedServer

PROBE_TIMEOUT_SECONDS = 2.0


class EmbeddedRedis(EmbeddedServer):
    """One redis-server with an append-only file, so that a restart loses no queued message."""

    name = "Redis"
    program_name = "redis-server"
    port_option = "--redis-port"

    @property
    def url(self) -> str:
        """The connection URL of database 0."""
        return f"redis://{ports.LOOPBACK}:{self.port}/0"

    def _command(self) -> list[str]:
        return [
            str(self._program or binaries.find_redis_server()),
            *("--bind", ports.LOOPBACK, "--port", str(self.port), "--protected-mode", "yes"),
            *("--dir", str(self.data_dir), "--logfile", str(self.log_path)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--daemonize", "no", "--maxmemory-policy", "noeviction"),
        ]

    def is_ready(self) -> bool:
        """Return whether the server answers and has loaded its data."""
        with redis.Redis(
            host=ports.LOOPBACK,
            port=self.port,
            socket_connect_timeout=PROBE_TIMEOUT_SECONDS,
            socket_timeout=PROBE_TIMEOUT_SECONDS,
        ) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
