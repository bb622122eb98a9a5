"""The gRPC server of one process. ``api.server`` runs as many processes as configured."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, cast

import grpc

from inventory.api.admission.lane import Lane
from inventory.api.admission.pool import CallPool
from inventory.api.admission.seat import Lanes, Waits
from inventory.api.handlers import add_services
from inventory.api.health import Health
from inventory.api.interceptors.context import MAX_TOKEN
from inventory.api.method_handler import Gate
from inventory.api.policy import OPERATIONS
from inventory.observe.logs import get_logger
from inventory.process.addresses import host_port
from inventory.process.descriptors import connection_limit
from inventory.process.tls import server_credentials
from inventory.protobuf.api_files import all_files
from inventory.protobuf.reflection import add_reflection
from inventory.service.use_cases import UseCases
from inventory.settings import Settings

log = get_logger(__name__)

_MINUTE_MS: Final = 60_000
HANDSHAKE_SECONDS: Final = 20.0
"""Time from a connection's start until TLS and HTTP/2 must be set up, s; a silent client is disconnected."""

_METADATA_BYTES: Final = 4 * MAX_TOKEN
"""Size of metadata accepted with a call. grpcio's default limit is smaller than the largest token, and above half of
it, grpcio rejects calls at random."""


@dataclass(slots=True)
class Server:
    """A gRPC server with its health.

    Attributes:
        grpc_server: grpcio's server.
        health: SERVING while MongoDB answers.
        address: ``host:port`` it listens on; empty if it has no port.
        drain_seconds: how long running calls may take to end, s.
    """

    grpc_server: grpc.Server
    health: Health
    address: str
    drain_seconds: float
    pool: CallPool

    def start(self) -> None:
        """Start serving."""
        self.pool.start()
        self.grpc_server.start()
        self.health.start()
        log.info("listening", address=self.address)

    def stop(self) -> threading.Event:
        """Report NOT_SERVING, refuse new calls, and let running calls finish; the event is set when all have."""
        self.health.drain()
        stopped = self.grpc_server.stop(self.drain_seconds)
        self.pool.stop()
        return stopped

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped; False if that took longer than ``timeout`` seconds."""
        return not self.grpc_server.wait_for_termination(timeout)


def build_server(
    settings: Settings,
    *,
    use_cases: UseCases,
    gate: Gate,
    check: Callable[[], None],
    port: int | None,
    share_port: bool = False,
) -> Server:
    """Return a server that is bound, if it has a port, and not yet started.

    Args:
        settings: threads, sizes, limits, address, certificates.
        use_cases: implement the methods.
        gate: the checks before every method.
        check: returns if MongoDB answers, else raises an ``InventoryError``.
        port: to listen on; 0: any free one; None: none, to check only whether it can be built.
        share_port: whether other processes listen on it as well.

    Raises:
        SettingsError: a certificate cannot be read.
        TypeError: a method has no row in the table of methods.
    """
    pool = CallPool(
        _lanes(settings),
        limit=settings.max_concurrent_rpcs,
        threads=settings.server_threads + settings.server_heavy_threads,
        memory=gate.memory,
    )
    # grpcio only uses submit of its executor.
    executor = cast("ThreadPoolExecutor", pool)
    server = grpc.server(executor, options=_options(settings, share_port=share_port))
    services = [service for file in all_files() for service in file.services_by_name.values()]
    names = add_services(server, services, use_cases, gate)
    health = Health(names, check)
    health.add_to(server)
    # SpaceONE clients look for stubs of every listed service; our own services have none.
    add_reflection(server, [service for service in services if service.file.package != OPERATIONS])
    tls = server_credentials(settings)
    address = ""
    if port is not None:
        wanted = host_port(settings.host, port)
        bound = server.add_insecure_port(wanted) if tls is None else server.add_secure_port(wanted, tls)
        address = host_port(settings.host, bound)
    return Server(server, health, address, settings.drain_seconds, pool)


def _lanes(settings: Settings) -> Lanes:
    calls, quick, heavy = settings.max_concurrent_rpcs, settings.server_threads, settings.server_heavy_threads
    return Lanes(
        quick=Lane("quick", turns=quick, share=quick, queue=calls, hint="try again in a moment"),
        heavy=Lane(
            "heavy",
            turns=heavy,
            share=max(heavy // 2, 1),
            queue=max(calls // 4, 1),
            hint="ask for fewer at a time, page by page, without patterns, or try again later",
        ),
        waits=Waits(settings.max_waiting_rpcs),
        queue_seconds=settings.rpc_queue_seconds,
    )


def _options(settings: Settings, *, share_port: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", int(share_port)),
        ("grpc.max_receive_message_length", settings.max_request_bytes),
        ("grpc.per_message_decompression", 0),  # see protobuf.compression
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", 2 * _METADATA_BYTES),
        ("grpc.max_allowed_incoming_connections", connection_limit(settings.server_max_connections)),
        ("grpc.server_handshake_timeout_ms", round(1000 * HANDSHAKE_SECONDS)),
        ("grpc.max_connection_idle_ms", round(1000 * settings.connection_idle_seconds)),
        # Without a separate grace time: calls on the old connection end there, however long they take.
        ("grpc.max_connection_age_ms", round(1000 * settings.connection_age_seconds)),
        ("grpc.keepalive_time_ms", 2 * _MINUTE_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]
