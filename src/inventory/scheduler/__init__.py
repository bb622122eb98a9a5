"""The scheduler: fires schedules, sweeps and runs housekeeping; any number of replicas."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from inventory.bootstrap import Container
from inventory.manager.duty import DutyManager
from inventory.manager.idle_transactions import IdleTransactions
from inventory.manager.job.from_schedules import ScheduledJobManager
from inventory.manager.schedule.due_batch import DueBatchManager
from inventory.migration.start import await_migrated
from inventory.model import connection
from inventory.observe import tracing
from inventory.observe.health_pages import Check, HealthServer
from inventory.observe.logs import get_logger, setup
from inventory.observe.metrics import SCHEDULER, own_registry
from inventory.observe.page_owner import PageOwner
from inventory.process.interpreter import exit_at_once
from inventory.process.stop_flag import StopFlag
from inventory.scheduler.census import Census
from inventory.scheduler.duties import DutyRunner
from inventory.scheduler.engine import Engine, SchedulerPart
from inventory.scheduler.freshness import FreshnessWatch
from inventory.scheduler.metrics import LATENESS
from inventory.scheduler.parts import (
    HOLDS_SECONDS,
    HOUSEKEEPING,
    IDLE_TRANSACTIONS_SECONDS,
    LEASE_SECONDS,
    Periods,
    scheduler_parts,
)
from inventory.scheduler.pulse import Pulse
from inventory.service.resource.housekeeping import HousekeepingCounts
from inventory.service.schedule.ticks import ScheduleTicker
from inventory.settings import Settings
from inventory.settings.installation import store_mark
from inventory.settings.system_token import check_system_token

_log = get_logger(__name__)


def run(settings: Settings) -> int:
    """Run a scheduler until SIGTERM or SIGINT, then let running work finish, for ``drain_seconds`` at most.

    Returns:
        The exit code, 0.

    Raises:
        SettingsError: the settings are insufficient.
    """
    check_system_token(settings)
    setup(level=settings.log_level, form=settings.log_format, process="scheduler")
    # It warns whenever a part takes longer than its period, which is harmless.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    container = Container(settings)
    try:
        stop = StopFlag()
        engine, pulse = build(container, stop)
        stop.set_by_signals()
        health = HealthServer(
            host=settings.host,
            port=settings.scheduler_health_port,
            checks=_checks(container, pulse),
            owner=PageOwner("scheduler", store_mark(settings)),
            alive=pulse.is_alive,
        )
        tracing.setup(settings, SCHEDULER)
        with own_registry(SCHEDULER), health:
            _log.info("scheduler_started", health_port=health.port)
            # Exactly one job per fire time, and one replica per duty, rely on unique keys.
            waiting = _waiting(stop, pulse)
            if await_migrated(container.migrator, apply=settings.migrate_at_start, wait=waiting) is not None:
                engine.run()
            health.drain()
            if not engine.drain(settings.drain_seconds):
                # APScheduler's threads would keep the interpreter from exiting until what they run has ended.
                _log.warning("scheduler_cut_off", drain_seconds=settings.drain_seconds)
                exit_at_once()
    finally:
        container.close()
        tracing.shutdown()
    return 0


def build(container: Container, stop: threading.Event) -> tuple[Engine, Pulse]:
    """Build a scheduler that ends when ``stop`` is set; it is not started yet."""
    settings, clock = container.settings, container.clock
    pulse = Pulse(clock=clock, period_seconds=settings.tick_seconds)
    ticker = ScheduleTicker(
        schedules=container.schedules,
        collectors=container.collectors,
        jobs=ScheduledJobManager(database=container.database, clock=clock),
        batches=DueBatchManager(database=container.database, clock=clock, owner=container.owner),
        queue=container.queue_for_ticks,
        clock=clock,
        grace_seconds=settings.schedule_grace_seconds,
        spread_seconds=settings.schedule_spread_seconds,
        tick_seconds=settings.tick_seconds,
        observe_lateness=LATENESS.observe,
        should_stop=stop.is_set,
    )
    duties = DutyManager(database=container.database, clock=clock, owner=container.owner, lease_seconds=LEASE_SECONDS)
    runner = DutyRunner(duties=duties)
    housekeeping, dry_runs, migrator = container.housekeeping, container.dry_runs, container.migrator

    def housekeep() -> Mapping[str, HousekeepingCounts]:
        migrator.drop_rebuilt_indexes()
        dry_runs.drop_left_over()
        return housekeeping.run(clock.now(), runner.fence(HOUSEKEEPING), runner.session(HOUSEKEEPING))

    parts = scheduler_parts(
        periods=Periods(settings.tick_seconds, settings.sweep_seconds, settings.housekeeping_seconds),
        ticker=ticker,
        sweep=container.sweeper.sweep,
        housekeep=housekeep,
        duties=runner,
        pulse=pulse,
    )
    parts.append(Census(database=container.database, queue_states=container.queue.states).part())
    watch = FreshnessWatch(
        freshness=container.freshness_service, domains=container.collectors.domains, clock=container.clock
    )
    parts.append(watch.part())
    parts.append(SchedulerPart("holds", HOLDS_SECONDS, lambda: container.hold_settler.settle(clock.now())))
    idle = IdleTransactions(database=container.database, clock=clock)
    parts.append(SchedulerPart("idle_transactions", IDLE_TRANSACTIONS_SECONDS, idle.end))
    return Engine(parts=parts, pulse=pulse, stop=stop), pulse


def _waiting(stop: threading.Event, pulse: Pulse) -> Callable[[float], bool]:
    """Return a wait for use before the first tick: an unreachable MongoDB must not look like a dead scheduler."""

    def wait(seconds: float) -> bool:
        with pulse.beat():
            return stop.wait(seconds)

    return wait


def _checks(container: Container, pulse: Pulse) -> dict[str, Check]:
    database, queue = container.database, container.queue
    return {
        "mongodb": lambda: connection.ping(database),
        "migrations": container.migrator.check,
        "redis": queue.ping,
        "ticks": pulse.check,
    }
