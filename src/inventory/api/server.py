"""The server process: ``inventory server``."""

from __future__ import annotations

import signal
from types import FrameType

from pymongo.database import Database

from inventory import logs
from inventory.api.app import Server, build_server
from inventory.api.catalog import inventory_services, make_gate
from inventory.api.listen import check_address, probe_port
from inventory.api.operations import operation_services
from inventory.api.processes import supervise
from inventory.api.resource_catalog import resource_services
from inventory.bootstrap import Container
from inventory.logs import get_logger
from inventory.model.connection import Document, ensure_indexes, ping
from inventory.settings import Settings
from inventory.stop_flag import StopFlag

log = get_logger(__name__)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    One process serves by itself; several share the port by SO_REUSEPORT, below a parent that replaces the dead.

    Raises:
        SettingsError: the address is not allowed or taken, or a setting or file that is needed is absent or wrong.
    """
    check_address(settings)
    port = probe_port(settings.host, settings.port)
    if settings.server_processes == 1:
        return serve(settings, port)
    check_settings(settings)
    return supervise(serve, (settings, port), count=settings.server_processes, drain_seconds=settings.drain_seconds)


def serve(settings: Settings, port: int) -> int:
    """Serve in this process until SIGTERM or SIGINT, then drain; return the exit code."""
    logs.setup(level=settings.log_level, form=settings.log_format, process="server")
    stop = StopFlag()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    container = Container(settings)
    try:
        server = assemble(container, port, share_port=settings.server_processes > 1)
        server.start()
        stop.wait()
        log.info("draining", seconds=settings.drain_seconds)
        server.stop().wait()
    finally:
        container.close()
    log.info("stopped")
    return 0


def assemble(container: Container, port: int, *, share_port: bool = False) -> Server:
    """Return the server made of what ``container`` holds, bound and not yet started; raises as ``run``."""
    return build_server(
        container.settings,
        services=[*inventory_services(container), *resource_services(container)],
        gate=make_gate(container.settings, container),
        check=Readiness(container.database),
        port=port,
        share_port=share_port,
        unlisted=operation_services(container),
    )


def check_settings(settings: Settings) -> None:
    """Return if a server can be made of the settings: found out once, not by every child.

    Raises: as ``run``.
    """
    container = Container(settings)
    try:
        assemble(container, port=0).grpc_server.stop(None)
    finally:
        container.close()


class Readiness:
    """Asks MongoDB whether it answers; the first time it does, the indexes are made."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._indexed = False

    def __call__(self) -> None:
        """Return if MongoDB answers. Raises ``ConnectionFailureError``."""
        ping(self._database)
        if not self._indexed:
            ensure_indexes(self._database)
            self._indexed = True
