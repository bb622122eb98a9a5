"""Fixtures of the scheduler's tests."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from tests.integration.scheduler.scheduler_kit import SchedulerKit
from tests.manual_clock import ManualClock


@pytest.fixture
def kit(database: Database[dict[str, Any]], clock: ManualClock) -> SchedulerKit:
    """Schedules and one scheduler, at a Monday noon."""
    return SchedulerKit(database, clock)
