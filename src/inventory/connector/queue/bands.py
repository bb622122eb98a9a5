"""Priority bands: Redis lists have no priority per message, so each band is a queue of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PLAN_JOB: Final = "plan_job"
RUN_SLICE: Final = "run_slice"
DRY_RUN: Final = "dry_run"

BANDS: Final[Mapping[str, int]] = {"urgent": 9, "normal": 39, "low": 99}
"""The bands, most urgent first, each with the highest priority (0–99, lower first) that belongs to it. The default
priority of a collector, 10, is normal."""


def band_of(priority: int) -> str:
    """Return the band that ``priority`` belongs to."""
    return next((band for band, highest in BANDS.items() if priority <= highest), "low")


def more_urgent_than(band: str) -> list[str]:
    """Return the bands that go before ``band``."""
    names = list(BANDS)
    return names[: names.index(band)]


def actor_name(action: str, band: str) -> str:
    """Return the name of the actor that handles messages of ``action`` in ``band``."""
    return f"{action}.{band}"
