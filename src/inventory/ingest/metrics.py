"""Metrics of the ingest."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

UNKNOWN_TYPES: Final = Counter(
    "inventory_ingest_unknown_types_total",
    "Resource types of inventory.* that plugins sent and that have no place, once per type and task.",
    ["resource_type"],
)
