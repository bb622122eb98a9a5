"""Slices that wait for a place: of their collector, of their plugin's endpoint, or of both, one after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus
from inventory.manager.job.slice_claim import Refusal
from inventory.manager.job.slice_slots import WAIT_SECONDS, SlotKind, SlotLimits
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit
from tests.manual_clock import ManualClock

ENDPOINT = "grpc://shared:1"
TIGHT = SlotLimits(per_collector=1, per_endpoint=2)


def _planned(kit: JobsKit, collector_id: str = "", *, secret: str = "secret-0", priority: int = 10) -> str:
    """Plan a task and return its slice."""
    collector_id = collector_id or kit.insert_collector()
    [slice_id] = kit.plan(collector_id, secrets=[secret], priority=priority, endpoint=ENDPOINT)[2]
    return slice_id


def _claim(kit: JobsKit, slice_id: str) -> Any:
    return kit.claim(slice_id, f"of-{slice_id}", per_collector=TIGHT.per_collector, per_endpoint=TIGHT.per_endpoint)


def _end(kit: JobsKit, claimed: dict[str, Any]) -> list[str]:
    """End a slice and return who is woken."""
    assert kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome())
    return [one["slice_id"] for one in kit.claims.slots.wake(claimed)]


def test_a_slice_says_which_place_it_lacks(kit: JobsKit, clock: ManualClock) -> None:
    collector_id = kit.insert_collector()
    _claim(kit, _planned(kit, collector_id))
    same = _planned(kit, collector_id, secret="secret-1")
    assert kit.claims.slots.put_back(kit.slice(same), TIGHT) is SlotKind.COLLECTOR

    _claim(kit, _planned(kit))
    other = _planned(kit)
    assert kit.claims.slots.put_back(kit.slice(other), TIGHT) is SlotKind.ENDPOINT

    assert (kit.slice(same)["waits_for"], kit.slice(other)["waits_for"]) == ("collector", "endpoint")
    assert kit.slice(other)["not_before"] == clock.now() + timedelta(seconds=WAIT_SECONDS)


def test_a_place_that_its_first_heir_cannot_use_goes_to_the_next_at_once(kit: JobsKit) -> None:
    busy = kit.insert_collector()
    first, second = _claim(kit, _planned(kit)), _claim(kit, _planned(kit))
    urgent, next_urgent = (_planned(kit, busy, secret=f"secret-{number}", priority=1) for number in range(2))
    patient = _planned(kit, priority=50)
    for waiting in (urgent, next_urgent, patient):
        assert kit.claims.slots.put_back(kit.slice(waiting), TIGHT) is SlotKind.ENDPOINT
    assert _end(kit, first) == [urgent]
    assert not isinstance(_claim(kit, urgent), Refusal)
    worker = kit.worker(per_collector=TIGHT.per_collector, per_endpoint=TIGHT.per_endpoint)

    # Its collector is busy by now, so the place of the endpoint is of no use to it.
    assert _end(kit, second) == [next_urgent]
    worker.run(next_urgent)

    assert kit.slice(next_urgent)["waits_for"] == "collector"
    assert kit.queue.enqueued == [patient]
    worker.run(patient)
    assert kit.slice(patient)["status"] == "SUCCESS"


def test_without_room_at_the_endpoint_nobody_is_woken_for_it(kit: JobsKit) -> None:
    busy = kit.insert_collector()
    _claim(kit, _planned(kit, busy))
    _claim(kit, _planned(kit))
    patient = _planned(kit)
    assert kit.claims.slots.put_back(kit.slice(patient), TIGHT) is SlotKind.ENDPOINT

    kit.worker(per_collector=1, per_endpoint=2).run(_planned(kit, busy, secret="secret-1"))

    assert kit.queue.enqueued == []
    assert kit.slice(patient)["waits_for"] == "endpoint"


def test_one_place_gone_and_the_other_free_by_the_second_look_is_worth_a_claim(
    kit: JobsKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = kit.slice(_planned(kit))
    looks: list[Any] = [SlotKind.COLLECTOR, SlotKind.ENDPOINT, {"collector_slot": 0}]
    monkeypatch.setattr(kit.claims.slots, "free", lambda *_: looks.pop(0))

    assert kit.claims.slots.put_back(waiting, TIGHT) is None

    # Marked or not, it may be claimed: the mark keeps nobody away.
    monkeypatch.undo()
    assert kit.slice(waiting["slice_id"])["waits_for"] == "endpoint"
    claimed = _claim(kit, waiting["slice_id"])
    assert "waits_for" not in claimed


def test_a_place_that_is_free_and_gone_again_many_times_is_not_given_up(
    kit: JobsKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    slice_id = _planned(kit)
    real, tries = kit.claims.claim, iter(range(20))

    def gone_again(*args: Any, **more: Any) -> Any:
        return Refusal.FULL if next(tries, None) is not None else real(*args, **more)

    monkeypatch.setattr(kit.claims, "claim", gone_again)

    # It has not said that it waits, so nobody would wake it.
    kit.worker(per_collector=1, per_endpoint=2).run(slice_id)

    assert kit.slice(slice_id)["status"] == "SUCCESS"


@pytest.mark.parametrize("place", list(SlotKind))
def test_who_waits_where_nothing_runs_any_more_is_woken_by_the_next_sweep(kit: JobsKit, place: SlotKind) -> None:
    collector_id = kit.insert_collector()
    runs = _claim(kit, _planned(kit, collector_id))
    waiting = [
        _planned(
            kit, collector_id if place is SlotKind.COLLECTOR else "", secret=f"secret-{number}", priority=50 - number
        )
        for number in range(1, 3)
    ]
    limits = SlotLimits(per_collector=1, per_endpoint=9) if place is SlotKind.COLLECTOR else SlotLimits(9, 1)
    for one in waiting:
        assert kit.claims.slots.put_back(kit.slice(one), limits) is place
    assert kit.sweeper().sweep().woken == 0

    kit.jobs.cancel_job(DOMAIN, runs["job_id"])
    report = kit.sweeper().sweep()

    assert report.woken == 1
    assert kit.queue.enqueued == [waiting[1]]


def test_one_of_each_line_is_woken_the_most_urgent_first(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    runs = _claim(kit, _planned(kit, collector_id))
    of_collector = [_planned(kit, collector_id, secret=f"secret-{n}", priority=10 * n) for n in (2, 1)]
    of_endpoint = [_planned(kit, secret=f"secret-{n}", priority=10 * n + 5) for n in (0, 3)]
    elsewhere = _planned(kit, priority=1)
    for one in of_collector:
        assert (
            kit.claims.slots.put_back(kit.slice(one), SlotLimits(per_collector=1, per_endpoint=9)) is SlotKind.COLLECTOR
        )
    for one in of_endpoint:
        assert (
            kit.claims.slots.put_back(kit.slice(one), SlotLimits(per_collector=9, per_endpoint=1)) is SlotKind.ENDPOINT
        )
    kit.database["slice"].update_one(
        {"slice_id": elsewhere}, {"$set": {"waits_for": "collector", "endpoint": "grpc://other:1"}}
    )

    assert _end(kit, runs) == [of_endpoint[0], of_collector[1]]
    left = kit.database["slice"].find({"waits_for": {"$exists": True}}).distinct("slice_id")
    assert set(left) == {of_collector[0], of_endpoint[1], elsewhere}
    assert kit.claims.slots.wake({"domain_id": DOMAIN, "collector_id": "nobody", "endpoint": ""}) == []


def test_places_of_others_at_the_same_endpoint_are_not_those_of_the_collector(kit: JobsKit) -> None:
    limits = SlotLimits(per_collector=1, per_endpoint=9)
    for _ in range(4):
        assert not isinstance(kit.claim(_planned(kit), "another", per_collector=1, per_endpoint=9), Refusal)
    slice_id = _planned(kit)

    free = kit.claims.slots.free(kit.slice(slice_id), limits)

    taken = set(kit.database["slice"].distinct("endpoint_slot"))
    assert isinstance(free, dict)
    assert free["collector_slot"] == 0
    assert free["endpoint_slot"] not in taken


def test_what_is_canceled_waits_no_more(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    runs = _claim(kit, _planned(kit, collector_id))
    waiting = kit.slice(_planned(kit, collector_id, secret="secret-1"))
    kit.claims.slots.put_back(waiting, TIGHT)

    kit.jobs.cancel_job(DOMAIN, waiting["job_id"])

    assert "waits_for" not in kit.slice(waiting["slice_id"])
    assert _end(kit, runs) == []


def test_those_who_wait_are_found_by_an_index(kit: JobsKit, database: Database[dict[str, Any]]) -> None:
    queries = {
        "waits_for_collector": {"waits_for": "collector", "domain_id": DOMAIN, "collector_id": "c"},
        "waits_for_endpoint": {"waits_for": "endpoint", "endpoint": ENDPOINT},
    }
    for name, query in queries.items():
        urgent_first = database["slice"].find(query).sort([("priority", 1), ("created_at", 1)])
        everybody = database["slice"].find({"waits_for": query["waits_for"]})
        for cursor in (urgent_first, everybody):
            plan = str(cursor.explain()["queryPlanner"]["winningPlan"])
            assert f"'indexName': '{name}'" in plan
            assert "'stage': 'SORT'" not in plan
    both = database["slice"].find({"$or": list(queries.values())}).sort([("priority", 1), ("created_at", 1)])
    plan = str(both.explain()["queryPlanner"]["winningPlan"])
    assert all(f"'indexName': '{name}'" in plan for name in queries)
    assert "'stage': 'SORT'" not in plan


def test_occupied_places_are_found_by_an_index(kit: JobsKit, database: Database[dict[str, Any]]) -> None:
    collector_id = kit.insert_collector()
    kit.plan(collector_id, secrets=50, endpoint=ENDPOINT)
    occupied = [
        {"domain_id": DOMAIN, "collector_id": collector_id, "collector_slot": {"$gte": 0}},
        {"endpoint": ENDPOINT, "endpoint_slot": {"$gte": 0}},
    ]

    plan = str(database["slice"].find({"$or": occupied}).explain()["queryPlanner"]["winningPlan"])

    assert all(f"'indexName': '{name}'" in plan for name in ("collector_slot", "endpoint_slot"))
