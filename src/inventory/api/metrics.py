"""Metrics of the RPCs."""

from __future__ import annotations

from typing import Final

from inventory.observe import metric_feed
from inventory.observe.metrics import OPEN, SERVER, Metrics

_METRICS = Metrics(SERVER)

RPCS: Final = _METRICS.counter(
    "inventory_rpcs_total", "RPCs answered, by gRPC status.", labels={"method": OPEN, "status": OPEN}
)
RPC_SECONDS: Final = _METRICS.histogram(
    "inventory_rpc_seconds", "Time from a call's arrival in our code to its answer, s.", labels={"method": OPEN}
)
RPCS_IN_WORK: Final = _METRICS.gauge("inventory_rpcs_in_work", "RPCs that are running now.")
RPCS_REFUSED: Final = _METRICS.counter(
    "inventory_rpcs_refused_total",
    "RPCs refused with RESOURCE_EXHAUSTED, by the limit reached: arrivals (max_concurrent_rpcs), a lane, waiting "
    "(max_waiting_rpcs), memory (memory_budget_bytes), threads (the system lets the process start no more).",
    labels={"reason": ["arrivals", "quick", "heavy", "waiting", "memory", "threads"]},
)
LANE_QUEUED: Final = _METRICS.gauge(
    "inventory_rpcs_queued",
    "RPCs that wait for their turn: quick ones, and heavy ones, whose cost is unknown.",
    labels={"lane": ["quick", "heavy"]},
)
RPCS_WAITING: Final = _METRICS.gauge("inventory_rpcs_waiting", "RPCs that wait for a plugin or for its installation.")
RPCS_RECEIVING: Final = _METRICS.gauge(
    "inventory_rpcs_receiving", "RPCs still without their request after a quarter of a second."
)


class Meter:
    """Counts the calls of one method, at minimal cost.

    Args:
        method: ``/package.Service/method``.
    """

    def __init__(self, method: str) -> None:
        self._name = ".".join(method.split("/")[-2:]).rpartition("spaceone.api.")[2]
        self._in_work = RPCS_IN_WORK.inc
        self._observe = RPC_SECONDS.labels(self._name).observe
        self._counts = {"OK": RPCS.labels(self._name, "OK").inc}
        metric_feed.start()

    def begin(self) -> None:
        """Count the start of a call."""
        metric_feed.add(self._in_work)

    def end(self, status: str, seconds: float) -> None:
        """Count the end of a call."""
        metric_feed.add(self._in_work, -1.0)
        metric_feed.observe(self._observe, seconds)
        count = self._counts.get(status)
        if count is None:
            # Two threads that get here at the same time create the same counter.
            count = self._counts[status] = RPCS.labels(self._name, status).inc
        metric_feed.add(count)
