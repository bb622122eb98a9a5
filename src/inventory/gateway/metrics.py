"""Metrics of the gateway."""

from __future__ import annotations

from typing import Final

from inventory.observe.metrics import GATEWAY, OPEN, counter, gauge, histogram

REQUESTS: Final = counter(
    "inventory_gateway_requests_total",
    "HTTP requests to methods of the API.",
    processes=[GATEWAY],
    labels={"method": OPEN, "status": OPEN},
)
SECONDS: Final = histogram(
    "inventory_gateway_request_seconds",
    "Time from a request's headers to its answer, s.",
    processes=[GATEWAY],
    labels={"method": OPEN},
)
IN_PROGRESS: Final = gauge(
    "inventory_gateway_requests_in_progress", "HTTP requests being handled.", processes=[GATEWAY]
)
REQUEST_BYTES: Final = counter(
    "inventory_gateway_request_bytes_total", "Bytes of received bodies.", processes=[GATEWAY]
)
RESPONSE_BYTES: Final = counter("inventory_gateway_response_bytes_total", "Bytes of sent bodies.", processes=[GATEWAY])
CONNECTIONS_CLOSED: Final = counter(
    "inventory_gateway_connections_closed_total",
    "Idle connections closed because gateway_max_connections was reached.",
    processes=[GATEWAY],
)
