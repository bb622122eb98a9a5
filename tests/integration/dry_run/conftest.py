"""A whole service with a fake plugin, and what runs its dry runs."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.bootstrap.dry_run import dry_runner
from inventory.domain.plain import Document
from tests.integration.ingest.whole_kit import DOMAIN, USER, Whole
from tests.integration.whole_fixtures import nothing_expires, plugin, whole

__all__ = ["nothing_expires", "plugin", "whole"]


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


@pytest.fixture
def rehearsals(whole: Whole) -> Rehearsals:
    return Rehearsals(whole)
