"""Claims of slices: exactly one owner, leases, limits that hold under races."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus
from inventory.manager.job.slice_claim import Beat, Refusal, SliceClaims
from inventory.manager.job.slice_slots import SlotLimits
from inventory.settings import Settings
from tests.integration.jobs.jobs_kit import BACKOFF_SECONDS, DOMAIN, LEASE_SECONDS, MAX_ATTEMPTS, JobsKit
from tests.manual_clock import ManualClock

PAST_LEASE = timedelta(seconds=LEASE_SECONDS + 1)


@pytest.fixture
def slice_id(kit: JobsKit) -> str:
    return kit.plan(kit.insert_collector())[2][0]


def _beat(claimed: dict[str, Any]) -> Beat:
    return Beat(DOMAIN, claimed["slice_id"], claimed["owner"])


def test_a_claim_has_an_owner_a_lease_and_counts_as_an_attempt(kit: JobsKit, slice_id: str, clock: ManualClock) -> None:
    claimed = kit.claim(slice_id, "owner-1")

    assert claimed["status"] == "IN_PROGRESS"
    assert claimed["owner"] == "owner-1"
    assert claimed["attempts"] == 1
    assert claimed["lease_until"] == clock.now() + timedelta(seconds=LEASE_SECONDS)
    assert kit.claim(slice_id, "owner-2") is Refusal.NOT_CLAIMABLE


def test_of_many_that_claim_at_once_one_wins(kit: JobsKit, slice_id: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: kit.claim(slice_id, f"owner-{number}"), range(24)))

    winners = [result for result in results if not isinstance(result, Refusal)]
    assert len(winners) == 1
    assert kit.slice(slice_id)["owner"] == winners[0]["owner"]
    assert kit.slice(slice_id)["attempts"] == 1


def test_a_lost_lease_can_be_claimed_again_and_the_stale_owner_changes_nothing(
    kit: JobsKit, slice_id: str, clock: ManualClock
) -> None:
    stale = kit.claim(slice_id, "owner-1")
    clock.advance(PAST_LEASE)

    fresh = kit.claim(slice_id, "owner-2")

    assert fresh["attempts"] == 2
    before = kit.slice(slice_id)
    # Another moment, and another progress: whatever is written shows.
    clock.advance(timedelta(seconds=1))
    assert not kit.claims.finish(stale, TaskStatus.SUCCESS, Outcome(total_count=9))
    assert not kit.claims.hand_back(stale)
    assert kit.claims.retry(stale, Outcome()) is None
    assert not kit.claims.count_canceled(stale, Outcome(total_count=9))
    assert kit.claims.take_from_lost(stale) is None
    assert kit.claims.beat([Beat(DOMAIN, slice_id, "owner-1", Outcome(total_count=9))]) == {"owner-1"}
    assert kit.slice(slice_id) == before
    assert kit.claims.finish(fresh, TaskStatus.SUCCESS, Outcome())


def test_a_heartbeat_keeps_the_lease_and_notes_progress(kit: JobsKit, slice_id: str, clock: ManualClock) -> None:
    claimed = kit.claim(slice_id, "owner-1")
    clock.advance(timedelta(seconds=LEASE_SECONDS - 1))

    lost = kit.claims.beat([Beat(DOMAIN, slice_id, "owner-1", Outcome(total_count=3, created_count=3))])

    assert lost == set()
    clock.advance(timedelta(seconds=LEASE_SECONDS - 1))
    assert kit.claim(slice_id, "owner-2") is Refusal.NOT_CLAIMABLE
    assert kit.slice(slice_id)["created_count"] == 3
    assert claimed["lease_until"] < clock.now()


def test_one_that_sleeps_past_its_lease_untouched_may_go_on(kit: JobsKit, slice_id: str, clock: ManualClock) -> None:
    claimed = kit.claim(slice_id, "owner-1")
    clock.advance(PAST_LEASE)

    [found] = kit.claims.expired(limit=10)

    assert kit.claims.beat([_beat(claimed)]) == set()
    assert kit.claims.expired(limit=10) == []
    # Nor is it taken from it by a sweeper that looked before.
    assert kit.claims.take_from_lost(found) is None
    assert kit.slice(slice_id)["owner"] == "owner-1"
    assert kit.slice(slice_id)["status"] == "IN_PROGRESS"


def test_a_held_slice_cannot_be_claimed(kit: JobsKit, slice_id: str) -> None:
    kit.database["slice"].update_one({"slice_id": slice_id}, {"$set": {"held": True}})

    assert kit.claim(slice_id, "owner-1") is Refusal.NOT_CLAIMABLE


def test_of_a_canceled_slice_only_its_last_owner_tells_what_was_stored(
    kit: JobsKit, slice_id: str, clock: ManualClock
) -> None:
    stale = kit.claim(slice_id, "owner-1")
    clock.advance(PAST_LEASE)
    last = kit.claim(slice_id, "owner-2")
    kit.slices.cancel(DOMAIN, job_task_id=last["job_task_id"])

    assert not kit.claims.count_canceled(stale, Outcome(total_count=9))
    assert kit.slice(slice_id)["total_count"] == 0
    assert kit.claims.count_canceled(last, Outcome(total_count=2))
    assert kit.slice(slice_id)["total_count"] == 2


def test_a_canceled_slice_is_no_longer_owned_and_its_heartbeat_writes_nothing(
    kit: JobsKit, slice_id: str, clock: ManualClock
) -> None:
    claimed = kit.claim(slice_id, "owner-1")
    kit.slices.cancel(DOMAIN, job_task_id=claimed["job_task_id"])
    before = kit.slice(slice_id)
    clock.advance(timedelta(seconds=1))

    assert kit.claims.beat([Beat(DOMAIN, slice_id, "owner-1", Outcome(total_count=9))]) == {"owner-1"}

    assert kit.slice(slice_id) == before


def test_a_deleted_slice_is_no_longer_owned(kit: JobsKit, slice_id: str) -> None:
    claimed = kit.claim(slice_id, "owner-1")
    kit.slices.delete_of_task(DOMAIN, claimed["job_task_id"])

    assert kit.claims.beat([_beat(claimed)]) == {"owner-1"}


def test_after_the_last_attempt_nothing_is_claimed(kit: JobsKit, slice_id: str, clock: ManualClock) -> None:
    for number in range(MAX_ATTEMPTS):
        assert kit.claim(slice_id, f"owner-{number}")["attempts"] == number + 1
        clock.advance(PAST_LEASE)

    assert kit.claim(slice_id, "owner-9") is Refusal.NOT_CLAIMABLE


def test_a_slice_that_is_handed_back_does_not_lose_the_attempt(kit: JobsKit, slice_id: str) -> None:
    claimed = kit.claim(slice_id, "owner-1")

    assert kit.claims.hand_back(claimed)

    found = kit.slice(slice_id)
    assert (found["status"], found["attempts"]) == ("PENDING", 0)
    assert "lease_until" not in found
    assert kit.claim(slice_id, "owner-2")["plan_attempt"] == 2


def test_retries_wait_twice_as_long_each_time_and_end(kit: JobsKit, slice_id: str, clock: ManualClock) -> None:
    for number, wait in enumerate((BACKOFF_SECONDS, 2 * BACKOFF_SECONDS)):
        claimed = kit.claim(slice_id, f"owner-{number}")
        assert kit.claims.retry(claimed, Outcome(total_count=1)) is True
        clock.advance(timedelta(seconds=wait) - timedelta(milliseconds=1))
        assert kit.claim(slice_id, "too-early") is Refusal.NOT_CLAIMABLE
        clock.advance(timedelta(milliseconds=1))

    assert kit.claims.retry(kit.claim(slice_id, "owner-last"), Outcome()) is False


def test_no_wait_for_a_retry_leaves_the_calendar(kit: JobsKit, slice_id: str, clock: ManualClock) -> None:
    longest = Settings.model_validate({"retry_backoff_seconds": 864_000}).retry_backoff_seconds
    claims = SliceClaims(
        database=kit.database, clock=clock, lease_seconds=LEASE_SECONDS, max_attempts=5000, backoff_seconds=longest
    )
    claimed = kit.claim(slice_id, "owner-1")
    kit.database["slice"].update_one({"slice_id": slice_id}, {"$set": {"attempts": 4000}})

    assert claims.retry(claimed | {"attempts": 4000}, Outcome()) is True


def test_a_limit_per_collector_is_exact_however_many_claim_at_once(kit: JobsKit) -> None:
    _, _, slice_ids = kit.plan(kit.insert_collector(), secrets=20)

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(lambda one: kit.claim(one, f"of-{one}", per_collector=3), slice_ids))

    claimed = [result for result in results if not isinstance(result, Refusal)]
    assert len(claimed) == 3
    assert {one["collector_slot"] for one in claimed} == {0, 1, 2}
    assert kit.database["slice"].count_documents({"status": "IN_PROGRESS"}) == 3


def test_a_limit_per_endpoint_counts_all_collectors_and_domains(kit: JobsKit) -> None:
    first = kit.plan(kit.insert_collector(), secrets=2, endpoint="grpc://shared:1")[2]
    second = kit.plan(kit.insert_collector(), secrets=2, endpoint="grpc://shared:1")[2]
    elsewhere = kit.plan(kit.insert_collector(), endpoint="grpc://other:1")[2]

    assert not isinstance(kit.claim(first[0], "a", per_endpoint=2), Refusal)
    assert not isinstance(kit.claim(second[0], "b", per_endpoint=2), Refusal)
    assert kit.claim(second[1], "c", per_endpoint=2) is Refusal.FULL
    assert not isinstance(kit.claim(elsewhere[0], "d", per_endpoint=2), Refusal)


def test_a_lowered_limit_counts_those_that_run_beyond_it(kit: JobsKit) -> None:
    slice_ids = kit.plan(kit.insert_collector(), secrets=5)[2]
    for one in slice_ids[:4]:
        kit.claim(one, f"of-{one}", per_collector=4)

    assert kit.claim(slice_ids[4], "late", per_collector=2) is Refusal.FULL


def test_every_way_out_frees_the_place(kit: JobsKit, clock: ManualClock) -> None:
    job_id, _, slice_ids = kit.plan(kit.insert_collector(), secrets=6)
    ways = [
        lambda one: kit.claims.finish(one, TaskStatus.SUCCESS, Outcome()),
        lambda one: kit.claims.hand_back(one),
        lambda one: kit.claims.retry(one, Outcome()),
        lambda one: clock.advance(PAST_LEASE) and kit.claims.take_from_lost(one),
        lambda one: kit.jobs.cancel_job(DOMAIN, job_id),
    ]
    for number, way in enumerate(ways):
        claimed = kit.claim(slice_ids[number], f"owner-{number}", per_collector=1, per_endpoint=1)
        assert not isinstance(claimed, Refusal)
        assert way(claimed)
        found = kit.slice(slice_ids[number])
        assert "collector_slot" not in found
        assert "endpoint_slot" not in found


def test_a_slice_that_waits_for_a_place_is_woken_most_urgent_first(kit: JobsKit, clock: ManualClock) -> None:
    collector_id = kit.insert_collector()
    running = kit.plan(collector_id, priority=10)[2][0]
    late = kit.plan(collector_id, secrets=["secret-a"], priority=50)[2][0]
    urgent = kit.plan(collector_id, secrets=["secret-b"], priority=1)[2][0]
    limits = SlotLimits(per_collector=1, per_endpoint=9)
    claimed = kit.claim(running, "owner-1", per_collector=1)

    assert kit.claims.slots.put_back(kit.slice(late), limits)
    assert kit.claims.slots.put_back(kit.slice(urgent), limits)
    assert kit.slice(late)["not_before"] > clock.now()

    kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome())
    assert [one["slice_id"] for one in kit.claims.slots.wake(claimed)] == [urgent]
    assert not isinstance(kit.claim(urgent, "owner-2", per_collector=1), Refusal)


def test_a_place_that_was_freed_while_a_slice_went_to_wait_is_noticed(kit: JobsKit) -> None:
    collector_id = kit.insert_collector()
    running, waiting = kit.plan(collector_id, secrets=2)[2]
    claimed = kit.claim(running, "owner-1", per_collector=1)
    assert kit.claim(waiting, "owner-2", per_collector=1) is Refusal.FULL

    # Whoever ends looks for waiting ones before this one has said that it waits.
    kit.claims.finish(claimed, TaskStatus.SUCCESS, Outcome())
    assert kit.claims.slots.wake(claimed) == []

    assert kit.claims.slots.put_back(kit.slice(waiting), SlotLimits(per_collector=1, per_endpoint=9)) is None
    assert not isinstance(kit.claim(waiting, "owner-2", per_collector=1), Refusal)
