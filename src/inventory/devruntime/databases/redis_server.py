"""An embedded Redis: one redis-server on loopback with persistent data."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from inventory.devruntime import child, ports
from inventory.devruntime.databases import binaries
from inventory.errors import SettingsError

START_TIMEOUT_SECONDS = 30.0
STOP_GRACE_SECONDS = 10.0
PROBE_TIMEOUT_SECONDS = 2.0


class EmbeddedRedis:
    """One redis-server with an append-only file, so that a restart loses no queued message.

    Use it as a context manager, or with ``start`` and ``stop``; or let a supervisor run ``argv`` and call ``is_ready``.

    Args:
        data_dir: folder of the append-only file, created if missing.
        port: TCP port on 127.0.0.1.
        log_path: file for the server's own log, appended to.
        program: the redis-server to run; found (see :mod:`binaries`) if absent.
    """

    def __init__(self, data_dir: Path, port: int, log_path: Path, *, program: Path | None = None) -> None:
        self.data_dir = Path(data_dir)
        self.port = port
        self.log_path = Path(log_path)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The connection URL of database 0."""
        return f"redis://{ports.LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """The process id while it runs under ``start``."""
        return None if self._process is None else self._process.pid

    def argv(self) -> list[str]:
        """Create the folders and return the command line.

        Raises:
            SettingsError: no usable redis-server, or the folders cannot be created.
        """
        program = self._program or binaries.find_redis_server()
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise SettingsError(f"Cannot create {exc.filename}: {exc.strerror}", field="data_dir") from exc
        return [
            str(program),
            *("--bind", ports.LOOPBACK, "--port", str(self.port), "--protected-mode", "yes"),
            *("--dir", str(self.data_dir), "--logfile", str(self.log_path)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--daemonize", "no", "--maxmemory-policy", "noeviction"),
        ]

    def start(self, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Start redis-server and return once it answers.

        Raises:
            SettingsError: the port is taken, or it ended or did not answer in time (with its last log lines).
        """
        argv = self.argv()
        ports.require_free(self.port, purpose="the embedded Redis", setting="--redis-port")
        self._process = child.spawn(argv)
        if not child.wait_until(self.is_ready, timeout_seconds=timeout_seconds, process=self._process):
            code = self._process.poll()
            self.stop()
            raise SettingsError(
                f"redis-server {'does not answer' if code is None else f'ended with exit code {code}'}; "
                f"its log ({self.log_path}) says:\n" + "\n".join(self.explain()),
                field="data_dir",
            )

    def stop(self, *, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop redis-server cleanly, by force after ``grace_seconds``; does nothing if it is not running."""
        if self._process is not None:
            child.stop(self._process, grace_seconds=grace_seconds)
            self._process = None

    def explain(self) -> list[str]:
        """Return the end of its log: why it ended or does not answer."""
        return child.tail(self.log_path)

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

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
