"""Metrics of the gateway."""

from __future__ import annotations

from typing import Final

from inventory.observe.metrics import GATEWAY, OPEN, Metrics

_METRICS = Metrics(GATEWAY)

REQUESTS: Final = _METRICS.counter(
    "inventory_gateway_requests_total", "HTTP requests to methods of the API.", labels={"method": OPEN, "status": OPEN}
)
SECONDS: Final = _METRICS.histogram(
    "inventory_gateway_request_seconds", "Time from a request's headers to its answer, s.", labels={"method": OPEN}
)
IN_PROGRESS: Final = _METRICS.gauge("inventory_gateway_requests_in_progress", "HTTP requests being handled.")
REQUEST_BYTES: Final = _METRICS.counter("inventory_gateway_request_bytes_total", "Bytes of received bodies.")
RESPONSE_BYTES: Final = _METRICS.counter("inventory_gateway_response_bytes_total", "Bytes of sent bodies.")
CONNECTIONS_CLOSED: Final = _METRICS.counter(
    "inventory_gateway_connections_closed_total", "Idle connections closed because gateway_max_connections was reached."
)
