"""The guard of deletions: how many resources are too many to be deleted at once without approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from inventory.errors import InvalidParameterError

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
        """Return the guard of a collector with these tags; a stored tag that is not a percentage is ignored."""
        percent = _percent((tags or {}).get(TAG))
        return self if percent is None else DeletionGuard(percent, self.least)


def check_tags(tags: Mapping[str, object]) -> None:
    """Raise ``InvalidParameterError`` if the tag of the guard among these is not a percentage; null is as good as none.

    Without an error, a mistyped percentage would leave the collector with the default unnoticed.
    """
    if tags.get(TAG) is not None and _percent(tags[TAG]) is None:
        raise InvalidParameterError(key=f"tags.{TAG}", reason="must be a percentage from 0 to 100, such as 60 or '60'")


def _percent(value: object) -> float | None:
    try:
        percent = float(str(value))
    except ValueError:
        return None
    return percent if 0 <= percent <= 100 else None


NO_GUARD: Final = DeletionGuard(percent=0)
"""Holds nothing."""
