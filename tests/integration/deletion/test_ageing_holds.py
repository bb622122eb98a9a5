"""Housekeeping deletes no more of a type at once than the guard lets pass; the rest is held."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.errors import InvalidParameterError, InventoryError
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.resource.removal import ResourceRemover
from inventory.service.resource.age_holds import AgeHolds
from inventory.service.resource.housekeeping import Housekeeping, HousekeepingCounts
from tests.fakes.resources import cloud_service
from tests.integration.deletion.conftest import Fleet
from tests.integration.deletion.test_holds import breaks_at
from tests.integration.ingest.whole_kit import GARBAGE, USER

OLD = timedelta(days=3)


def aged(fleet: Fleet, *, servers: int, disks: int) -> HousekeepingCounts:
    """Let so many of sixty servers and disks each be too old, and do the housekeeping."""
    fleet.plugin.metadata = {}
    fleet.whole.container.collector_service.update_plugin(USER, {"collector_id": fleet.collector_id, "version": "1.0"})
    whole = [
        *(cloud_service(f"i-{number}") for number in range(60)),
        *(cloud_service(f"i-{100 + number}", type="Disk") for number in range(60)),
    ]
    fleet.plugin.resources = whole
    fleet.collect()
    fleet.whole.clock.advance(OLD)
    fleet.plugin.resources = [*whole[servers:60], *whole[60 + disks :]]
    fleet.collect()
    return run(fleet)


def run(fleet: Fleet) -> HousekeepingCounts:
    return fleet.whole.container.housekeeping.run(fleet.whole.clock.now())["domain-1"]


def test_a_type_of_which_too_much_is_old_is_held_and_others_age_as_ever(fleet: Fleet) -> None:
    counts = aged(fleet, servers=30, disks=10)

    assert (counts.deleted, counts.held) == (10, 30)
    run_of, hold = fleet.holds()
    assert (run_of["kind"], run_of["state"], run_of["deleted_count"]) == ("HOUSEKEEPING", "DONE", 10)
    assert (hold["kind"], hold["state"], hold["alive"], hold["held"]) == ("AGE", "HELD", 60, 30)
    assert hold["reason"] == "30 of 60 resources of the type test.Compute.Server are too old, more than 30 %"
    assert hold["types"] == [{"name": "test.Compute.Server", "count": 30}]
    assert len(fleet.living()) == 110


def test_the_share_is_of_what_no_collect_holds(fleet: Fleet) -> None:
    fleet.loses(range(75), of=100)
    fleet.whole.clock.advance(OLD)
    fleet.sees(99)
    fleet.whole.collect(fleet.collector_id, secret_id="secret-1")

    assert run(fleet) == HousekeepingCounts(held=24)

    [hold, _] = fleet.holds()
    assert (hold["kind"], hold["held"], hold["alive"]) == ("AGE", 24, 25)
    assert len(fleet.living()) == 100


def test_a_later_run_confirms_it_and_deletes_nothing_of_it_however_few_are_left(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    fleet.plugin.resources = [cloud_service(f"i-{number}") for number in range(2, 60)]
    fleet.collect()

    assert run(fleet) == HousekeepingCounts()

    [hold] = fleet.holds()
    assert (hold["state"], hold["missing"], hold["confirmations"]) == ("HELD", 2, 1)
    assert len(fleet.living()) == 120


def test_it_dissolves_once_all_are_back(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    fleet.plugin.resources = [cloud_service(f"i-{number}") for number in range(30)]
    fleet.collect()
    settle = fleet.whole.container.hold_settler.settle
    settle(fleet.whole.clock.now())
    assert [hold["state"] for hold in fleet.holds()] == ["DISSOLVED"], "within a minute, without housekeeping"
    assert fleet.whole.database["deletion"].count_documents({"state": "DISSOLVED"}) == 1


def test_an_approved_collect_deletes_what_is_missing_also_where_its_age_is_held(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    whole = list(fleet.plugin.resources)
    fleet.plugin.metadata = GARBAGE
    fleet.whole.container.collector_service.update_plugin(USER, {"collector_id": fleet.collector_id, "version": "1.0"})
    fleet.plugin.resources = [*whole, *(cloud_service(f"i-{number}") for number in range(30))]
    fleet.collect()
    fleet.plugin.resources = whole[30:]
    fleet.collect(2)
    [of_collect, of_age] = fleet.holds()
    assert (of_collect["kind"], of_collect["missing"], of_age["missing"]) == ("COLLECT", 60, 30)

    approved = fleet.service.approve(USER, of_collect["deletion_id"])

    assert (approved["state"], approved["deleted_count"], fleet.holds()[1]["state"]) == ("APPROVED", 60, "DISSOLVED")
    assert fleet.whole.database["record"].distinct("user_id", {"action": "DELETE"}) == ["user-1"]


def test_it_dissolves_once_a_user_has_deleted_all(fleet: Fleet) -> None:
    aged(fleet, servers=20, disks=30)
    [disks] = fleet.holds()[-1:]
    doomed = list(fleet.whole.database["cloud_service"].find({"hold_id": disks["deletion_id"]}))
    for entry in doomed[1:]:
        fleet.whole.container.cloud_service_service.delete(USER, entry["cloud_service_id"])
    assert fleet.service.get(USER, disks["deletion_id"])["missing"] == 1
    fleet.whole.container.cloud_service_service.delete(USER, doomed[0]["cloud_service_id"])

    assert fleet.service.get(USER, disks["deletion_id"])["state"] == "DISSOLVED"
    fleet.whole.container.hold_settler.settle(fleet.whole.clock.now())
    assert fleet.whole.database["deletion"].count_documents({"state": "DISSOLVED"}) == 1


def test_approved_it_deletes_what_is_still_too_old_and_a_kill_is_made_good_by_a_second_call(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.service.resource.age_holds._BATCH", 10)
    aged(fleet, servers=30, disks=0)
    fleet.plugin.resources = [cloud_service(f"i-{number}") for number in range(25, 60)]
    fleet.collect()
    [hold] = fleet.holds()
    with monkeypatch.context() as killing:
        killing.setattr(ResourceRemover, "delete", breaks_at(2, ResourceRemover.delete))
        with pytest.raises(Exception, match=r"killed|MongoDB|mongodb"):
            fleet.service.approve(USER, hold["deletion_id"])

    approved = fleet.service.approve(USER, hold["deletion_id"])

    assert (approved["state"], approved["deleted_count"]) == ("APPROVED", 25)
    assert fleet.living() == {*range(25, 60), *range(100, 160)}
    assert fleet.service.undo(USER, {"deletion_id": hold["deletion_id"]})["restored"] == 25
    run(fleet)
    assert len(fleet.living()) == 120


def test_an_approve_deletes_nothing_that_aged_after_the_hold_was_made(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    fleet.whole.clock.advance(OLD)
    fleet.plugin.resources = [
        *(cloud_service(f"i-{number}") for number in range(40, 60)),
        *(cloud_service(f"i-{100 + number}", type="Disk") for number in range(60)),
    ]
    fleet.collect()
    run(fleet)
    [hold] = fleet.holds()
    assert (hold["held"], hold["missing"]) == (30, 30)

    assert fleet.service.approve(USER, hold["deletion_id"])["deleted_count"] == 30

    assert fleet.living() == {*range(30, 60), *range(100, 160)}
    assert run(fleet).deleted == 10, "the next run decides about those: so few are not held"


def test_what_was_not_too_old_when_it_was_held_is_not_deleted_by_its_approve(fleet: Fleet) -> None:
    other = fleet.whole.collector()
    fleet.plugin.resources = [cloud_service(f"i-{number}") for number in range(200, 205)]
    fleet.plugin.metadata = {}
    fleet.collect(secret_id="secret-2", collector_id=other)
    aged(fleet, servers=30, disks=0)
    [hold] = fleet.holds()
    assert hold["held"] == 30, "what another collector saw, which has not succeeded since, is not too old"
    fleet.whole.container.collector_service.delete(USER, other)

    fleet.service.approve(USER, hold["deletion_id"])

    assert {200, 201, 202, 203, 204} <= fleet.living()


def test_a_discard_lasts_until_a_resource_is_seen_again(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    [hold] = fleet.holds()
    assert fleet.service.discard(USER, hold["deletion_id"])["state"] == "DISCARDED"

    fleet.whole.clock.advance(timedelta(days=30))
    fleet.plugin.resources = [
        *(cloud_service(f"i-{number}") for number in range(10, 60)),
        *(cloud_service(f"i-{100 + number}", type="Disk") for number in range(60)),
    ]
    fleet.collect()
    assert run(fleet) == HousekeepingCounts()
    fleet.whole.clock.advance(OLD)
    fleet.plugin.resources = [
        *(cloud_service(f"i-{number}") for number in range(15, 60)),
        *(cloud_service(f"i-{100 + number}", type="Disk") for number in range(60)),
    ]
    fleet.collect()

    assert run(fleet).deleted == 5

    assert fleet.living() == {*range(10), *range(15, 60), *range(100, 160)}


def test_what_is_held_is_not_deleted_by_the_garbage_collection_of_a_collect(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    services = fleet.whole.database["cloud_service"]
    states = fleet.whole.database["collection_state"]
    held = [each["cloud_service_id"] for each in services.find({"hold_id": {"$exists": True}}).limit(3)]
    states.update_many({"cloud_service_id": {"$nin": held}}, {"$set": {"seen_at": fleet.whole.clock.now()}})
    fleet.plugin.metadata = GARBAGE
    fleet.whole.container.collector_service.update_plugin(USER, {"collector_id": fleet.collector_id, "version": "1.0"})

    fleet.collect(2)

    assert services.count_documents({"cloud_service_id": {"$in": held}, "state": "ACTIVE"}) == 3


def test_a_run_that_is_killed_while_it_holds_is_completed_by_the_next(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.service.resource.age_holds._BATCH", 8)
    with monkeypatch.context() as killing:
        killing.setattr(AgeHolds, "_mark", breaks_at(2, AgeHolds._mark))
        with pytest.raises(Exception, match=r"killed|MongoDB|mongodb"):
            aged(fleet, servers=30, disks=0)
    [hold] = fleet.holds()
    assert (hold["state"], hold["held"]) == ("PREPARING", 8)
    with pytest.raises(InvalidParameterError, match="is PREPARING"):
        fleet.service.approve(USER, hold["deletion_id"])

    run(fleet)

    [hold] = fleet.holds()
    assert (hold["state"], hold["held"], hold["missing"]) == ("HELD", 30, 30)
    assert len(fleet.living()) == 120


@pytest.mark.parametrize("excluded", [False, True])
def test_a_discard_that_is_killed_is_finished_by_the_next_run(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, *, excluded: bool
) -> None:
    aged(fleet, servers=30, disks=0)
    [hold] = fleet.holds()
    with monkeypatch.context() as killing:
        killing.setattr(AgeHolds, "keep", breaks_at(1, AgeHolds.keep))
        with pytest.raises(InventoryError):
            fleet.service.discard(USER, hold["deletion_id"])
    assert fleet.service.get(USER, hold["deletion_id"])["state"] == "DISCARDING"
    domains = ["domain-1"] if excluded else []

    Housekeeping(database=fleet.whole.database, excluded_domains=domains).run(fleet.whole.clock.now())

    assert fleet.service.get(USER, hold["deletion_id"])["state"] == "DISCARDED"
    assert len(fleet.living()) == 120


def test_holds_of_a_domain_that_is_excluded_by_now_are_dissolved(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    excluding = Housekeeping(database=fleet.whole.database, excluded_domains=["domain-1"])

    assert excluding.run(fleet.whole.clock.now()) == {}

    assert [hold["state"] for hold in fleet.holds()] == ["DISSOLVED"]
    assert fleet.whole.database["cloud_service"].count_documents({"hold_id": {"$exists": True}}) == 0


def test_an_error_of_mongodb_in_an_approve_is_not_taken_for_the_end(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(fleet, servers=30, disks=0)
    [hold] = fleet.holds()
    with monkeypatch.context() as killing:
        killing.setattr(HoldManager, "close", breaks_at(1, HoldManager.close))
        with pytest.raises(InventoryError):
            fleet.service.approve(USER, hold["deletion_id"])

    assert fleet.service.get(USER, hold["deletion_id"])["state"] == "APPROVING"
    assert fleet.service.approve(USER, hold["deletion_id"])["deleted_count"] == 30
