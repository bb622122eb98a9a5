"""Fixtures of the tests of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from tests.fakes.plugin import FakePlugin
from tests.integration.jobs.jobs_kit import JobsKit
from tests.manual_clock import ManualClock


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    """A plugin that listens, and sends nothing unless told."""
    with FakePlugin() as running:
        yield running


@pytest.fixture
def kit(database: Database[dict[str, Any]], clock: ManualClock, plugin: FakePlugin) -> Iterator[JobsKit]:
    """Managers and services on a clock that stands still."""
    made = JobsKit(database, clock, plugin.endpoint)
    yield made
    made.connector.close()
