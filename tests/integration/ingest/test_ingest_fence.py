"""Whoever lost its claim writes nothing: a worker is frozen at each of its commands, and another ends its work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.ingest.garbage import GarbageCounts, collect_garbage
from inventory.ingest.pipeline import Ingest
from inventory.ingest.stores import IngestStores
from inventory.manager.job.garbage_claim import garbage_fence
from tests.integration.ingest.fence_kit import Slices, frozen, stored
from tests.integration.ingest.ingest_tools import CONTEXT, FakeIdentity, ingest, services
from tests.integration.ingest.test_ingest_mutations import assert_history_tells_the_present, assert_no_doubles
from tests.streams.build import message, region, service, service_type


def stream(version, *extra):
    """What a plugin sends: some resources change with the version, others do not."""
    return [
        service_type(tags={"version": version}),
        region(name=f"region {version}"),
        message("inventory.FilterCache", {"region_name": [version]}),
        message(f"inventory.Unknown{version}", {}),
        *(service(number, data={"version": version if number % 2 else "same"}) for number in range(6)),
        *(service(name, data={"version": version}) for name in extra),
    ]


def assert_true(database, version):
    """What is stored is what the last observation had, and the history tells how it came."""
    for found in services(database):
        number = found["reference"]["resource_id"].removeprefix("i-")
        if number.isdigit():
            assert found["data"]["version"] == (version if int(number) % 2 else "same")
    [kind], [place] = database["cloud_service_type"].find(), database["region"].find()
    assert (kind["tags"], place["name"]) == ({"version": version}, f"region {version}")
    # What several attempts at a task find is gathered.
    assert database["filter_cache"].find_one()["cache"]["region_name"][-1] == version
    told = [record["cloud_service_id"] for record in database["record"].find({"action": "CREATE"})]
    assert sorted(told) == sorted(found["cloud_service_id"] for found in services(database))
    assert_history_tells_the_present(database)
    assert_no_doubles(database)


LAST = 28
"""Commands of the stream's one batch until all is committed; then the fingerprints of what has changed are stored."""


@pytest.mark.parametrize(("at", "after"), [*((at, False) for at in range(1, LAST + 2)), (LAST, True)])
def test_a_worker_that_was_frozen_and_has_lost_its_slice_writes_nothing(database, mongo_uri, clock, at, after):
    ingest(database, clock, stream(1), context=replace(CONTEXT, job_task_id="job_task-0", slice_id="slice-0"))
    slices = Slices(database, clock)
    left = {}

    def meanwhile():
        slices.lose()
        result = ingest(database, clock, stream(3, "new"), context=slices.claim("worker-2"))
        assert (result.counts.created, result.counts.updated) == (1, 6)
        slices.finish(result.counts)
        left.update(stored(database))

    with (
        frozen(database, mongo_uri, at, meanwhile, after=after) as (elsewhere, point),
        elsewhere.client.start_session() as session,
    ):
        context = slices.claim("worker-1", session)
        result = Ingest(stores=IngestStores.of(elsewhere, clock), identity=FakeIdentity(), clock=clock).run(
            iter(stream(2, "old")),
            context,
            should_stop=lambda: False,
            on_progress=lambda counts: None,
            session=session,
        )
    assert point.happened
    # Once all is committed, there is nothing left to be lost.
    assert result.claim_lost is (at <= LAST and not after)
    assert stored(database) == left
    assert_true(database, 3)


GARBAGE_COMMANDS = 20
"""Until all is done; two counts follow."""


