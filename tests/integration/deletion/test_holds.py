"""Too many deletions at once are held: what makes a hold, what confirms and dissolves it, and what answers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from inventory.errors import InvalidParameterError, NotFoundError
from inventory.ingest.garbage import _Garbage
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.resource.removal import ResourceRemover
from inventory.scheduler.census import Census
from inventory.scheduler.metrics import DELETIONS_HELD
from inventory.service.job.collect import CollectRequest
from tests.integration.deletion.conftest import Fleet
from tests.integration.ingest.whole_kit import DOMAIN, USER, Whole, counts

LOST = range(20)
"""Half of the forty machines: twenty, the least that is held."""


def held_by_census(fleet: Fleet) -> float:
    """Return the number of holds that the alert is about."""
    Census(database=fleet.whole.database, queue_states=list).take()
    return DELETIONS_HELD._value.get()


def test_too_many_at_once_are_held_with_the_reason_and_nothing_is_deleted(fleet: Fleet) -> None:
    task = fleet.loses(LOST)

    assert counts(task) == {"updated": 20, "disconnected": 20}
    assert task["held_count"] == 20
    assert len(fleet.living()) == 40
    [hold] = fleet.holds()
    assert (hold["kind"], hold["state"], hold["alive"], hold["held"], hold["missing"]) == (
        "COLLECT",
        "HELD",
        40,
        20,
        20,
    )
    assert hold["reason"] == "a complete collect no longer saw 20 of 40 resources, more than 30 %"
    assert (hold["job_task_id"], hold["collector_id"]) == (task["job_task_id"], fleet.collector_id)
    assert hold["types"] == [{"name": "test.Compute.Server", "count": 20}]
    assert hold["regions"] == [{"name": "region-1", "count": 20}]
    assert len(hold["examples"]) == 20
    assert hold["examples"][0]["resource_id"].startswith("i-")


def test_a_tag_of_the_collector_goes_before_the_setting(fleet: Fleet) -> None:
    def tagged(percent: str) -> None:
        request = {"collector_id": fleet.collector_id, "tags": {"deletion_guard_percent": percent}}
        fleet.whole.container.collector_service.update(USER, request)

    tagged("60")
    assert fleet.loses(LOST)["deleted_count"] == 20
    with pytest.raises(InvalidParameterError, match=r"key = tags\.deletion_guard_percent, reason = must be a perc"):
        tagged("90 %")
    fleet.whole.container.collector_service.update(USER, {"collector_id": fleet.collector_id, "tags": {}})
    fleet.sees()
    fleet.sees(0)
    assert fleet.collect(2)["held_count"] == 20
    tagged("0")
    fleet.sees(0, *range(40, 80))
    fleet.collect()
    fleet.sees(0)
    assert fleet.collect(2)["deleted_count"] == 40


def test_what_only_others_still_see_counts_for_no_hold(fleet: Fleet) -> None:
    other = fleet.whole.collector()
    fleet.sees(*range(40))
    fleet.collect()
    fleet.collect(secret_id="secret-2", collector_id=other)
    fleet.sees(*range(20, 40))
    fleet.collect()
    fleet.sees(*range(40))
    fleet.collect(secret_id="secret-2", collector_id=other)
    fleet.sees(*range(20, 40))

    fleet.collect()

    assert fleet.holds() == []
    assert len(fleet.living()) == 40


def test_what_returns_leaves_the_hold_and_what_stays_missing_stays_held(fleet: Fleet) -> None:
    fleet.loses(LOST)
    fleet.sees(*range(5, 40))

    fleet.collect()
    fleet.collect()

    [hold] = fleet.holds()
    assert (hold["state"], hold["held"], hold["missing"], hold["confirmations"]) == ("HELD", 20, 5, 2)
    assert len(fleet.living()) == 40
    fleet.collect(3)
    assert len(fleet.living()) == 40, "nothing is deleted because nobody answered, however few they are"


def test_a_hold_of_which_all_returned_is_dissolved(fleet: Fleet) -> None:
    fleet.loses(LOST)
    fleet.sees(*range(40))
    fleet.collect()

    assert [hold["state"] for hold in fleet.holds()] == ["DISSOLVED"]
    fleet.whole.container.hold_settler.settle(fleet.whole.clock.now())
    assert held_by_census(fleet) == 0, "the alert ends"
    stored = fleet.whole.database["deletion"].find_one({})
    assert stored is not None
    assert stored["state"] == "DISSOLVED"
    with pytest.raises(InvalidParameterError, match="DISSOLVED already"):
        fleet.service.approve(USER, stored["deletion_id"])


def test_a_hold_of_which_a_user_has_deleted_all_is_dissolved_at_once(fleet: Fleet) -> None:
    fleet.loses(LOST)
    for number in LOST:
        fleet.whole.container.cloud_service_service.delete(USER, fleet.whole.named(f"i-{number}")["cloud_service_id"])

    [hold] = fleet.holds()
    assert (hold["state"], hold["missing"]) == ("DISSOLVED", 0)
    with pytest.raises(InvalidParameterError, match="DISSOLVED already: it holds nothing"):
        fleet.service.approve(USER, hold["deletion_id"])
    fleet.whole.container.hold_settler.settle(fleet.whole.clock.now())
    assert held_by_census(fleet) == 0, "the alert ends"


def test_what_goes_beside_a_hold_is_deleted_as_ever(fleet: Fleet) -> None:
    fleet.loses(LOST)
    fleet.sees(*range(23, 40))

    task = fleet.collect(2)

    assert counts(task) == {"updated": 17, "deleted": 3, "disconnected": 20}
    assert fleet.living() == {*LOST, *range(23, 40)}


def test_the_share_is_of_what_is_not_held_yet(fleet: Fleet) -> None:
    fleet.loses(range(75), of=100)
    fleet.sees(99)

    task = fleet.collect(2)

    assert (task["deleted_count"], task["held_count"]) == (0, 24)
    assert len(fleet.living()) == 100
    assert [(hold["state"], hold["held"], hold["alive"]) for hold in fleet.holds()] == [
        ("HELD", 24, 25),
        ("HELD", 75, 100),
    ]
    why = "a complete collect no longer saw 24 of 25 resources (75 more are held already), more than 30 %"
    assert fleet.holds()[0]["reason"] == why


def test_approve_deletes_exactly_what_is_still_missing_then(fleet: Fleet) -> None:
    fleet.loses(LOST)
    fleet.sees(*range(5, 40))
    fleet.collect()
    [hold] = fleet.holds()

    approved = fleet.service.approve(USER, hold["deletion_id"])

    assert (approved["state"], approved["deleted_count"], approved["decided_by"]) == ("APPROVED", 5, "user-1")
    assert fleet.living() == set(range(5, 40))
    gone = fleet.whole.named("i-0")
    assert (gone["state"], gone["deleted_by"]) == ("DELETED", hold["deletion_id"])
    records = list(fleet.whole.database["record"].find({"cloud_service_id": gone["cloud_service_id"]}).sort("_id"))
    assert sorted(record["action"] for record in records) == ["CREATE", "DELETE"]
    assert fleet.service.approve(USER, hold["deletion_id"])["deleted_count"] == 5
    assert fleet.whole.database["collection_state"].count_documents({}) == 35


def test_discard_keeps_all_and_counts_misses_from_the_start(fleet: Fleet) -> None:
    fleet.loses(LOST)
    [hold] = fleet.holds()

    assert fleet.service.discard(USER, hold["deletion_id"])["state"] == "DISCARDED"

    assert fleet.collect()["disconnected_count"] == 20
    assert [each["state"] for each in fleet.holds()] == ["DISCARDED"]
    assert fleet.collect()["held_count"] == 20
    assert [each["state"] for each in fleet.holds()] == ["HELD", "DISCARDED"]
    with pytest.raises(InvalidParameterError, match="DISCARDED already"):
        fleet.service.approve(USER, hold["deletion_id"])
    assert len(fleet.living()) == 40


def test_what_is_held_does_not_age_either(fleet: Fleet) -> None:
    fleet.loses(LOST)
    fleet.whole.clock.advance(timedelta(days=30))
    fleet.collect()

    fleet.whole.container.housekeeping.run(fleet.whole.clock.now())

    assert len(fleet.living()) == 40
    assert [hold["state"] for hold in fleet.holds()] == ["HELD"]


def test_what_is_held_stays_held_when_its_collector_is_deleted(fleet: Fleet) -> None:
    fleet.loses(LOST)
    fleet.whole.container.collector_service.delete(USER, fleet.collector_id)

    fleet.whole.clock.advance(timedelta(days=10))
    fleet.whole.container.housekeeping.run(fleet.whole.clock.now())

    assert set(LOST) <= fleet.living()
    [hold] = [each for each in fleet.holds() if each["kind"] == "COLLECT"]
    assert (hold["state"], hold["missing"]) == ("HELD", 20)
    fleet.service.approve(USER, hold["deletion_id"])
    assert not set(LOST) & fleet.living()


def test_what_is_held_for_one_secret_is_not_deleted_for_another(fleet: Fleet) -> None:
    fleet.loses(LOST)
    fleet.sees(*range(40))
    fleet.collect(secret_id="secret-2")
    fleet.sees(*range(3, 40))

    assert fleet.collect(3, secret_id="secret-2")["disconnected_count"] == 3

    assert len(fleet.living()) == 40


def test_an_unknown_hold_is_not_found(fleet: Fleet) -> None:
    for answer in (fleet.service.get, fleet.service.approve, fleet.service.discard):
        with pytest.raises(NotFoundError, match="hold-000000000000"):
            answer(USER, "hold-000000000000")


# Kills


def breaks_at(number: int, work: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``work`` that fails, as by a kill, at its call of this number from 1, and from then on."""
    calls: list[None] = []

    def broken(*arguments: Any, **named: Any) -> Any:
        calls.append(None)
        if len(calls) >= number:
            raise AutoReconnect("killed")
        return work(*arguments, **named)

    return broken


