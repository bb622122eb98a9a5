"""Serving a plugin."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from inventory.plugin.base import Plugin
from inventory.plugin.servicer import CollectorServicer, JobServicer
from inventory.process.addresses import host_port
from inventory.process.interpreter import exit_at_once
from inventory.process.stop_flag import StopFlag
from inventory.protobuf.call_threads import CallThreads
from inventory.protobuf.health_service import HealthService
from inventory.protobuf.reflection import add_reflection
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc, job_pb2, job_pb2_grpc

DEFAULT_PORT: Final = 50051
THREADS: Final = 8
DRAIN_SECONDS: Final = 5.0
CANCEL_SECONDS: Final = 2.0
"""How long calls that are canceled may take to end, s."""

_CALLS: Final = "plugin-call"
"""Prefix of the names of the threads that run calls."""
_UNLIMITED: Final = -1
_LAST_PORT: Final = 65535

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Tls:
    """PEM files: the certificate with its chain, its key, and the CA of clients if they must have a certificate."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Return gRPC's credentials. Raises ``OSError``: a file cannot be read."""
        return grpc.ssl_server_credentials(
            [(self.key.read_bytes(), self.certificate.read_bytes())],
            root_certificates=None if self.client_ca is None else self.client_ca.read_bytes(),
            require_client_auth=self.client_ca is not None,
        )


@dataclass(frozen=True)
class PluginServer:
    """A bound server.

    Attributes:
        server: not started yet.
        port: the port on which it listens.
        pool: runs the calls.
    """

    server: grpc.Server
    port: int
    health: HealthService
    pool: CallThreads

    def stop(self, grace_seconds: float | None = DRAIN_SECONDS) -> bool:
        """Report NOT_SERVING, accept no more calls, and cancel those that have not ended after ``grace_seconds``.

        Returns:
            Whether all have ended; a thread whose call hangs keeps the interpreter from exiting.
        """
        self.health.drain()
        self.server.stop(grace_seconds).wait((grace_seconds or 0.0) + CANCEL_SECONDS)
        ending = threading.Thread(target=self.pool.shutdown, name="drain", daemon=True)
        ending.start()
        ending.join(CANCEL_SECONDS)
        return not ending.is_alive()


def build_server(
    plugin: Plugin, *, host: str = "127.0.0.1", port: int = 0, tls: Tls | None = None, threads: int = THREADS
) -> PluginServer:
    """Return a server of ``plugin`` that is bound but not started.

    Args:
        plugin: handles the calls.
        host: address to listen on.
        port: TCP port; 0: any free one.
        tls: None: without TLS.
        threads: maximum number of concurrent calls.

    Raises:
        ValueError: there is no such port.
        OSError: the port is taken, or a file of TLS cannot be read.
    """
    if not 0 <= port <= _LAST_PORT:
        # gRPC would take the lower 16 bits of it, and listen there.
        raise ValueError(f"port {port}: must be 0 to {_LAST_PORT}")
    # Without the first option, a second plugin would silently share the port.
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _UNLIMITED)]
    pool = CallThreads(threads, thread_name_prefix=_CALLS)
    server = grpc.server(pool, options=options)
    services = [collector_pb2.DESCRIPTOR.services_by_name["Collector"]]
    collector_pb2_grpc.add_CollectorServicer_to_server(CollectorServicer(plugin), server)
    if plugin.has_tasks:
        services.append(job_pb2.DESCRIPTOR.services_by_name["Job"])
        job_pb2_grpc.add_JobServicer_to_server(JobServicer(plugin), server)
    add_reflection(server, services)
    health = HealthService(*(service.full_name for service in services))
    health.set(serving=True)
    health.add_to(server)
    where = host_port(host, port)
    try:
        credentials = tls.credentials() if tls is not None else None
        bound = server.add_secure_port(where, credentials) if credentials else server.add_insecure_port(where)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {where}: the port is taken or not allowed") from error
    return PluginServer(server, bound, health, pool)


def serve(plugin: Plugin, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT, tls: Tls | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then let running collects end for a few seconds.

    If one hangs, this ends the process, with exit code 0: the interpreter would wait for it at its exit.
    Call it from the main thread; arguments and errors as for :func:`build_server`.
    """
    stop = StopFlag()
    stop.set_by_signals()
    built = build_server(plugin, host=host, port=port, tls=tls)
    built.server.start()
    _log.info("%s listens on %s", type(plugin).__name__, host_port(host, built.port))
    stop.wait()
    if not built.stop():
        _log_hanging()
        exit_at_once()


def main(plugin: Plugin, arguments: Sequence[str] | None = None) -> None:
    """Serve according to the command line: ``--host``, ``--port`` (or the variable PORT), ``--tls-certificate``, ….

    Args:
        plugin: what answers.
        arguments: absent: the process's own.
    """
    parser = argparse.ArgumentParser(description=(type(plugin).__doc__ or "A collector plugin.").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=os.environ.get("PORT") or str(DEFAULT_PORT))
    for name, about in (("certificate", "PEM, with its chain"), ("key", "PEM"), ("client-ca", "PEM: ask clients, too")):
        parser.add_argument(f"--tls-{name}", type=Path, help=about)
    given = parser.parse_args(arguments)
    if (given.tls_certificate is None) != (given.tls_key is None):
        parser.error("--tls-certificate and --tls-key go together")
    tls = None
    if given.tls_certificate is not None:
        tls = Tls(certificate=given.tls_certificate, key=given.tls_key, client_ca=given.tls_client_ca)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        serve(plugin, host=given.host, port=given.port, tls=tls)
    except OSError as error:
        parser.exit(1, f"error: {error}\n")


def _log_hanging() -> None:
    """Log where the calls hang that have not ended."""
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread.name.startswith(_CALLS) and thread.ident in frames:
            stack = "".join(traceback.format_stack(frames[thread.ident]))
            _log.warning("a call has not ended; the process ends without it:\n%s", stack.rstrip())


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r}: must be 0 to {_LAST_PORT} (from --port, or the variable PORT)")
    return int(text)
