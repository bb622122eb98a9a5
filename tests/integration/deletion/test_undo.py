"""What was deleted comes back: as it was, once, and never beside a living one that is the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from inventory.domain.plain import Document
from inventory.errors import InvalidParameterError, NotFoundError
from inventory.manager.deletion.restore import Restorer
from inventory.manager.resource.records import RecordStore
from inventory.service.resource.housekeeping import HousekeepingCounts
from tests.fakes.resources import cloud_service
from tests.integration.deletion.conftest import Fleet
from tests.integration.deletion.test_holds import breaks_at
from tests.integration.ingest.whole_kit import USER

CHANGED = {"_id", "updated_at", "revision", "fingerprint"}
"""What is not as it was."""


def content(fleet: Fleet, number: int) -> Document:
    found = fleet.whole.named(f"i-{number}")
    return {name: value for name, value in found.items() if name not in CHANGED}


def delete_by_job(fleet: Fleet, *numbers: int, of: int = 10) -> str:
    """Let a job delete machines, and return its id."""
    return str(fleet.loses(numbers, of)["job_id"])


def test_what_a_job_deleted_is_active_as_it_was_with_a_record_and_no_miss(fleet: Fleet) -> None:
    fleet.sees(*range(10), data={"size": 3, "$odd.key": [1]}, tags={"a.b": "c"})
    fleet.collect()
    before = {number: content(fleet, number) for number in range(3)}
    fleet.sees(*range(3, 10), data={"size": 3, "$odd.key": [1]}, tags={"a.b": "c"})
    task = fleet.collect(2)
    assert task["deleted_count"] == 3
    fleet.whole.clock.advance(timedelta(days=80))

    done = fleet.service.undo(USER, {"job_id": task["job_id"]})

    assert (done["restored"], done["not_restored"], done["complete"]) == (3, 0, True)
    assert {number: content(fleet, number) for number in range(3)} == before
    service = fleet.whole.named("i-0")
    records = list(fleet.whole.database["record"].find({"cloud_service_id": service["cloud_service_id"]}).sort("_id"))
    [restored] = [record for record in records if record["action"] == "UPDATE"]
    assert restored["diff"] == [{"key": "state", "before": "DELETED", "after": "ACTIVE", "type": "CHANGED"}]
    assert restored["user_id"] == "user-1"
    states = list(fleet.whole.database["collection_state"].find({"cloud_service_id": service["cloud_service_id"]}))
    assert [(state["disconnected_count"], state.get("deleted")) for state in states] == [(0, None)]
    fleet.whole.container.housekeeping.run(fleet.whole.clock.now() + timedelta(hours=1))
    assert len(fleet.living()) == 10


def test_the_next_collect_knows_it_again_and_misses_are_counted_from_the_start(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0, 1, 2)
    fleet.service.undo(USER, {"job_id": job_id})
    fleet.sees(*range(1, 10))

    first = fleet.collect()
    second = fleet.collect()

    assert (first["created_count"], first["updated_count"], first["disconnected_count"]) == (0, 9, 1)
    assert (second["deleted_count"], fleet.living()) == (1, set(range(1, 10)))
    assert fleet.whole.database["cloud_service"].count_documents({}) == 10


@pytest.mark.parametrize("by", ["a collect", "an approve", "housekeeping"])
def test_whoever_saw_it_is_known_again(fleet: Fleet, by: str) -> None:
    other = fleet.whole.collector()
    machines = 40 if by == "an approve" else 3
    fleet.sees(*range(machines))
    fleet.collect()
    fleet.collect(secret_id="secret-2", collector_id=other)
    before = seen_by(fleet, "i-0")
    fleet.sees(*range(machines // 2, machines))
    if by == "housekeeping":
        fleet.whole.clock.advance(timedelta(days=3))
    task = fleet.collect(1 if by == "housekeeping" else 2, secret_id="secret-2", collector_id=other)
    deletion = {"job_id": task["job_id"]}
    if by == "housekeeping":
        fleet.whole.container.housekeeping.run(fleet.whole.clock.now())
    if by != "a collect":
        deletion = {"deletion_id": fleet.holds()[0]["deletion_id"]}
    if by == "an approve":
        fleet.service.approve(USER, deletion["deletion_id"])
    assert fleet.whole.named("i-0")["state"] == "DELETED"

    fleet.service.undo(USER, deletion)

    assert seen_by(fleet, "i-0") == before
    assert len(before) == 2
    assert "former_states" not in fleet.whole.named("i-0")


def seen_by(fleet: Fleet, name: str) -> dict[tuple[str, str], Any]:
    """Return when each collector and secret last saw a machine."""
    states = fleet.whole.database["collection_state"].find(
        {"cloud_service_id": fleet.whole.named(name)["cloud_service_id"]}
    )
    return {(state["collector_id"], state["secret_id"]): state["seen_at"] for state in states}


def test_again_restores_nothing_twice(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0, 1)
    facts = fleet.whole.container.retry_service
    assert facts.get(USER, job_id).restored == 0
    assert fleet.service.undo(USER, {"job_id": job_id})["restored"] == 2
    records = fleet.whole.database["record"].count_documents({})

    assert fleet.service.undo(USER, {"job_id": job_id})["restored"] == 0
    assert facts.get(USER, job_id).restored == 2
    assert fleet.whole.database["record"].count_documents({}) == records


@pytest.mark.parametrize("known_by", ["match key and resource id", "name, changed by a user"])
def test_one_that_lives_again_is_told_and_not_doubled(fleet: Fleet, known_by: str) -> None:
    job_id = delete_by_job(fleet, 0, 1, 2)
    services = fleet.whole.database["cloud_service"]
    fleet.sees(*range(1, 10))
    fleet.collect()
    if known_by == "name, changed by a user":
        services.update_many({"state": "ACTIVE"}, {"$unset": {"match_key": ""}})
        services.update_many({}, {"$unset": {"reference": ""}})

    done = fleet.service.undo(USER, {"job_id": job_id})

    assert (done["restored"], done["not_restored"]) == (1, 2)
    assert sorted(each["name"] for each in done["living"]) == ["name of i-1", "name of i-2"]
    living = {each["living_id"] for each in done["living"]}
    assert services.count_documents({"cloud_service_id": {"$in": sorted(living)}, "state": "ACTIVE"}) == 2
    assert services.count_documents({"state": "ACTIVE"}) == 10


def test_a_deleted_one_is_explained_by_what_deleted_it_and_what_an_undo_would_do(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0, 1)
    deleted = {name: str(fleet.whole.named(name)["cloud_service_id"]) for name in ("i-0", "i-1")}
    task_id = fleet.whole.named("i-0")["deleted_by"]
    fleet.whole.database["collection_state"].delete_many({"deleted": True})
    fleet.sees(*range(1, 10))
    fleet.collect()
    twin = fleet.whole.database["cloud_service"].find_one({"name": "name of i-1", "state": "ACTIVE"}) or {}

    gone, doubled = (fleet.whole.container.resource_explainer.explain(USER, key) for key in deleted.values())

    for each in (gone, doubled):
        assert [(by["collector_id"], by["secret_id"]) for by in each["sightings"]] == [(fleet.collector_id, "secret-1")]
        assert (each["identity"]["known"], "remark" in each["identity"]) == (True, False)
    words = f"it was deleted by {task_id} of {job_id}; "
    assert gone["removals"][0]["reason"] == f"{words}to restore what this deleted: inventory deletion undo {job_id}"
    assert gone["lookalikes"] == []
    assert doubled["removals"][0]["reason"].startswith(
        f"{words}an undo does not restore it, because {twin['cloud_service_id']}"
    )
    assert [each["cloud_service_id"] for each in doubled["lookalikes"]] == [twin["cloud_service_id"]]


def test_an_undo_of_many_that_live_again_ends_and_begins_anew_only_after_that(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.manager.deletion.restore._BATCH", 4)
    monkeypatch.setattr("inventory.service.deletion.manage._CALL_SECONDS", 0.0)
    job_id = delete_by_job(fleet, *range(10), of=40)
    fleet.sees(*range(1, 40))
    fleet.collect()

    calls = [fleet.service.undo(USER, {"job_id": job_id}) for _ in range(4)]

    assert [each["complete"] for each in calls] == [False, False, False, True]
    assert sum(each["restored"] for each in calls) == 1
    assert [each["not_restored"] for each in calls] == [3, 7, 9, 9]
    assert len(calls[-1]["living"]) == 9
    assert fleet.service.undo(USER, {"job_id": job_id})["complete"] is False
    assert fleet.whole.database["cloud_service"].count_documents({"state": "ACTIVE"}) == 40


def test_of_two_deleted_ones_that_are_the_same_one_comes_back(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0)
    services = fleet.whole.database["cloud_service"]
    deleted = services.find_one({"state": "DELETED"}, {"_id": 0})
    assert deleted is not None
    services.insert_one({**deleted, "cloud_service_id": "cloud-svc-000000000000"})

    done = fleet.service.undo(USER, {"job_id": job_id})

    assert (done["restored"], done["not_restored"]) == (1, 1)


def test_an_approved_hold_is_undone_and_a_run_of_housekeeping_too(fleet: Fleet) -> None:
    fleet.loses(range(20))
    [hold] = fleet.holds()
    with pytest.raises(InvalidParameterError, match="is HELD: nothing is to undo yet"):
        fleet.service.undo(USER, {"deletion_id": hold["deletion_id"]})
    fleet.service.approve(USER, hold["deletion_id"])

    assert fleet.service.undo(USER, {"deletion_id": hold["deletion_id"]})["restored"] == 20
    assert len(fleet.living()) == 40
    fleet.plugin.metadata = {}
    fleet.whole.container.collector_service.update_plugin(USER, {"collector_id": fleet.collector_id, "version": "1.0"})
    fleet.sees(*range(8, 40))
    fleet.whole.clock.advance(timedelta(days=3))
    fleet.collect()
    now = fleet.whole.clock.now()
    assert fleet.whole.container.housekeeping.run(now)["domain-1"].deleted == 8

    [run] = [each for each in fleet.holds() if each["kind"] == "HOUSEKEEPING"]
    assert (run["state"], run["deleted_count"]) == ("DONE", 8)
    with pytest.raises(InvalidParameterError, match="is no hold"):
        fleet.service.approve(USER, run["deletion_id"])
    assert fleet.service.undo(USER, {"deletion_id": run["deletion_id"]})["restored"] == 8
    assert fleet.whole.container.housekeeping.run(fleet.whole.clock.now()) == {"domain-1": HousekeepingCounts()}
    assert len(fleet.living()) == 40


def test_what_users_deleted_and_what_other_jobs_deleted_stays_deleted(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0)
    fleet.sees(*range(2, 10))
    fleet.collect(2)
    fleet.whole.container.cloud_service_service.delete(USER, fleet.whole.named("i-9")["cloud_service_id"])

    assert fleet.service.undo(USER, {"job_id": job_id})["restored"] == 1

    assert fleet.living() == {0, *range(2, 9)}


def test_what_cannot_be_undone_is_refused(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0)
    for request, field in (({"job_id": "job-000000000000"}, "job_id"), ({"deletion_id": "x"}, "deletion_id")):
        with pytest.raises(NotFoundError) as caught:
            fleet.service.undo(USER, request)
        assert caught.value.field == field
    with pytest.raises(InvalidParameterError, match="exclude each other"):
        fleet.service.undo(USER, {"job_id": job_id, "deletion_id": "x"})
    fleet.whole.database["job"].update_one({"job_id": job_id}, {"$set": {"status": "IN_PROGRESS"}})
    with pytest.raises(InvalidParameterError, match="still runs"):
        fleet.service.undo(USER, {"job_id": job_id})


@pytest.mark.parametrize("where", ["before the records", "before the states"])
@pytest.mark.parametrize("at", [pytest.param(1, marks=pytest.mark.deep), 2, pytest.param(3, marks=pytest.mark.deep)])
def test_an_undo_that_is_killed_is_finished_by_a_second_call(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, at: int, where: str
) -> None:
    monkeypatch.setattr("inventory.manager.deletion.restore._BATCH", 4)
    job_id = delete_by_job(fleet, *range(10), of=40)
    owner: Any
    owner, name = (RecordStore, "insert") if where == "before the records" else (Restorer, "_put_states")
    with monkeypatch.context() as killing:
        killing.setattr(owner, name, breaks_at(at, getattr(owner, name)))
        with pytest.raises(Exception, match=r"killed|MongoDB|mongodb"):
            fleet.service.undo(USER, {"job_id": job_id})
    assert len(fleet.living()) == 30 + 4 * (at - 1)
    assert fleet.whole.database["record"].count_documents({"action": "UPDATE"}) == 4 * (at - 1)

    done = fleet.service.undo(USER, {"job_id": job_id})

    assert done["restored"] == 10 - 4 * (at - 1)
    assert fleet.living() == set(range(40))
    assert fleet.whole.database["record"].count_documents({"action": "UPDATE"}) == 10
    assert fleet.whole.database["collection_state"].count_documents({"deleted": True}) == 0


def test_two_that_undo_at_once_restore_each_once(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, *range(10), of=40)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: fleet.service.undo(USER, {"job_id": job_id}), range(2)))

    assert sum(each["restored"] for each in done) == 10
    assert sum(each["not_restored"] for each in done) == 0
    assert fleet.whole.database["record"].count_documents({"action": "UPDATE"}) == 10


def test_a_resource_that_is_restored_finds_no_double_in_the_next_stream(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0)
    fleet.service.undo(USER, {"job_id": job_id})
    fleet.plugin.resources = [cloud_service("i-0"), cloud_service("i-0", data={"size": 1})]

    task = fleet.collect()

    assert (task["created_count"], task["updated_count"], task["failure_count"]) == (0, 2, 0)


def test_a_job_that_is_gone_is_undone_by_what_its_records_tell(fleet: Fleet) -> None:
    job_id = delete_by_job(fleet, 0, 1)
    fleet.sees(*range(3, 10))
    other = str(fleet.collect(2)["job_id"])
    for each in (job_id, other):
        fleet.whole.container.job_service.delete(USER, each)

    assert fleet.service.undo(USER, {"job_id": job_id})["restored"] == 2

    assert fleet.living() == {0, 1, *range(3, 10)}
    states = fleet.whole.database["collection_state"]
    assert states.count_documents({"secret_id": "secret-1", "disconnected_count": 0}) == 9
    with pytest.raises(NotFoundError):
        fleet.service.undo(USER, {"job_id": job_id})
