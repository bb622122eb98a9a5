"""Removes fire times from the recorded skips that became jobs after all.

A scheduler that was frozen between its decision and the job creates the job of a fire time that another one has skipped
meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from inventory.domain.schedule.due import without
from inventory.domain.schedule.fire_times import FireTimes
from inventory.manager.schedule.manager import ScheduleManager
from inventory.service.schedule.stored import read_skips, write_skips

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class LateFire:
    """A fire time whose job was created although its schedule no longer waited for it.

    Attributes:
        schedule: as it was read.
        times: its fire times then.
        fire_at: the fire time.
    """

    schedule: Mapping[str, Any]
    times: FireTimes
    fire_at: datetime


def unskip(schedules: ScheduleManager, fires: Sequence[LateFire]) -> None:
    """Remove these fire times, at most one of each schedule, from the skips; one query if none is skipped."""
    for _ in range(_TRIES):
        if not fires or _unskip(schedules, fires):
            return


def _unskip(schedules: ScheduleManager, fires: Sequence[LateFire]) -> bool:
    """Return False if somebody changed a schedule meanwhile."""
    by_key = {fire.schedule["_id"]: fire for fire in fires}
    oldest = min(fire.fire_at for fire in fires)
    done = True
    for stored in schedules.with_skips([fire.schedule for fire in fires], oldest):
        fire, skips = by_key[stored["_id"]], read_skips(stored)
        left = without(skips, fire.fire_at, fire.times)
        if left != skips:
            done &= schedules.replace_skips(stored, write_skips(left))
    return done
