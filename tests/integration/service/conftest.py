"""Fixtures of the services' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.fakes.plugin import FakePlugin
from tests.integration.service.collector_kit import Kit
from tests.manual_clock import ManualClock


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    """A plugin that listens, without metadata."""
    with FakePlugin() as running:
        yield running


@pytest.fixture
def kit(database: Database[dict[str, Any]], clock: ManualClock, tmp_path: Path, plugin: FakePlugin) -> Iterator[Kit]:
    """The services of collectors and collects, with one plugin and no secrets."""
    made = Kit(database, clock, tmp_path, plugin)
    yield made
    made.connector.close()
