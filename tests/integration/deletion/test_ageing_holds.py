"""Housekeeping deletes no more of a type at once than the guard lets pass; the rest is held."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect

from inventory.manager.deletion.held import HeldResources
from inventory.manager.resource.removal import ResourceRemover
from inventory.service.resource.housekeeping import HousekeepingCounts
from tests.fakes.resources import cloud_service
from tests.integration.deletion.conftest import Fleet
from tests.integration.deletion.test_holds import breaks_at
from tests.integration.ingest.whole_kit import USER

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
    fleet.plugin.resources = [cloud_service(f"i-{number}") for number in range(60)]
    fleet.collect()

    run(fleet)

    assert [hold["state"] for hold in fleet.holds()] == ["DISSOLVED"]


def test_approved_it_deletes_what_is_still_too_old_and_a_kill_is_made_good_by_a_second_call(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.service.resource.ageing._BATCH", 10)
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


def test_discarded_it_is_held_again_by_the_next_run(fleet: Fleet) -> None:
    aged(fleet, servers=30, disks=0)
    [hold] = fleet.holds()
    assert fleet.service.discard(USER, hold["deletion_id"])["state"] == "DISCARDED"

    assert run(fleet).held == 30

    assert [each["state"] for each in fleet.holds()] == ["HELD", "DISCARDED"]
    assert len(fleet.living()) == 120


def test_an_error_of_mongodb_in_an_approve_is_not_taken_for_the_end(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(fleet, servers=30, disks=0)
    [hold] = fleet.holds()
    with monkeypatch.context() as killing:
        killing.setattr(HeldResources, "deleted_by", breaks_at(1, HeldResources.deleted_by))
        with pytest.raises(AutoReconnect):
            fleet.service.approve(USER, hold["deletion_id"])

    assert fleet.service.get(USER, hold["deletion_id"])["state"] == "APPROVING"
    assert fleet.service.approve(USER, hold["deletion_id"])["deleted_count"] == 30
