"""Metrics of the connections to MongoDB."""

from __future__ import annotations

from typing import Final

from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
)

from inventory.observe import metric_feed
from inventory.observe.metrics import SCHEDULER, SERVER, WORKER, Metrics

_METRICS = Metrics(SERVER, WORKER, SCHEDULER)

POOL_SIZE: Final = _METRICS.gauge("inventory_mongodb_pool_size", "Maximum connections, over all pools.")
CONNECTIONS: Final = _METRICS.gauge("inventory_mongodb_connections", "Open connections.")
IN_USE: Final = _METRICS.gauge("inventory_mongodb_connections_in_use", "Connections in use.")
WAIT_SECONDS: Final = _METRICS.counter(
    "inventory_mongodb_pool_wait_seconds_total", "Time spent waiting for a connection, s."
)
CHECKOUTS_FAILED: Final = _METRICS.counter(
    "inventory_mongodb_pool_failures_total",
    "Operations that got no connection: timeout means that the pool is exhausted.",
    labels={"reason": ("timeout", "poolClosed", "connectionError")},
)
POOL_CLEARED: Final = _METRICS.counter(
    "inventory_mongodb_pool_cleared_total", "How often a node's connections were dropped."
)

CLOCK_SKEW: Final = _METRICS.gauge(
    "inventory_clock_skew_seconds",
    "Minimum deviation of this machine's clock from MongoDB's, s; the maximum over a parent and its children.",
    mode="livemax",
)

_NOTABLE_SECONDS: Final = 0.0005


def report_clock_skew(seconds: float) -> None:
    """Set by how many seconds the wall clock is ahead of MongoDB's, or behind (negative)."""
    CLOCK_SKEW.set(abs(seconds))


class PoolWatch(ConnectionPoolListener):
    """Counts events in the pools of one client; called within every operation, so it must be quick."""

    def __init__(self) -> None:
        metric_feed.start()

    def pool_created(self, event: PoolCreatedEvent) -> None:
        """See pymongo."""
        POOL_SIZE.inc((event.options or {}).get("maxPoolSize") or 100)

    def pool_closed(self, event: PoolClosedEvent) -> None:
        """See pymongo."""

    def pool_ready(self, event: PoolReadyEvent) -> None:
        """See pymongo."""

    def pool_cleared(self, event: PoolClearedEvent) -> None:  # noqa: ARG002
        """See pymongo."""
        POOL_CLEARED.inc()

    def connection_created(self, event: ConnectionCreatedEvent) -> None:  # noqa: ARG002
        """See pymongo."""
        CONNECTIONS.inc()

    def connection_ready(self, event: ConnectionReadyEvent) -> None:
        """See pymongo."""

    def connection_closed(self, event: ConnectionClosedEvent) -> None:  # noqa: ARG002
        """See pymongo."""
        CONNECTIONS.dec()

    def connection_check_out_started(self, event: ConnectionCheckOutStartedEvent) -> None:
        """See pymongo."""

    def connection_check_out_failed(self, event: ConnectionCheckOutFailedEvent) -> None:
        """See pymongo."""
        CHECKOUTS_FAILED.labels(event.reason).inc()

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        """See pymongo."""
        metric_feed.add(IN_USE.inc)
        if event.duration is not None and event.duration > _NOTABLE_SECONDS:
            WAIT_SECONDS.inc(event.duration)

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:  # noqa: ARG002
        """See pymongo."""
        metric_feed.add(IN_USE.inc, -1.0)
