"""A whole service with a fake plugin, whose full collects delete at the second miss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inventory.domain.clock import ManualClock
from inventory.model.connection import Document, ensure_indexes
from inventory.service.deletion.manage import DeletionService
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.ingest.whole_kit import GARBAGE, USER, Whole


class Fleet:
    """A collector of one secret, what its plugin sees, and its holds."""

    def __init__(self, whole: Whole, plugin: FakePlugin) -> None:
        ensure_indexes(whole.database)
        self.whole = whole
        self.plugin = plugin
        self.collector_id = whole.collector()

    @property
    def service(self) -> DeletionService:
        return self.whole.container.deletion_service

    def sees(self, *numbers: int, **fields: Any) -> None:
        """Let the plugin see these machines."""
        self.plugin.resources = [cloud_service(f"i-{number}", **fields) for number in numbers]

    def collect(self, times: int = 1, *, secret_id: str = "secret-1", collector_id: str = "") -> Document:
        """Collect, two hours after the last time each, and return the last task."""
        for _ in range(times):
            self.whole.clock.advance(timedelta(hours=2))
            [task] = self.whole.collect(collector_id or self.collector_id, secret_id=secret_id)
        return task

    def loses(self, numbers: Sequence[int], of: int = 40) -> Document:
        """Collect machines 0 to ``of``, and let ``numbers`` of them be missed so often that they are to be deleted."""
        self.sees(*range(of))
        self.collect()
        self.sees(*(number for number in range(of) if number not in numbers))
        return self.collect(2)

    def holds(self) -> list[Document]:
        """Return all holds and runs, the newest first."""
        found, total = self.service.list(USER, {})
        assert len(found) == total
        return [dict(each) for each in found]

    def living(self) -> set[int]:
        """Return the numbers of the machines that live."""
        return {int(name.removeprefix("i-")) for name in self.whole.listed(page={"limit": 1000})}


@pytest.fixture(autouse=True)
def nothing_expires(database: Any) -> None:
    """Keep MongoDB from removing what has expired by its own clock: these tests live in the past."""
    database.client.admin.command("setParameter", 1, ttlMonitorEnabled=False)


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    with FakePlugin(metadata=GARBAGE) as running:
        yield running


@pytest.fixture
def whole(database: Any, clock: ManualClock, plugin: FakePlugin, tmp_path: Path) -> Iterator[Whole]:
    made = Whole(database, clock, plugin.endpoint, tmp_path, disconnect_threshold=2)
    yield made
    made.container.plugin_connector.close()


@pytest.fixture
def fleet(whole: Whole, plugin: FakePlugin) -> Fleet:
    return Fleet(whole, plugin)
