"""What the gateway counts."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "inventory_gateway_requests_total", "HTTP requests to methods of the API.", ["method", "status"]
)
SECONDS: Final = Histogram(
    "inventory_gateway_request_seconds",
    "Time from the headers of a request to its answer, seconds.",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
IN_PROGRESS: Final = Gauge("inventory_gateway_requests_in_progress", "HTTP requests to methods in work.")
REQUEST_BYTES: Final = Counter("inventory_gateway_request_bytes_total", "Bytes of bodies received.")
RESPONSE_BYTES: Final = Counter("inventory_gateway_response_bytes_total", "Bytes of bodies sent.")
