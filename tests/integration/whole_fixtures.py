"""Fixtures of a whole service with a fake plugin, whose full collects delete at the second miss.

A ``conftest.py`` that imports them offers them to the tests of its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.plugin import FakePlugin
from tests.integration.ingest.whole_kit import GARBAGE, Whole
from tests.manual_clock import ManualClock


@pytest.fixture(autouse=True)
def nothing_expires(database: Any) -> None:
    """Keep MongoDB from removing what has expired by its own clock: these tests live in the past."""
    database.client.admin.command("setParameter", 1, ttlMonitorEnabled=False)


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    """A plugin whose full collects prove what is gone."""
    with FakePlugin(metadata=GARBAGE) as running:
        yield running


@pytest.fixture
def whole(database: Any, clock: ManualClock, plugin: FakePlugin, tmp_path: Path) -> Iterator[Whole]:
    """The service."""
    made = Whole(database, clock, plugin.endpoint, tmp_path, disconnect_threshold=2)
    yield made
    made.container.plugin_connector.close()


__all__ = ["nothing_expires", "plugin", "whole"]
