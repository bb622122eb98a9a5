"""Health and metrics of a process over HTTP, for orchestrators and Prometheus.

``/livez`` tells whether the process itself works, and depends on nothing outside; ``/readyz`` whether it can do its
task now, check by check; ``/metrics`` what it has counted. Anything else is not found.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from inventory.errors import InventoryError, SettingsError
from inventory.process.addresses import bare, family_of, host_port
from inventory.process.descriptors import Listener

Check = Callable[[], None]
"""Returns if what it looks at works; raises an ``InventoryError`` otherwise, soon."""

_JSON: Final = "application/json"
_CLIENT_SECONDS: Final = 10.0
"""How long a client may take over its request, s."""
_MAX_CONNECTIONS: Final = 32
"""How many connections are served at a time."""


class HealthServer:
    """The pages, on threads of their own.

    Args:
        host: address to listen on; IPv6 with brackets or without.
        port: 0 for any free one.
        checks: by name, what must work for the process to be ready.
        alive: tells whether the process itself still works.
        registry: what ``/metrics`` shows.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        checks: Mapping[str, Check],
        alive: Callable[[], bool] = lambda: True,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._checks = dict(checks)
        self._alive = alive
        self._registry = registry
        self._draining = threading.Event()
        try:
            self._server = _Server(host, port, self)
        except OSError as exc:
            raise SettingsError(f"Cannot listen on {host_port(host, port)} for health: {exc.strerror}") from exc
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> Self:
        """Begin to answer; returns at once."""
        self._thread.start()
        return self

    def drain(self) -> None:
        """Be not ready from now on: the process is about to stop."""
        self._draining.set()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def page(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body of a page."""
        match path.partition("?")[0]:
            case "/livez":
                alive = self._alive()
                return _answer(ok=alive, status="alive" if alive else "dead", checks={})
            case "/readyz":
                return self._readiness()
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry)
            case _:
                return HTTPStatus.NOT_FOUND, _JSON, b'{"status": "not found"}'

    def _readiness(self) -> tuple[HTTPStatus, str, bytes]:
        if self._draining.is_set():
            return _answer(ok=False, status="draining", checks={})
        results = {name: _outcome(check) for name, check in self._checks.items()}
        ok = all(result == "ok" for result in results.values())
        return _answer(ok=ok, status="ready" if ok else "not ready", checks=results)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, health: HealthServer) -> None:
        self.health = health
        self.address_family = family_of(host)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, None] = {}
        super().__init__((bare(host), port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = Listener(self.address_family)
        try:
            self.server_bind()
            self.server_activate()
        except BaseException:
            self.server_close()
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own; of too many connections the oldest is cut, since pages take no time."""
        with self._lock:
            self._open[request] = None
            oldest = next(iter(self._open)) if len(self._open) > _MAX_CONNECTIONS else None
        if oldest is not None:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away or was too slow."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_SECONDS

    def do_GET(self) -> None:
        """Answer with the page."""
        status, content_type, body = self.server.health.page(self.path)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every second: say nothing."""


def _outcome(check: Check) -> str:
    try:
        check()
    except InventoryError as exc:
        return exc.code
    return "ok"


def _answer(*, ok: bool, status: str, checks: Mapping[str, str]) -> tuple[HTTPStatus, str, bytes]:
    body = json.dumps({"status": status, "checks": checks}).encode()
    return HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE, _JSON, body
