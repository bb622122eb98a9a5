"""Metrics of the calls to plugins and platform services."""

from __future__ import annotations

import time
from typing import Final

from prometheus_client import Counter, Histogram

from inventory.observe import tracing
from inventory.observe.metrics import SERVER, SLOW_SECONDS, WORKER, Metrics

_METHODS: Final = ("init", "verify", "get_tasks", "collect")
_SERVICES: Final = ("identity", "plugin", "repository", "secret")

_METRICS = Metrics(SERVER, WORKER)

PLUGIN_SECONDS: Final = _METRICS.histogram(
    "inventory_plugin_call_seconds",
    "Duration of a call to a collector plugin; of collect until its stream ends, s.",
    labels={"method": _METHODS},
    buckets=SLOW_SECONDS,
)
PLUGIN_CALLS: Final = _METRICS.counter(
    "inventory_plugin_calls_total",
    "Calls to collector plugins, by gRPC status; a stream that this service ended is CANCELLED.",
    labels={"method": _METHODS, "status": ("OK",)},
)
PLATFORM_SECONDS: Final = _METRICS.histogram(
    "inventory_platform_call_seconds",
    "Duration of a call to a platform service, including retries, s.",
    labels={"service": _SERVICES},
)
PLATFORM_CALLS: Final = _METRICS.counter(
    "inventory_platform_calls_total",
    "Calls to platform services, by gRPC status.",
    labels={"service": _SERVICES, "status": ("OK",)},
)


class _Call:
    """Counts and traces one call; it may end in a different thread than it began."""

    def __init__(self, kind: str, name: str, duration: Histogram, count: Counter) -> None:
        self._name = name
        self._duration = duration
        self._count = count
        self._began = time.perf_counter()
        self.trace = tracing.Call(f"{kind}.{name}")

    def end(self, status: str) -> None:
        """Record the status with which it ended, once."""
        self._duration.labels(self._name).observe(time.perf_counter() - self._began)
        self._count.labels(self._name, status).inc()
        self.trace.end("" if status == "OK" else status)


class PluginCall(_Call):
    """A call to a ``method`` of a plugin."""

    def __init__(self, method: str) -> None:
        super().__init__("plugin", method, PLUGIN_SECONDS, PLUGIN_CALLS)


class PlatformCall(_Call):
    """A call to a platform ``service``."""

    def __init__(self, service: str) -> None:
        super().__init__("platform", service, PLATFORM_SECONDS, PLATFORM_CALLS)
