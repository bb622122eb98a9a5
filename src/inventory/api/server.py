"""The server process: ``inventory server``."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from pymongo.database import Database

from inventory.api.app import Server, build_server
from inventory.api.gate import make_gate
from inventory.api.listen import check_address, check_identity, probe_port
from inventory.bootstrap import Container
from inventory.domain.plain import Document
from inventory.migration.errors import MigrationFailedError
from inventory.migration.migrator import Migrator
from inventory.migration.start import migrate
from inventory.model.connection import ping
from inventory.observe import logs, tracing
from inventory.observe.health_pages import Check, HealthServer
from inventory.observe.logs import get_logger
from inventory.observe.metrics import SERVER, forget_process, own_registry, recorded_in_folder, shared_registry
from inventory.observe.page_owner import PageOwner
from inventory.process.children import ChildProcesses
from inventory.process.descriptors import raise_limit
from inventory.process.interpreter import exclude_from_collection, exit_at_once, switch_often
from inventory.process.memory_budget import settle_allocator
from inventory.process.stop_flag import StopFlag
from inventory.service.use_cases import build_all
from inventory.settings import Settings
from inventory.settings.installation import store_mark

log = get_logger(__name__)

FAILED_SECONDS: Final = 30.0
"""Pause before a failed migration is tried again, s: it may read a whole collection each time."""

CANCEL_SECONDS: Final = 3.0
"""How long calls that are canceled after the drain time may take to end, s; a parent kills its children after 5."""


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    A single process serves by itself; several share the port by SO_REUSEPORT, with a parent that replaces dead ones.

    Raises:
        SettingsError: the address is not allowed or taken, or a required setting or file is missing or wrong.
    """
    check_address(settings)
    check_identity(settings)
    port = probe_port(settings.host, settings.port)
    if settings.server_processes == 1:
        return serve(settings, port)
    children = ChildProcesses(
        _run_child,
        (settings, port),
        kind="server",
        count=settings.server_processes,
        drain_seconds=settings.drain_seconds,
        on_death=forget_process,
    )
    try:
        if recorded_in_folder():
            children.fork()
        check_settings(settings)
        logs.setup(level=settings.log_level, form=settings.log_format, process="server")
        return _run_children(children, settings)
    finally:
        children.stop()


def _run_children(children: ChildProcesses, settings: Settings) -> int:
    """Run the child processes, and show the sum of their metrics."""
    with (
        contextlib.closing(Container(settings)) as container,
        shared_registry(SERVER, wanted=settings.server_processes, running=children.ready) as registry,
        health_pages(settings, {**_store_checks(container), "processes": children.check}, registry),
    ):
        children.handle_signals()
        try:
            return children.run()
        finally:
            children.stop()


def _run_child(settings: Settings, port: int, *, number: int, on_ready: Callable[[], None]) -> int:  # noqa: ARG001
    return serve(settings, port, on_ready=on_ready)


def health_pages(settings: Settings, checks: Mapping[str, Check], registry: CollectorRegistry) -> HealthServer:
    """Return the server of the pages of health and metrics, not yet started.

    If the port is not configured and another server on this machine uses the default, any free port is used.
    """
    owner = PageOwner("server", store_mark(settings))
    host, port = settings.host, settings.server_health_port
    chosen = "server_health_port" in settings.model_fields_set
    pages = HealthServer(host=host, port=port, checks=checks, owner=owner, registry=registry)
    if not pages.bound and not chosen:
        pages = HealthServer(host=host, port=0, checks=checks, owner=owner, registry=registry)
    log.info("health_listening", port=pages.port)
    return pages


def serve(settings: Settings, port: int, *, on_ready: Callable[[], None] = lambda: None) -> int:
    """Serve in this process until SIGTERM or SIGINT, then drain; return the exit code.

    Args:
        on_ready: called once the port is served.
    """
    logs.setup(level=settings.log_level, form=settings.log_format, process="server")
    raise_limit()
    settle_allocator()
    switch_often()
    stop = StopFlag()
    stop.set_by_signals()
    with contextlib.ExitStack() as closing:
        closing.callback(tracing.shutdown)
        tracing.setup(settings, SERVER)
        container = Container(settings)
        closing.callback(container.close)
        server = assemble(container, port, share_port=settings.server_processes > 1)
        if settings.server_processes == 1:
            registry = closing.enter_context(own_registry(SERVER))
            closing.enter_context(health_pages(settings, _store_checks(container), registry))
        exclude_from_collection()
        server.start()
        on_ready()
        stop.wait()
        log.info("draining", seconds=settings.drain_seconds)
        if not server.stop().wait(settings.drain_seconds + CANCEL_SECONDS):
            log.warning("server_cut_off", drain_seconds=settings.drain_seconds)
            exit_at_once()
    log.info("stopped")
    return 0


def _store_checks(container: Container) -> dict[str, Check]:
    """Return the checks of `Readiness`, without running anything."""
    return {"mongodb": lambda: ping(container.database), "migrations": container.migrator.check}


def assemble(container: Container, port: int | None, *, share_port: bool = False) -> Server:
    """Return the server built from ``container``, bound if it has a port, and not yet started; raises like ``run``."""
    build_all(container)
    return build_server(
        container.settings,
        use_cases=container,
        gate=make_gate(container.settings, container),
        check=Readiness(container.database, container.migrator, apply=container.settings.migrate_at_start),
        port=port,
        share_port=share_port,
    )


def check_settings(settings: Settings) -> None:
    """Return if a server can be built from the settings: checked once, not by every child.

    Raises: like ``run``.
    """
    tracing.check(settings)
    with contextlib.closing(Container(settings)) as container:
        assemble(container, port=None)


class Readiness:
    """Checks whether MongoDB answers and is migrated; runs pending migrations if allowed."""

    def __init__(self, database: Database[Document], migrator: Migrator, *, apply: bool) -> None:
        self._database = database
        self._migrator = migrator
        self._apply = apply
        self._failure: MigrationFailedError | None = None
        self._retry_at = 0.0

    def __call__(self) -> None:
        """Return if this server may answer.

        Raises:
            ConnectionFailureError: MongoDB is unreachable.
            SettingsError: it is a standalone server.
            MigrationPendingError: another process is migrating, or none may.
            MigrationFailedError: existing data prevents it; tried again after ``FAILED_SECONDS``.
            DatabaseTooNewError: this code must not use the database.
        """
        if self._failure is not None and time.monotonic() < self._retry_at:
            ping(self._database)
            raise self._failure
        try:
            migrate(self._migrator, apply=self._apply)
            self._failure = None
        except MigrationFailedError as exc:
            self._failure, self._retry_at = exc, time.monotonic() + FAILED_SECONDS
            raise
