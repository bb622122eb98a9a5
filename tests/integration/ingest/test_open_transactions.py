"""Whoever ends the work of a frozen process ends its open transaction, so that others need not wait for MongoDB to."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.ingest.garbage import collect_garbage
from inventory.ingest.pipeline import Ingest
from inventory.ingest.stores import IngestStores
from inventory.manager.duty import DutyManager
from inventory.manager.job.garbage_claim import garbage_fence
from inventory.manager.transactions import Transactions
from inventory.scheduler.duties import DutyRunner, PeriodicDuty
from inventory.service.resource.housekeeping import Housekeeping
from tests.integration.ingest.fence_kit import Slices, frozen, stored
from tests.integration.ingest.ingest_tools import CONTEXT, FakeIdentity, ingest, services
from tests.streams.build import service

PATIENCE_SECONDS = 30.0
WAIT_SECONDS = 50.0
"""Less than until MongoDB itself ends an open transaction: 60 s."""
RECORDED = "insert record"
"""The last command of a transaction but a few: resources are written by then."""
ENDED = {
    "canceled with its job": lambda slices: slices.slices.cancel("domain-1", job_id=CONTEXT.job_id),
    "canceled with its task": lambda slices: slices.slices.cancel("domain-1", job_task_id=slices.task_id),
    "deleted with its job": lambda slices: slices.tasks.delete_of_jobs("domain-1", [CONTEXT.job_id]),
    "deleted with its task": lambda slices: slices.tasks.delete_task("domain-1", slices.task_id),
}


def assert_free(database):
    """Anybody may write the resources now."""

    def write(session):
        assert database["cloud_service"].update_many({}, {"$set": {"name": "free"}}, session=session).matched_count

    Transactions(database=database, patience_seconds=PATIENCE_SECONDS).run(write)


@pytest.mark.parametrize("how", ENDED)
def test_a_slice_that_ends_while_its_worker_is_frozen_blocks_nobody(database, mongo_uri, clock, how):
    ingest(database, clock, [service(1)], context=replace(CONTEXT, job_task_id="job_task-0", slice_id="slice-0"))
    slices = Slices(database, clock)
    left = {}

    def meanwhile():
        ENDED[how](slices)
        assert_free(database)
        left.update(stored(database))

    with (
        frozen(database, mongo_uri, RECORDED, meanwhile) as (elsewhere, point),
        elsewhere.client.start_session() as session,
    ):
        context = slices.claim("worker-1", session)
        result = Ingest(stores=IngestStores.of(elsewhere, clock), identity=FakeIdentity(), clock=clock).run(
            iter([service(1, data={"version": 2})]),
            context,
            should_stop=lambda: False,
            on_progress=lambda counts: None,
            session=session,
        )

    assert point.happened
    assert result.claim_lost
    assert stored(database) == left
    found = database["slice"].find_one({"slice_id": context.slice_id}) or {}
    assert "session" not in found


GARBAGE_ENDED = {
    "canceled": lambda slices: slices.tasks.cancel_of_job("domain-1", CONTEXT.job_id),
    "deleted": lambda slices: slices.tasks.delete_task("domain-1", slices.task_id),
}


@pytest.mark.parametrize("how", GARBAGE_ENDED)
def test_garbage_collection_that_ends_while_it_is_frozen_blocks_nobody(database, mongo_uri, clock, how):
    ingest(database, clock, [service(1), service("gone")], context=replace(CONTEXT, job_task_id="job_task-0"))
    clock.advance(timedelta(hours=2))
    slices = Slices(database, clock)
    ingest(database, clock, [service(1)], context=slices.claim("worker-1"))

    def meanwhile():
        GARBAGE_ENDED[how](slices)
        assert_free(database)

    with (
        frozen(database, mongo_uri, RECORDED, meanwhile) as (elsewhere, point),
        elsewhere.client.start_session() as session,
    ):
        session_id = session.session_id["id"]
        assert slices.tasks.garbage.claim(
            "domain-1", slices.task_id, owner="worker-1", lease_seconds=30, session_id=session_id
        )
        counts = collect_garbage(
            elsewhere,
            context=replace(CONTEXT, job_task_id=slices.task_id),
            task_started_at=clock.now(),
            clock=clock,
            threshold=1,
            fence=garbage_fence("domain-1", slices.task_id, "worker-1"),
            session=session,
        )

    assert point.happened
    assert counts is None
    assert len(services(database)) == 2


def scheduler(database, clock, owner, now):
    """Return what does the housekeeping of a scheduler that has yet to claim it, and what it removed."""
    runner = DutyRunner(duties=DutyManager(database=database, clock=clock, owner=owner, lease_seconds=30))
    done = []

    def work():
        fence, session = runner.fence("housekeeping"), runner.session("housekeeping")
        done.append(Housekeeping(database=database).run(now, fence, session))

    return lambda: runner.run(PeriodicDuty("housekeeping", 3600.0, work)), done


HOUSEKEEPING = range(8, 29)
"""Commands from the first that reads a resource until nothing but the end of the duty is left to be written."""


@pytest.mark.parametrize("at", HOUSEKEEPING)
def test_housekeeping_is_done_once_whoever_wakes(database, mongo_uri, clock, at):
    """A is frozen anywhere in it and loses its claim, B takes it over and ends it, A wakes: it writes nothing."""
    ingest(database, clock, [service("gone")], context=replace(CONTEXT, job_task_id="job_task-0"))
    clock.advance(timedelta(hours=60))
    ingest(database, clock, [service(1)], context=replace(CONTEXT, job_task_id="job_task-1"))
    database["job_task"].insert_one(
        {
            "domain_id": "domain-1",
            "collector_id": CONTEXT.collector_id,
            "secret_id": CONTEXT.secret_id,
            "job_task_id": "job_task-1",
            "status": "SUCCESS",
            "started_at": clock.now(),
        }
    )
    left = {}

    def meanwhile():
        clock.advance(timedelta(seconds=31))
        other, done = scheduler(database, clock, "other", clock.now())
        began = time.monotonic()
        assert other()
        assert time.monotonic() - began < WAIT_SECONDS
        assert done
        left.update(stored(database))

    with frozen(database, mongo_uri, at, meanwhile) as (elsewhere, point):
        first, _ = scheduler(elsewhere, clock, "first", clock.now())
        first()

    assert point.happened
    assert stored(database) == left
    assert database["record"].count_documents({"action": "DELETE"}) == 1
    assert [found["reference"]["resource_id"] for found in services(database)] == ["i-1"]
