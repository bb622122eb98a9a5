"""The worker: plans scheduled jobs and collects slices, in several processes."""

from __future__ import annotations

from inventory.bootstrap import Container
from inventory.migration.start import await_migrated
from inventory.observe import tracing
from inventory.observe.health_pages import HealthServer
from inventory.observe.logs import get_logger, setup
from inventory.observe.metrics import WORKER, forget_process, recorded_in_folder, shared_registry
from inventory.observe.page_owner import PageOwner
from inventory.process.children import ChildProcesses
from inventory.settings import Settings
from inventory.settings.installation import store_mark
from inventory.settings.system_token import check_system_token
from inventory.worker import child
from inventory.worker.wiring import check_settings, store_checks, worker_parts

_log = get_logger(__name__)


def run(settings: Settings) -> int:
    """Run a worker until SIGTERM or SIGINT, then let its slices end or hand them back.

    Returns:
        The exit code: 0, or 1 if a child process died too often.

    Raises:
        SettingsError: the settings are insufficient, also for the children.
    """
    check_system_token(settings)
    children = ChildProcesses(
        child.main,
        (settings, worker_parts),
        kind="worker",
        count=settings.worker_processes,
        drain_seconds=settings.drain_seconds,
        on_death=forget_process,
    )
    try:
        if recorded_in_folder():
            children.fork()
        setup(level=settings.log_level, form=settings.log_format, process="worker")
        tracing.check(settings)
        check_settings(settings)
        return _run_children(children, settings)
    finally:
        children.stop()


def _run_children(children: ChildProcesses, settings: Settings) -> int:
    container = Container(settings)
    try:
        with shared_registry(WORKER, wanted=settings.worker_processes, running=children.ready) as registry:
            health = HealthServer(
                host=settings.host,
                port=settings.worker_health_port,
                checks={**store_checks(container), "processes": children.check},
                owner=PageOwner("worker", store_mark(settings)),
                registry=registry,
            )
            with health:
                _log.info("worker_listening", port=health.port)
                children.handle_signals()
                try:
                    # Claims rely on unique keys.
                    ready = await_migrated(
                        container.migrator, apply=settings.migrate_at_start, wait=children.await_stop
                    )
                    return children.run() if ready is not None else 0
                finally:
                    health.drain()
                    children.stop()
    finally:
        container.close()
