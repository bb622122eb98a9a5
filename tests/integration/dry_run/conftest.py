"""A whole service with a fake plugin, and what runs its dry runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.bootstrap.dry_run import dry_runner
from inventory.domain.clock import ManualClock
from inventory.model.connection import Document
from tests.fakes.plugin import FakePlugin
from tests.integration.ingest.whole_kit import DOMAIN, GARBAGE, USER, Whole


class Rehearsals:
    """Runs dry runs as a worker does, and reads their reports as a client does."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.service = whole.container.dry_run_service
        self.runner = dry_runner(whole.container)

    def start(self, collector_id: str, **request: Any) -> str:
        """Ask for one; nobody runs it yet."""
        return str(self.service.start(USER, {"collector_id": collector_id, **request})["dry_run_id"])

    def work(self) -> None:
        """Do what a worker does with the messages."""
        waiting, self.whole.queue.dry_runs = self.whole.queue.dry_runs, []
        for dry_run_id in waiting:
            self.runner.run(DOMAIN, dry_run_id)

    def run(self, collector_id: str, **request: Any) -> Document:
        """Return the report of a whole dry run."""
        dry_run_id = self.start(collector_id, **request)
        self.work()
        return self.service.get(USER, dry_run_id)

    def changes(self, report: Document, action: str = "") -> list[Document]:
        """Return all its changes."""
        found, total = self.service.list_changes(
            USER, {"dry_run_id": report["dry_run_id"], "action": action, "page": {"limit": 1000}}
        )
        assert len(found) == total
        return found


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
def rehearsals(whole: Whole) -> Rehearsals:
    return Rehearsals(whole)
