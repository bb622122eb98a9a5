"""How many commands a slice costs MongoDB: what a job of thousands of small accounts takes, is taken here."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pymongo.database import Database

from tests.commands import counted
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service, cloud_service_type, region
from tests.integration.jobs.jobs_kit import JobsKit
from tests.manual_clock import ManualClock

OF_THE_SLICE = Counter(
    {
        ("find", "slice"): 3,  # itself, the places that others occupy, and its claim in the transaction of its batch
        ("find", "job"): 2,  # before it is claimed, and after its task was started
        ("find", "collector"): 1,
        ("findAndModify", "slice"): 2,  # its claim, and whoever waits for its places
        ("findAndModify", "job_task"): 1,
        ("update", "slice"): 1,
        ("update", "job_task"): 1,
        ("aggregate", "job_task"): 1,  # how many remain
        ("update", "job"): 1,
    }
)
OF_THE_INGEST = 9
"""The rules, two lookups, one write each of records, resources and states, and the commit of the batch's transaction.

At its end also a look at the types and one at the regions: this stream names a type and a region that it does not send.
"""


@pytest.mark.parametrize("resources", [1, 2])
def test_a_slice_costs_as_many_commands_whatever_it_brings(
    database: Database[dict[str, Any]], mongo_uri: str, clock: ManualClock, plugin: FakePlugin, resources: int
) -> None:
    with counted(database, mongo_uri) as (watched, commands):
        kit = JobsKit(watched, clock, plugin.endpoint)
        job_id, _, [first, slice_id, _] = kit.plan(kit.insert_collector(), secrets=3, full_collect=True)
        worker = kit.worker()
        plugin.resources = [cloud_service_type(metadata={"view": {}}), region()]
        worker.run(first)
        plugin.resources = [cloud_service(f"i-{number}") for number in range(resources)]
        commands.sent.clear()
        worker.run(slice_id)
        spent = commands.sent.copy()
        kit.connector.close()
        remained = kit.job(job_id)["remained_tasks"]

    assert remained == 1
    assert spent.total() <= OF_THE_SLICE.total() + OF_THE_INGEST, sorted(spent.items())
    assert Counter({key: spent[key] for key in OF_THE_SLICE}) == OF_THE_SLICE


def test_one_of_many_slices_of_a_task_starts_it_with_one_command(
    database: Database[dict[str, Any]], mongo_uri: str, clock: ManualClock, plugin: FakePlugin
) -> None:
    plugin.tasks = [{"n": 1}, {"n": 2}, {"n": 3}]
    with counted(database, mongo_uri) as (watched, commands):
        kit = JobsKit(watched, clock, plugin.endpoint)
        _, _, [first] = kit.plan(kit.insert_collector())
        worker = kit.worker()
        worker.run(first)
        commands.sent.clear()
        worker.run(kit.queue.enqueued[0])
        spent = commands.sent.copy()
        kit.connector.close()

    # One more to settle: the task, and whether it has open slices.
    assert (spent["findAndModify", "job_task"], spent["find", "job_task"]) == (1, 1)
    assert (spent["find", "slice"], spent["update", "job_task"], spent["update", "job"]) == (3, 0, 0)