@pytest.mark.parametrize("at", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_a_garbage_collection_that_is_killed_while_it_holds_holds_all_when_it_is_repeated(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("inventory.ingest.garbage._BATCH", 8)
    with monkeypatch.context() as killing:
        killing.setattr(_Garbage, "_hold", breaks_at(at + 1, _Garbage._hold))
        killing.setattr("inventory.service.job.run_slice.RunSlice._persist", lambda _self, write: write())
        fleet.sees(*range(40))
        fleet.collect()
        fleet.sees(*range(20, 40))
        fleet.collect()
        with pytest.raises(Exception, match=r"killed|MongoDB|mongodb"):
            fleet.collect()
    assert fleet.whole.database["collection_state"].count_documents({"hold_id": {"$exists": True}}) == 8 * at
    [found] = fleet.holds()
    assert (found["state"], found["missing"]) == ("PREPARING", 8 * at)
    for answer in (fleet.service.approve, fleet.service.discard):
        with pytest.raises(InvalidParameterError, match="is PREPARING: not all that it is to hold is marked yet"):
            answer(USER, found["deletion_id"])
    fleet.whole.container.hold_settler.settle(fleet.whole.clock.now())
    assert fleet.holds()[0]["state"] == "PREPARING", "its task is not given up"
    fleet.whole.clock.advance(timedelta(minutes=10))

    fleet.whole.container.sweeper.sweep()
    fleet.whole.work()

    [found] = fleet.holds()
    assert (found["state"], found["held"], found["missing"]) == ("HELD", 20, 20)
    assert len(fleet.living()) == 40
    task = fleet.whole.database["job_task"].find_one({}, sort=[("_id", -1)])
    assert task is not None
    assert (task["status"], task["held_count"], task["deleted_count"]) == ("SUCCESS", 20, 0)


def test_a_task_that_is_repeated_after_its_hold_was_answered_holds_and_deletes_nothing_more(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.ingest.garbage._BATCH", 8)
    deletions, hold_batch = fleet.whole.database["deletion"], _Garbage._hold

    def answered(self: _Garbage, *arguments: Any) -> None:
        deletions.update_one({"missing": 0}, {"$set": {"state": "APPROVED"}, "$inc": {"missing": 1}})
        hold_batch(self, *arguments)

    with monkeypatch.context() as answering:
        answering.setattr(_Garbage, "_hold", answered)
        fleet.sees(*range(40))
        fleet.collect()
        fleet.sees(*range(20, 40))
        fleet.collect()
        fleet.whole.clock.advance(timedelta(hours=2))
        fleet.whole.container.collect.collect(USER, CollectRequest(fleet.collector_id, secret_id="secret-1"))
        fleet.whole.work()
    assert fleet.whole.database["collection_state"].count_documents({"hold_id": {"$exists": True}}) == 0
    fleet.whole.clock.advance(timedelta(minutes=10))

    fleet.whole.container.sweeper.sweep()
    fleet.whole.work()

    task = fleet.whole.database["job_task"].find_one({}, sort=[("_id", -1)])
    assert task is not None
    assert (task["status"], task["deleted_count"], task["disconnected_count"]) == ("SUCCESS", 0, 20)
    assert len(fleet.living()) == 40


@pytest.mark.parametrize("by", ["the scheduler", "the next collect"])
def test_what_a_garbage_collection_that_was_cut_off_had_yet_to_hold_is_held_by(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setattr("inventory.ingest.garbage._BATCH", 8)
    with monkeypatch.context() as killing:
        killing.setattr(_Garbage, "_hold", breaks_at(3, _Garbage._hold))
        killing.setattr("inventory.service.job.run_slice.RunSlice._persist", lambda _self, write: write())
        with pytest.raises(Exception, match=r"killed|MongoDB|mongodb"):
            fleet.loses(LOST)
    [hold] = fleet.holds()
    fleet.whole.container.jobs.cancel_job(DOMAIN, hold["job_id"])

    if by == "the scheduler":
        fleet.whole.container.hold_settler.settle(fleet.whole.clock.now())
    else:
        fleet.collect()

    assert sorted((each["state"], each["missing"]) for each in fleet.holds()) == (
        [("HELD", 20)] if by == "the scheduler" else [("HELD", 4), ("HELD", 16)]
    )
    for each in fleet.holds():
        fleet.service.approve(USER, each["deletion_id"])
    assert fleet.living() == set(range(20, 40))
    assert fleet.whole.database["collection_state"].count_documents({"hold_id": {"$exists": True}}) == 0


@pytest.mark.parametrize("at", [pytest.param(1, marks=pytest.mark.deep), 2, pytest.param(3, marks=pytest.mark.deep)])
def test_an_approve_that_is_killed_is_finished_by_a_second_call(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("inventory.manager.deletion.held._BATCH", 8)
    fleet.loses(LOST)
    [hold] = fleet.holds()
    with monkeypatch.context() as killing:
        killing.setattr(ResourceRemover, "delete", breaks_at(at, ResourceRemover.delete))
        with pytest.raises(Exception, match=r"killed|MongoDB|mongodb"):
            fleet.service.approve(USER, hold["deletion_id"])
    assert fleet.service.get(USER, hold["deletion_id"])["state"] == "APPROVING"
    assert len(fleet.living()) == 40 - 8 * (at - 1)
    assert held_by_census(fleet) == 1, "an approval that was interrupted is not forgotten"
    fleet.collect()
    with pytest.raises(InvalidParameterError, match="APPROVING already"):
        fleet.service.discard(USER, hold["deletion_id"])

    approved = fleet.service.approve(USER, hold["deletion_id"])

    assert (approved["state"], approved["deleted_count"]) == ("APPROVED", 20), "all, counted once"
    assert fleet.living() == set(range(20, 40))
    deletes = fleet.whole.database["record"].count_documents({"action": "DELETE"})
    assert deletes == 20


def test_an_approve_that_was_cut_off_is_undone_and_what_it_had_yet_to_delete_is_kept(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.manager.deletion.held._BATCH", 8)
    fleet.loses(LOST)
    [hold] = fleet.holds()
    with monkeypatch.context() as killing:
        killing.setattr(ResourceRemover, "delete", breaks_at(2, ResourceRemover.delete))
        with pytest.raises(Exception, match=r"killed|MongoDB|mongodb"):
            fleet.service.approve(USER, hold["deletion_id"])

    assert fleet.service.undo(USER, {"deletion_id": hold["deletion_id"]})["restored"] == 8

    assert len(fleet.living()) == 40
    found = fleet.service.get(USER, hold["deletion_id"])
    assert (found["state"], found["deleted_count"], found["decided_by"]) == ("DISCARDED", 8, "user-1")
    assert fleet.whole.database["collection_state"].count_documents({"hold_id": {"$exists": True}}) == 0


@pytest.mark.parametrize("by", ["a second call", "the scheduler"])
def test_a_discard_that_is_killed_is_finished(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    fleet.loses(LOST)
    [hold] = fleet.holds()
    with monkeypatch.context() as killing:
        killing.setattr(HoldManager, "reset", breaks_at(1, HoldManager.reset))
        with pytest.raises(AutoReconnect):
            fleet.service.discard(USER, hold["deletion_id"])
    assert fleet.service.get(USER, hold["deletion_id"])["state"] == "DISCARDING"

    if by == "a second call":
        fleet.service.discard(USER, hold["deletion_id"])
    else:
        fleet.whole.container.hold_settler.settle(fleet.whole.clock.now())

    assert fleet.service.get(USER, hold["deletion_id"])["state"] == "DISCARDED"

    assert fleet.whole.database["collection_state"].count_documents({"hold_id": {"$exists": True}}) == 0


def test_a_call_that_has_no_time_left_goes_on_with_the_next(
    fleet: Fleet, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.loses(LOST)
    [hold] = fleet.holds()
    with monkeypatch.context() as hurried:
        hurried.setattr("inventory.service.deletion.manage._CALL_SECONDS", 0.0)
        assert fleet.service.approve(USER, hold["deletion_id"])["state"] == "APPROVING"
    assert len(fleet.living()) == 40
    assert fleet.service.approve(USER, hold["deletion_id"])["state"] == "APPROVED"
    assert whole.container.tasks.garbage.with_deletions(DOMAIN, hold["job_id"]) == []


def test_what_is_held_is_explained_by_its_hold(fleet: Fleet) -> None:
    fleet.loses(LOST)
    [hold] = fleet.holds()

    found = fleet.whole.container.resource_explainer.explain(USER, fleet.whole.named("i-0")["cloud_service_id"])

    reason = f"only if {hold['deletion_id']}, which holds it, is approved"
    assert [(each["by"], each["reason"]) for each in found["removals"]] == [("GARBAGE_COLLECTION", reason)]
