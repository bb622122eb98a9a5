"""Counts fresh, late and stale secrets for alerts; each replica does so separately."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from inventory.domain.clock import Clock
from inventory.domain.job.freshness import FreshnessState
from inventory.errors import InventoryError
from inventory.scheduler.engine import SchedulerPart
from inventory.scheduler.metrics import OLDEST_SUCCESS, SECRETS
from inventory.service.job.freshness import FreshnessService

PERIOD_SECONDS: Final = 60.0


class FreshnessWatch:
    """Looks at all domains.

    Args:
        domains: returns the ids of the domains that have collectors.
    """

    def __init__(self, *, freshness: FreshnessService, domains: Callable[[], Iterable[str]], clock: Clock) -> None:
        self._freshness = freshness
        self._domains = domains
        self._clock = clock

    def part(self) -> SchedulerPart:
        """Return it as a part of the scheduler."""
        return SchedulerPart("freshness", PERIOD_SECONDS, self.look)

    def look(self) -> None:
        """Count the secrets of all enabled collectors by state; what cannot be counted is shown as NaN.

        Raises:
            ConnectionFailureError: MongoDB is away.
        """
        counts: Counter[FreshnessState] = Counter()
        oldest: datetime | None = None
        try:
            for domain_id in self._domains():
                for view in self._freshness.of_enabled(domain_id):
                    counts[view.verdict.state] += 1
                    oldest = min(filter(None, (oldest, view.last_success_at)), default=None)
        except InventoryError:
            _show(dict.fromkeys(FreshnessState, math.nan), math.nan)
            raise
        age = 0.0 if oldest is None else (self._clock.now() - oldest).total_seconds()
        _show({state: float(counts[state]) for state in FreshnessState}, age)


def _show(counts: dict[FreshnessState, float], oldest_seconds: float) -> None:
    for state, count in counts.items():
        SECRETS.labels(state.value.lower()).set(count)
    OLDEST_SUCCESS.set(oldest_seconds)
