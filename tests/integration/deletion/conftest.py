"""A whole service with a fake plugin, whose full collects delete at the second miss."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from inventory.domain.plain import Document
from inventory.service.deletion.manage import DeletionService
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.ingest.whole_kit import USER, Whole
from tests.integration.whole_fixtures import nothing_expires, plugin, whole

__all__ = ["nothing_expires", "plugin", "whole"]


class Fleet:
    """A collector of one secret, what its plugin sees, and its holds."""

    def __init__(self, whole: Whole, plugin: FakePlugin) -> None:
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


@pytest.fixture
def fleet(whole: Whole, plugin: FakePlugin) -> Fleet:
    return Fleet(whole, plugin)
