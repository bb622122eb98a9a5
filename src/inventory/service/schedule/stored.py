"""Stored schedules: their contents, and what is wrong with one that somebody broke by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.plain import Document
from inventory.domain.schedule.due import CollectorState, SkippedSpan, SkipReason
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec, spread_of
from inventory.errors import BadRequestError, InvalidParameterTypeError
from inventory.manager.collector.manager import ENABLED

_MEMBERS: Final[Mapping[str, type]] = {
    "schedule_id": str,
    "domain_id": str,
    "collector_id": str,
    "collect_mode": str,
    "anchor_at": datetime,
}
"""The fields without which a schedule cannot fire, and their types."""
_PARKED: Final = "it could not be read when it was due: set its schedule again"


def read_times(schedule: Mapping[str, Any], spread_seconds: float) -> FireTimes:
    """Return the fire times of a stored schedule.

    Args:
        spread_seconds: the interval over which fire times are spread, s.

    Raises:
        BadRequestError: a subclass that says why it cannot be read.
    """
    for key, kind in _MEMBERS.items():
        if not isinstance(schedule.get(key), kind):
            raise InvalidParameterTypeError(key=key, expected=kind.__name__)
    if not isinstance(schedule.get("filter") or {}, Mapping):
        raise InvalidParameterTypeError(key="filter", expected="dict")
    CollectMode.parse(schedule["collect_mode"])
    shift = spread_of(schedule["schedule_id"], spread_seconds)
    return FireTimes(ScheduleSpec.parse(schedule.get("schedule")), schedule["anchor_at"], shift)


def read_collector(collector: Mapping[str, Any]) -> CollectorState:
    """Return the state of a stored collector that decides about firing. Raises ``InvalidParameterTypeError``."""
    priority, enabled_at = collector.get("priority"), collector.get("enabled_at")
    disabled_at, before = collector.get("disabled_at"), collector.get("enabled_before")
    if not isinstance(priority, int):
        raise InvalidParameterTypeError(key="collector.priority", expected="int")
    if not isinstance(enabled_at, datetime | None):
        raise InvalidParameterTypeError(key="collector.enabled_at", expected="datetime")
    if not isinstance(disabled_at, datetime | None) or not isinstance(before, datetime | None):
        raise InvalidParameterTypeError(key="collector.disabled_at, enabled_before", expected="datetime")
    return CollectorState(collector.get("state") == ENABLED, enabled_at, priority, disabled_at, before)


def times_or_problem(schedule: Mapping[str, Any], spread_seconds: float) -> tuple[FireTimes | None, str]:
    """Return the fire times of a stored schedule, or None, and why it cannot fire, or the empty string."""
    try:
        times = read_times(schedule, spread_seconds)
    except BadRequestError as exc:
        return None, exc.message
    return times, "" if isinstance(schedule.get("next_fire_at"), datetime) else _PARKED


def read_skips(schedule: Mapping[str, Any]) -> list[SkippedSpan]:
    """Return a schedule's stored skips, each ``{fire_at, last_at, reason}``, without unreadable ones."""
    stored = schedule.get("skips")
    if not isinstance(stored, list):
        return []
    found = []
    for entry in stored:
        try:
            first, last, reason = entry["fire_at"], entry["last_at"], SkipReason(entry["reason"])
        except (KeyError, TypeError, ValueError):
            continue
        if isinstance(first, datetime) and isinstance(last, datetime):
            found.append(SkippedSpan(first, last, reason))
    return found


def write_skips(skips: list[SkippedSpan]) -> list[Document]:
    """Return skips as they are stored."""
    return [{"fire_at": each.first, "last_at": each.last, "reason": each.reason.value} for each in skips]
