"""The guard of deletions: how many resources are too many to be deleted at once without approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TAG: Final = "deletion_guard_percent"
"""The tag of a collector that replaces the setting of the same name for it."""


@dataclass(frozen=True, slots=True)
class DeletionGuard:
    """What is deleted without approval.

    Attributes:
        percent: of the active resources; a deletion of a larger share at once is held; 0: nothing is held.
        least: resources; fewer than that are never held.
    """

    percent: float = 30.0
    least: int = 20

    def holds(self, deleted: int, alive: int) -> bool:
        """Return whether deleting ``deleted`` of ``alive`` resources is held."""
        return self.percent > 0 and deleted >= self.least and 100 * deleted > self.percent * alive

    def of_collector(self, tags: Mapping[str, object] | None) -> DeletionGuard:
        """Return the guard of a collector with these tags; a tag that is not a percentage is ignored."""
        try:
            percent = float(str((tags or {}).get(TAG)))
        except ValueError:
            return self
        return DeletionGuard(percent, self.least) if 0 <= percent <= 100 else self


NO_GUARD: Final = DeletionGuard(percent=0)
"""Holds nothing."""
