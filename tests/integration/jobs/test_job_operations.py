"""How many commands a slice costs MongoDB: what a job of thousands of small accounts takes, is taken here."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from inventory.domain.clock import ManualClock
from tests.commands import counted
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.jobs.jobs_kit import JobsKit

OF_THE_SLICE = 21
"""Finding, claiming, starting, ending and settling it, and waking who waits for its place."""
OF_THE_INGEST = 6
"""The rules, two lookups, and one write each of records, resources and states."""


@pytest.mark.parametrize("resources", [1, 2])
def test_a_slice_costs_as_many_commands_whatever_it_brings(
    database: Database[dict[str, Any]], mongo_uri: str, clock: ManualClock, plugin: FakePlugin, resources: int
) -> None:
    plugin.resources = [cloud_service(f"i-{number}") for number in range(resources)]
    with counted(database, mongo_uri) as (watched, commands):
        kit = JobsKit(watched, clock, plugin.endpoint)
        job_id, _, [slice_id, _] = kit.plan(kit.insert_collector(), secrets=2, full_collect=True)
        worker = kit.worker()
        commands.sent.clear()
        worker.run(slice_id)
        spent = commands.sent.copy()
        kit.connector.close()
        remained = kit.job(job_id)["remained_tasks"]

    assert remained == 1
    assert spent.total() <= OF_THE_SLICE + OF_THE_INGEST, sorted(spent.items())
