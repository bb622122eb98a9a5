"""Garbage collection after tasks, housekeeping by the hour, on a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect
from structlog.testing import capture_logs

from inventory.domain.collector.collect_mode import CollectMode
from inventory.errors import ConnectionFailureError
from inventory.ingest.garbage import GarbageCounts, collect_garbage, is_due
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.service.resource.ageing import Ages
from inventory.service.resource.housekeeping import Housekeeping
from tests.integration.ingest.ingest_tools import CONTEXT, ingest, services
from tests.streams.build import region, service, service_type

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _living_collectors(database):
    """The collectors exist: what one that was deleted has seen ages."""
    database["collector"].insert_many(
        {"collector_id": f"collector-{number}", "domain_id": "domain-1", "name": str(number)} for number in (1, 2)
    )


def collect(database, clock, stream, task, **changes):
    """Run a task: its stream, then its garbage collection."""
    context = replace(CONTEXT, job_task_id=task, slice_id=f"slice-{task}", **changes)
    started = clock.now()
    ingest(database, clock, stream, context=context)
    return collect_garbage(database, context=context, task_started_at=started, clock=clock)


def names(database):
    return [doc["reference"]["resource_id"] for doc in services(database)]


def succeeded(database, clock, *, collector_id="collector-1", secret_id="secret-1", **fields):
    """Store a successful job task that begins now."""
    task = {
        "job_task_id": f"job_task-{database['job_task'].count_documents({})}",
        "job_id": f"job-{database['job_task'].count_documents({})}",
        "domain_id": "domain-1",
        "collector_id": collector_id,
        "secret_id": secret_id,
        "status": "SUCCESS",
        "filter": {},
        "started_at": clock.now(),
        "finished_at": clock.now(),
    }
    database["job_task"].insert_one({**task, **fields})


def test_what_three_full_collects_do_not_see_is_deleted(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    for task in ("t1", "t2"):
        clock.advance(2 * HOUR)
        assert collect(database, clock, [service(1)], task) == GarbageCounts(deleted=0, disconnected=1)
    clock.advance(2 * HOUR)
    assert collect(database, clock, [service(1)], "t3") == GarbageCounts(deleted=1, disconnected=0)

    assert names(database) == ["i-1"]
    gone = database["cloud_service"].find_one({"state": "DELETED"})
    assert gone["deleted_at"] == clock.now()
    assert "match_key" not in gone
    assert "fingerprint" not in gone
    record = database["record"].find_one({"action": "DELETE"})
    assert (record["cloud_service_id"], record["diff_count"]) == (gone["cloud_service_id"], 0)
    assert (record["updated_by"], record["collector_id"], record["job_id"]) == ("COLLECTOR", "collector-1", "job-1")

    clock.advance(2 * HOUR)
    assert collect(database, clock, [service(1)], "t4") == GarbageCounts()
    assert ingest(database, clock, [service(2)]).counts.created == 1


def test_repeating_a_garbage_collection_counts_nothing_twice(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    for task in ("t1", "t2", "t3"):
        clock.advance(2 * HOUR)
        first = collect(database, clock, [service(1)], task)
        context = replace(CONTEXT, job_task_id=task)
        for _ in range(3):
            again = collect_garbage(database, context=context, task_started_at=clock.now(), clock=clock)
            assert again == first
    assert database["record"].count_documents({"action": "DELETE"}) == 1


def test_a_garbage_collection_that_broke_off_is_completed(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    for task in ("t1", "t2", "t3"):
        clock.advance(2 * HOUR)
        counts = collect(database, clock, [service(1)], task)
    # As if it had died after the resource became DELETED and before that was noted.
    database["collection_state"].update_one({"deleted": True}, {"$unset": {"deleted": ""}})
    context = replace(CONTEXT, job_task_id="t3")
    assert collect_garbage(database, context=context, task_started_at=clock.now(), clock=clock) == counts
    assert counts == GarbageCounts(deleted=1)
    assert database["record"].count_documents({"action": "DELETE"}) == 1


def test_being_seen_again_begins_anew(database, clock):
    for task in range(8):
        clock.advance(2 * HOUR)
        collect(database, clock, [service(1), *([service(2)] if task % 3 == 0 else [])], f"t{task}")
    assert names(database) == ["i-1", "i-2"]


def test_what_was_seen_within_the_hour_is_not_counted(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    for task in range(5):
        clock.advance(timedelta(minutes=10))
        assert collect(database, clock, [service(1)], f"u{task}") == GarbageCounts()


def test_what_another_collector_or_secret_still_sees_stays(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    for task in range(5):
        clock.advance(2 * HOUR)
        collect(database, clock, [service(2)], f"o{task}", secret_id="secret-2")
        counts = collect(database, clock, [service(1)], f"t{task + 1}")
        assert counts == GarbageCounts(disconnected=1)
    assert names(database) == ["i-1", "i-2"]


def test_other_domains_and_resources_made_by_hand_are_left_alone(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    ingest(database, clock, [service(2)], domain_id="domain-2", job_task_id="x")
    database["cloud_service"].insert_one(
        {"domain_id": "domain-1", "cloud_service_id": "cloud-svc-hand", "state": "ACTIVE", "collection_info": []}
    )
    for task in range(4):
        clock.advance(2 * HOUR)
        collect(database, clock, [service(1)], f"t{task + 1}")
    assert database["cloud_service"].count_documents({"state": "ACTIVE"}) == 3


def test_what_a_user_deleted_counts_in_nothing(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    database["cloud_service"].update_one(
        {"reference.resource_id": "i-2"}, {"$set": {"state": "DELETED", "deleted_by": "user:x"}}
    )
    clock.advance(2 * HOUR)
    assert collect(database, clock, [service(1)], "t1") == GarbageCounts()
    assert database["collection_state"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("changes", "seen", "due"),
    [
        ({}, 1, True),
        ({}, 0, False),
        ({"full_collect": False}, 1, False),
        ({"collect_mode": CollectMode.CREATE}, 1, False),
        ({"plugin_metadata": {}}, 1, False),
        ({"plugin_metadata": {"supported_features": ["x"]}}, 1, False),
    ],
)
def test_only_a_full_collect_that_saw_something_proves_anything(changes, seen, due):
    assert is_due(replace(CONTEXT, **changes), resources_seen=seen) is due


def test_resources_age_only_where_collecting_succeeds(database, clock):
    ingest(database, clock, [service(1), service(2, provider="aws")])
    ingest(database, clock, [service(3)], collector_id="collector-2")
    database["cloud_service"].insert_one(
        {
            "domain_id": "domain-1",
            "cloud_service_id": "cloud-svc-hand",
            "state": "ACTIVE",
            "collection_info": [],
            "updated_at": clock.now(),
        }
    )
    housekeeping = Housekeeping(database=database)
    clock.advance(49 * HOUR)
    assert housekeeping.run(clock.now())["domain-1"].deleted == 0

    succeeded(database, clock, filter={"region_name": ["x"]})
    assert housekeeping.run(clock.now())["domain-1"].deleted == 0

    succeeded(database, clock)
    ingest(database, clock, [service(1)])
    assert housekeeping.run(clock.now())["domain-1"].deleted == 1
    assert set(names_of(database)) == {"i-1", "i-3", None}
    record = database["record"].find_one({"action": "DELETE"})
    assert record["collector_id"] == "collector-1"
    assert "job_id" not in record
    assert housekeeping.run(clock.now())["domain-1"].deleted == 0


@pytest.mark.parametrize(
    ("view", "deleted"),
    [
        ({"full_collect": False}, 0),
        ({"full_collect": True, "view_started_at": "before"}, 0),
        ({"full_collect": True, "view_started_at": "after"}, 1),
    ],
)
def test_a_retry_of_a_part_proves_no_more_than_the_view_that_it_completes(database, clock, view, deleted):
    started = {"before": clock.now() - HOUR}
    ingest(database, clock, [service(1)])
    clock.advance(49 * HOUR)
    started["after"] = clock.now() - HOUR
    succeeded(database, clock, **{name: started.get(value, value) for name, value in view.items()})

    assert Housekeeping(database=database).run(clock.now())["domain-1"].deleted == deleted


def names_of(database):
    return [(doc.get("reference") or {}).get("resource_id") for doc in services(database)]


def test_what_is_seen_in_a_mode_that_does_not_write_does_not_age(database, clock):
    ingest(database, clock, [service(1)])
    clock.advance(49 * HOUR)
    succeeded(database, clock)
    ingest(database, clock, [service(1)], collect_mode=CollectMode.CREATE)
    assert Housekeeping(database=database).run(clock.now())["domain-1"].deleted == 0


def test_types_have_ages_of_their_own_and_domains_can_be_left_out(database, clock):
    ingest(database, clock, [service(1), service(2, cloud_service_type="Volume")])
    clock.advance(10 * HOUR)
    succeeded(database, clock)
    ages = Ages(hours_by_type={"aws.EC2.Volume": 5.0})
    left_out = Housekeeping(database=database, ages=ages, excluded_domains=["domain-1"])
    assert left_out.run(clock.now()) == {}
    assert Housekeeping(database=database, ages=ages).run(clock.now())["domain-1"].deleted == 1
    assert names(database) == ["i-1"]


def test_types_and_regions_go_when_unused_and_their_collector_works(database, clock):
    stream = [service_type(), service_type("Old"), region(), region("old"), service(1)]
    ingest(database, clock, stream)
    database["region"].insert_one(
        {"domain_id": "domain-1", "region_id": "r", "region_code": "by-hand", "provider": "x", "updated_by": "manual"}
        | {"updated_at": clock.now()}
    )
    clock.advance(49 * HOUR)
    housekeeping = Housekeeping(database=database)
    assert housekeeping.run(clock.now())["domain-1"].types == 0
    succeeded(database, clock)
    ingest(database, clock, [service(1)])
    counts = housekeeping.run(clock.now())["domain-1"]
    assert (counts.types, counts.regions) == (1, 1)
    assert [doc["name"] for doc in database["cloud_service_type"].find()] == ["Instance"]
    assert sorted(doc["region_code"] for doc in database["region"].find()) == ["ap-northeast-2", "by-hand"]


def test_deleted_resources_are_terminated_with_their_records(database, clock):
    collect(database, clock, [service(1), service(2)], "t0")
    for task in range(3):
        clock.advance(2 * HOUR)
        collect(database, clock, [service(1)], f"t{task + 1}")
    housekeeping = Housekeeping(database=database)
    clock.advance(timedelta(days=89))
    assert housekeeping.run(clock.now())["domain-1"].terminated == 0
    clock.advance(timedelta(days=2))
    assert housekeeping.run(clock.now())["domain-1"].terminated == 1
    assert database["cloud_service"].count_documents({}) == 1
    assert database["record"].count_documents({}) == 1
    assert database["collection_state"].count_documents({}) == 1


def test_a_domain_that_somebody_broke_does_not_keep_the_others_from_housekeeping(database, clock):
    for domain_id in ("domain-1", "domain-2", "domain-3"):
        ingest(database, clock, [region()], domain_id=domain_id)
    database["region"].update_one({"domain_id": "domain-2"}, {"$set": {"seen_at": "very secret"}})
    database["region"].insert_one({"domain_id": None, "region_id": "r"})
    clock.advance(49 * HOUR)
    for domain_id in ("domain-1", "domain-2", "domain-3"):
        succeeded(database, clock, domain_id=domain_id)

    with capture_logs() as logs:
        done = Housekeeping(database=database).run(clock.now())

    assert {domain_id: counts.regions for domain_id, counts in done.items()} == {"domain-1": 1, "domain-3": 1}
    [failed] = [line for line in logs if line["event"] == "housekeeping_failed"]
    assert (failed["log_level"], failed["domain_id"], failed["error"]) == ("error", "domain-2", "TypeError")
    assert "very secret" not in str(logs)


def test_while_mongodb_is_away_housekeeping_fails_as_a_whole(database, clock, monkeypatch):
    for domain_id in ("domain-1", "domain-2"):
        ingest(database, clock, [region()], domain_id=domain_id)
    tried = []

    def away(_self, domain_id, now):
        tried.append(domain_id)
        raise AutoReconnect

    monkeypatch.setattr(FilterCacheStore, "remove_expired", away)

    with pytest.raises(ConnectionFailureError):
        Housekeeping(database=database).run(clock.now())
    assert tried == ["domain-1"]


@pytest.mark.parametrize("states", [True, False])
def test_what_only_a_deleted_collector_saw_ages(database, clock, states):
    ingest(database, clock, [service(1), region(), service_type("Instance")])
    database["collector"].delete_one({"collector_id": "collector-1"})
    if states:
        database["collection_state"].delete_many({})
    housekeeping = Housekeeping(database=database)

    clock.advance(47 * HOUR)
    assert "domain-1" not in housekeeping.run(clock.now()) or names(database) == ["i-1"]
    clock.advance(2 * HOUR)
    counts = housekeeping.run(clock.now())["domain-1"]

    assert (counts.deleted, counts.types, counts.regions) == (1, 1, 1)


def test_what_another_living_collector_saw_does_not_age_while_that_one_fails(database, clock):
    ingest(database, clock, [service(1)], collector_id="collector-2", secret_id="secret-2")
    ingest(database, clock, [service(1)])
    database["collector"].delete_one({"collector_id": "collector-1"})
    database["collection_state"].delete_many({"collector_id": "collector-1"})
    clock.advance(49 * HOUR)

    assert Housekeeping(database=database).run(clock.now())["domain-1"].deleted == 0

    succeeded(database, clock, collector_id="collector-2", secret_id="secret-2")
    assert Housekeeping(database=database).run(clock.now())["domain-1"].deleted == 1


def test_a_stream_of_types_and_regions_alone_proves_nothing(database, clock):
    collect(database, clock, [service(1)], "t0")
    for task in ("t1", "t2", "t3", "t4"):
        clock.advance(2 * HOUR)
        result = ingest(database, clock, [region(), service_type("Instance")], job_task_id=task)
        assert result.resources_seen == 0
        assert not is_due(CONTEXT, resources_seen=result.resources_seen)


def test_a_region_sent_without_a_name_keeps_the_one_it_has(database, clock):
    named, unnamed = region(), region()
    unnamed.resource.pop("name", None)
    ingest(database, clock, [unnamed])
    assert database["region"].find_one()["name"] == database["region"].find_one()["region_code"]
    ingest(database, clock, [named])
    ingest(database, clock, [unnamed])
    assert database["region"].find_one()["name"] == named.resource["name"]
