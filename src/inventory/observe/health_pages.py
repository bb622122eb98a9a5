"""Health and metrics of a process over HTTP, for orchestrators and Prometheus.

``/livez`` reports whether the process itself works, and depends on nothing else; ``/readyz`` whether it can do its
work now, check by check; ``/metrics`` its metrics. Any other path is not found.
"""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from inventory.errors import InventoryError, SettingsError
from inventory.observe.logs import get_logger
from inventory.observe.page_owner import PageOwner
from inventory.process.addresses import bare, family_of, host_port
from inventory.process.descriptors import Listener

log = get_logger(__name__)

Check = Callable[[], None]
"""Returns if what it checks works; otherwise soon raises an ``InventoryError``."""

RETRY_SECONDS: Final = 1.0
"""How often a port that is in use is tried again, s."""

_JSON: Final = "application/json"
_CLIENT_SECONDS: Final = 10.0
"""How long a client may take to send its request, s."""
_MAX_CONNECTIONS: Final = 32
"""How many connections are served at a time."""


class HealthServer:
    """Serves the pages, on threads of its own.

    Args:
        host: address to listen on; IPv6 with or without brackets.
        port: 0 for any free one.
        checks: by name, what must work for the process to be ready.
        alive: tells whether the process itself still works.
        registry: what ``/metrics`` shows.
        retry_seconds: how often a port that is in use is tried again, s.

    Raises:
        SettingsError: nothing can ever listen there. A port in use is waited for once it is started, for as long as it
            takes: a client's connection may hold it for a minute, and the process does not depend on its pages.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        checks: Mapping[str, Check],
        owner: PageOwner,
        alive: Callable[[], bool] = lambda: True,
        registry: CollectorRegistry = REGISTRY,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._host = host
        self._port = port
        self._checks = dict(checks)
        self._owner = owner
        self._alive = alive
        self._registry = registry
        self._retry_seconds = retry_seconds
        self._draining = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._serving = False
        self._server = self._bind()
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)

    @property
    def bound(self) -> bool:
        """Whether it has its port."""
        return self._server is not None

    @property
    def port(self) -> int:
        """Where it listens, or will."""
        return self._port if self._server is None else int(self._server.server_address[1])

    def start(self) -> Self:
        """Begin to answer, once the port is free; returns at once."""
        self._thread.start()
        return self

    def drain(self) -> None:
        """Report not ready from now on: the process is about to stop."""
        self._draining.set()

    def close(self) -> None:
        """Stop answering."""
        with self._lock:
            self._closing.set()
            serving = self._serving
        if serving and self._server is not None:
            # It waits for serve_forever to end: forever, if that never began.
            self._server.shutdown()
        if self._thread.is_alive():
            self._thread.join()
        if self._server is not None:
            self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _bind(self) -> _Server | None:
        """Return what listens; None while the port is in use."""
        try:
            return _Server(self._host, self._port, self)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE and self._port:
                return None
            raise SettingsError(
                f"Cannot listen on {host_port(self._host, self._port)} for health: {exc.strerror}"
            ) from exc

    def _serve(self) -> None:
        if self._server is None:
            address = host_port(self._host, self._port)
            log.warning(
                "health_port_in_use",
                address=address,
                setting=f"INVENTORY_{self._owner.process.upper()}_HEALTH_PORT",
                action="waits for the port, or choose another with the setting; all else runs on",
            )
            while self._server is None:
                if self._closing.wait(self._retry_seconds):
                    return
                self._server = self._bind()
            log.info("health_port_bound", address=address)
        with self._lock:
            self._serving = not self._closing.is_set()
        if self._serving:
            self._server.serve_forever()

    def page(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body of a page."""
        match path.partition("?")[0]:
            case "/livez":
                alive = self._alive()
                return self._answer(ok=alive, status="alive" if alive else "dead", checks={})
            case "/readyz":
                return self._readiness()
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry)
            case _:
                return HTTPStatus.NOT_FOUND, _JSON, b'{"status": "not found"}'

    def _readiness(self) -> tuple[HTTPStatus, str, bytes]:
        if self._draining.is_set():
            return self._answer(ok=False, status="draining", checks={})
        results = {name: _outcome(check) for name, check in self._checks.items()}
        ok = all(result == "ok" for result in results.values())
        return self._answer(ok=ok, status="ready" if ok else "not ready", checks=results)

    def _answer(self, *, ok: bool, status: str, checks: Mapping[str, str]) -> tuple[HTTPStatus, str, bytes]:
        body = json.dumps({"status": status, "checks": checks, **self._owner.members()}).encode()
        return HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE, _JSON, body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # With the usual 5, a burst of connections is delayed by seconds: those beyond have to try again.
    request_queue_size = 128

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
        """Serve on a thread of its own; beyond the limit, the oldest connection is closed, since pages are quick."""
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
        """Do not log clients that disconnected or were too slow."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_SECONDS

    def do_GET(self) -> None:
        """Serve the page."""
        status, content_type, body = self.server.health.page(self.path)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Do not log requests: probes come every second."""


def _outcome(check: Check) -> str:
    try:
        check()
    except InventoryError as exc:
        return exc.code
    return "ok"
