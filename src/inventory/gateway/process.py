"""The gateway process: ``inventory gateway``."""

from __future__ import annotations

import math
import signal
import socket
from types import FrameType
from typing import Final

import uvicorn

from inventory.errors import SettingsError
from inventory.gateway.app import build_app
from inventory.gateway.protocol import STALLED_SECONDS, limited_to
from inventory.observe import tracing
from inventory.observe.logs import get_logger, setup
from inventory.observe.metrics import GATEWAY, own_registry
from inventory.process.addresses import bare, family_of, host_port
from inventory.process.descriptors import Listener, connection_limit, raise_limit
from inventory.process.interpreter import exclude_from_collection, switch_often
from inventory.process.loopback import is_loopback
from inventory.process.memory_budget import settle_allocator
from inventory.settings import Settings

log = get_logger(__name__)

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""

KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection is kept, s: longer than proxies do, so that they never send on a closed one."""

MAX_HEADER_BYTES: Final = 64 * 1024


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, then let running requests finish; return the exit code.

    Raises:
        SettingsError: the address is not allowed or taken, or the server's address or a certificate is invalid.
    """
    setup(level=settings.log_level, form=settings.log_format, process="gateway")
    check_address(settings)
    tracing.setup(settings, GATEWAY)
    raise_limit()
    settle_allocator()
    switch_often()
    server = build_server(settings)
    exclude_from_collection()
    listener = listen(settings.host, settings.gateway_port)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Read by uvicorn once it has started. When it has ended, it repeats the signal: this then changes nothing.
        server.should_exit = True

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    host, port = listener.getsockname()[:2]
    log.info("listening", host=host, port=port)
    with own_registry(GATEWAY):
        server.run(sockets=[listener])
    tracing.shutdown()
    log.info("stopped")
    return 0 if server.started else 1


def build_server(settings: Settings, *, stalled_seconds: float = STALLED_SECONDS) -> uvicorn.Server:
    """Return the HTTP server, not yet started.

    Args:
        settings: addresses, sizes, times.
        stalled_seconds: how long a client may read nothing of its answer, s.
    """
    config = uvicorn.Config(
        build_app(settings, draining=lambda: server.should_exit),
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        loop="asyncio",
        http=limited_to(connection_limit(settings.gateway_max_connections), stalled_seconds=stalled_seconds),
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
        backlog=BACKLOG,
        server_header=False,
    )
    server = uvicorn.Server(config)
    return server


def check_address(settings: Settings) -> None:
    """Return if the gateway may listen on the configured address.

    Raises:
        SettingsError: others could call without authentication.
    """
    open_to_all = settings.authentication == "none" and not settings.allow_unauthenticated_remote
    if open_to_all and not is_loopback(settings.host):
        raise SettingsError(
            "host (INVENTORY_HOST): with authentication none the gateway listens on a loopback address only, "
            "unless allow_unauthenticated_remote is true"
        )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 for any free one.

    Raises:
        SettingsError: the port is taken, or the address does not belong to this machine.
    """
    # With an explicit protocol: only then asyncio disables Nagle's algorithm, which would delay each answer by 40 ms.
    listener = Listener(family_of(host), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # As servers do: a port whose last connections are just closing is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bare(host), port))
        listener.listen(BACKLOG)
    except OSError as exc:
        listener.close()
        raise SettingsError(
            f"gateway_port (INVENTORY_GATEWAY_PORT): cannot listen on {host_port(host, port)}: {exc.strerror}"
        ) from exc
    return listener