@pytest.mark.parametrize("at", range(1, GARBAGE_COMMANDS + 1))
def test_garbage_is_collected_once_whoever_wakes(database, mongo_uri, clock, at):
    """What is gone is counted and deleted by whoever has the claim; what was seen meanwhile stays."""
    ingest(database, clock, stream(1, "back", "gone"), context=replace(CONTEXT, job_task_id="job_task-0"))
    for task in ("job_task-1", "job_task-2"):
        clock.advance(timedelta(hours=2))
        context = replace(CONTEXT, job_task_id=task)
        ingest(database, clock, stream(1), context=context)
        collect_garbage(database, context=context, task_started_at=clock.now(), clock=clock)
    clock.advance(timedelta(hours=2))
    slices = Slices(database, clock)
    ingest(database, clock, stream(1), context=slices.claim("worker-1"))
    left = {}

    def collect(where, owner):
        with where.client.start_session() as session:
            claimed = slices.tasks.garbage.claim(
                "domain-1", slices.task_id, owner=owner, lease_seconds=30, session_id=session.session_id["id"]
            )
            assert claimed is not None
            return collect_garbage(
                where,
                context=replace(CONTEXT, job_task_id=slices.task_id),
                task_started_at=clock.now(),
                clock=clock,
                fence=garbage_fence("domain-1", slices.task_id, owner),
                session=session,
            )

    def meanwhile():
        slices.lose()
        counts = collect(database, "other")
        assert counts == GarbageCounts(deleted=2, disconnected=0)
        assert slices.tasks.garbage.record("domain-1", slices.task_id, owner="other", deleted=2, disconnected=0)
        # What is seen again is there again, whoever wakes.
        ingest(database, clock, [service("back")], collector_id="collector-2", job_task_id="job_task-9")
        left.update(stored(database))

    with frozen(database, mongo_uri, at, meanwhile) as (elsewhere, point):
        mine = collect(elsewhere, "worker-1")
    assert point.happened
    counts = {"deleted": 2, "disconnected": 0}
    assert mine in {None, GarbageCounts(**counts)}
    assert not slices.tasks.garbage.record("domain-1", slices.task_id, owner="worker-1", **counts)
    assert stored(database) == left
    assert [found["reference"]["resource_id"] for found in services(database)][-1] == "i-back"
    assert database["record"].count_documents({"action": "DELETE"}) == 2


LOOKUPS = (2, 3, 4)
"""What a slice asks once its batch is read, before its transaction begins; then that the resource has been touched."""


@pytest.mark.parametrize("at", LOOKUPS)
def test_what_another_slice_of_the_task_has_seen_later_stays(database, mongo_uri, clock, at):
    """A batch may wait long, say for identity: by then it is older than what is stored."""
    ingest(database, clock, [service(1, name="first"), service(2)], parallel=True)

    def meanwhile():
        clock.advance(timedelta(seconds=1))
        ingest(database, clock, [service(1, name="third")], parallel=True, slice_id="slice-3")
        clock.advance(timedelta(seconds=1))

    clock.advance(timedelta(seconds=1))
    with frozen(database, mongo_uri, at, meanwhile) as (elsewhere, point):
        stream_of_two = [service(1, name="second"), service(2)]
        result = ingest(elsewhere, clock, stream_of_two, parallel=True, slice_id="slice-2")

    assert point.happened
    assert (result.counts.updated, result.counts.failure) == (2, 0)
    assert services(database)[0]["name"] == "third"
    assert database["record"].count_documents({"action": "UPDATE"}) == 1
    assert_history_tells_the_present(database)
    # A clock that was set back meanwhile keeps nobody from writing.
    clock.advance(timedelta(hours=-1))
    ingest(database, clock, [service(1, name="fourth")], parallel=True)
    assert services(database)[0]["name"] == "fourth"


KINDS = {"cloud_service_type": lambda tags: service_type(tags=tags), "region": lambda tags: region(tags=tags)}


@pytest.mark.parametrize("command", ["find", "update"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_two_slices_the_later_observation_of_a_type_or_region_stays(database, mongo_uri, clock, kind, command):
    """Whichever writes first, and whatever each has read before."""
    of = KINDS[kind]
    ingest(database, clock, [of({"version": "1", "is": "same"})], parallel=True)
    for earlier, version in ((False, "3"), (True, "2")):

        def meanwhile(earlier=earlier, version=version):
            moved = timedelta(seconds=-1 if earlier else 1)
            clock.advance(moved)
            ingest(database, clock, [of({"version": version})], parallel=True, slice_id="slice-3")
            clock.advance(-moved)

        clock.advance(timedelta(seconds=5))
        with frozen(database, mongo_uri, f"{command} {kind}", meanwhile) as (elsewhere, point):
            mine = "2" if not earlier else "3"
            assert ingest(elsewhere, clock, [of({"version": mine})], parallel=True, slice_id="slice-2").complete
        assert point.happened
        assert database[kind].find_one()["tags"] == {"version": "3"}
    # A user's change, or another collector's, is no observation of these slices.
    database[kind].update_one({}, {"$set": {"updated_by": "manual"}})
    clock.advance(timedelta(seconds=-30))
    ingest(database, clock, [of({"version": "4"})], parallel=True)
    assert database[kind].find_one()["tags"] == {"version": "4"}
