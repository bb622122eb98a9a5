"""Metrics of the calls to plugins and platform services."""

from __future__ import annotations

import time
from typing import Final

from inventory.observe import tracing
from inventory.observe.metrics import SERVER, SLOW_SECONDS, WORKER, counter, histogram

_METHODS: Final = ("init", "verify", "get_tasks", "collect")
_SERVICES: Final = ("identity", "plugin", "repository", "secret")

PLUGIN_SECONDS: Final = histogram(
    "inventory_plugin_call_seconds",
    "Duration of a call to a collector plugin; of collect until its stream ends, s.",
    processes=[SERVER, WORKER],
    labels={"method": _METHODS},
    buckets=SLOW_SECONDS,
)
PLUGIN_CALLS: Final = counter(
    "inventory_plugin_calls_total",
    "Calls to collector plugins, by gRPC status; a stream that this service ended is CANCELLED.",
    processes=[SERVER, WORKER],
    labels={"method": _METHODS, "status": ("OK",)},
)
PLATFORM_SECONDS: Final = histogram(
    "inventory_platform_call_seconds",
    "Duration of a call to a platform service, including retries, s.",
    processes=[SERVER, WORKER],
    labels={"service": _SERVICES},
)
PLATFORM_CALLS: Final = counter(
    "inventory_platform_calls_total",
    "Calls to platform services, by gRPC status.",
    processes=[SERVER, WORKER],
    labels={"service": _SERVICES, "status": ("OK",)},
)


class PluginCall:
    """Counts and traces one call to a plugin; it may end in a different thread than it began.

    Args:
        method: the called method.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._began = time.perf_counter()
        self.trace = tracing.Call(f"plugin.{method}")

    def end(self, status: str) -> None:
        """Record the status with which it ended, once."""
        PLUGIN_SECONDS.labels(self._method).observe(time.perf_counter() - self._began)
        PLUGIN_CALLS.labels(self._method, status).inc()
        self.trace.end("" if status == "OK" else status)


class PlatformCall:
    """Counts and traces one call to a platform service.

    Args:
        service: the called service.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._began = time.perf_counter()
        self.trace = tracing.Call(f"platform.{service}")

    def end(self, status: str) -> None:
        """Record the status with which it ended, once."""
        PLATFORM_SECONDS.labels(self._service).observe(time.perf_counter() - self._began)
        PLATFORM_CALLS.labels(self._service, status).inc()
        self.trace.end("" if status == "OK" else status)
