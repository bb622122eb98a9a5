"""Documents that somebody broke by hand: they hold up nobody, and what is wrong with them is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import structlog

from inventory.domain.schedule.due import SkipReason
from tests.integration.scheduler.scheduler_kit import ME, SchedulerKit

HOUR = timedelta(hours=1)

BROKEN: list[dict[str, Any]] = [
    {"schedule": {"cron": "what?"}},
    {"schedule": {"cron": "0 0 30 2 *"}},
    {"schedule": {"cron": 5}},
    {"schedule": {"hours": "all"}},
    {"schedule": {"hours": [25]}},
    {"schedule": {"interval": -1}},
    {"schedule": {}},
    {"schedule": None},
    {"schedule": "hourly"},
    {"anchor_at": None},
    {"anchor_at": "yesterday"},
    {"collect_mode": None},
    {"collect_mode": "SOME"},
    {"filter": "all"},
]
"""Each leaves a schedule that cannot fire."""


def _spoil(kit: SchedulerKit, schedule_id: str, fields: dict[str, Any]) -> None:
    absent = {"$unset": {key: "" for key, value in fields.items() if value is None}}
    present = {"$set": {key: value for key, value in fields.items() if value is not None}}
    change = {verb: each for each in (absent, present) for verb, each in each.items() if each}
    kit.database["schedule"].update_one({"schedule_id": schedule_id}, change)


def test_none_holds_up_the_others_and_each_is_logged_once(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    broken = [kit.add(collector_id, {"hours": [13]}) for _ in BROKEN]
    sound = [kit.add(collector_id, {"hours": [13]}) for _ in range(3)]
    for schedule_id, fields in zip(broken, BROKEN, strict=True):
        _spoil(kit, schedule_id, fields)
    kit.clock.advance(HOUR)
    with structlog.testing.capture_logs() as logs:
        first = kit.replica(batch=4).tick()
        second = kit.replica(batch=4).tick()
    assert (first.parked, first.fired) == (len(broken), len(sound))
    assert (second.parked, second.fired) == (0, 0)
    told = {entry["schedule_id"]: entry["reason"] for entry in logs if entry["event"] == "schedule_unreadable"}
    assert set(told) == set(broken)
    assert all(told.values())
    assert [len(kit.fired(schedule_id)) for schedule_id in sound] == [1, 1, 1]


@pytest.mark.parametrize("fields", BROKEN, ids=str)
def test_facts_say_what_is_wrong_before_and_after_it_was_due(kit: SchedulerKit, fields: dict[str, Any]) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"hours": [13]})
    _spoil(kit, schedule_id, fields)
    for _ in range(2):
        found = kit.facts().explain(ME, collector_id, schedule_id)
        assert found.facts.problem
        assert (found.next_times, found.facts.next_fire_at) == ([], None)
        assert found.document()["problem"] == found.facts.problem
        kit.clock.advance(HOUR)
        kit.ticker.tick()
    key = {"collector_id": collector_id, "schedule_id": schedule_id}
    if "schedule" in fields:
        kit.service().update(ME, key | {"schedule": {"hours": [14, 16]}})
        found = kit.facts().explain(ME, collector_id, schedule_id)
        assert (found.facts.problem, found.next_times[0].hour) == ("", 16)


def test_one_that_was_mended_by_hand_is_set_going_by_setting_it_again(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"hours": [13]})
    _spoil(kit, schedule_id, {"schedule": {"cron": "what?"}})
    kit.clock.advance(HOUR)
    kit.ticker.tick()
    _spoil(kit, schedule_id, {"schedule": {"hours": [13]}})
    assert "set its schedule again" in kit.facts().explain(ME, collector_id, schedule_id).facts.problem
    request = {"collector_id": collector_id, "schedule_id": schedule_id, "schedule": {"hours": [13]}}
    kit.service().update(ME, request)
    assert kit.facts().explain(ME, collector_id, schedule_id).facts.problem == ""


def test_broken_history_is_left_out_and_what_can_be_read_is_told(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"minutes": [0]})
    sound = {"fire_at": kit.clock.now() - 3 * HOUR, "last_at": kit.clock.now() - HOUR, "reason": "DOWNTIME"}
    broken: list[Any] = [{}, "skip", {**sound, "reason": "BORED"}, {**sound, "fire_at": "then"}]
    _spoil(kit, schedule_id, {"skips": [*broken, sound], "last_scheduled_at": "today"})
    found = kit.facts().explain(ME, collector_id, schedule_id)
    assert [(skip.reason, skip.count) for skip in found.skipped] == [(SkipReason.DOWNTIME, None)]
    assert (found.facts.problem, found.facts.last_scheduled_at) == ("", None)
    kit.collectors.update_fields("domain-1", collector_id, {"state": "DISABLED"})
    kit.clock.advance(HOUR)
    assert kit.ticker.tick().skipped == 1
    assert [skip.reason for skip in kit.facts().explain(ME, collector_id, schedule_id).skipped] == [
        SkipReason.DOWNTIME,
        SkipReason.DISABLED,
    ]


def test_a_broken_collector_parks_only_its_own(kit: SchedulerKit) -> None:
    broken, sound = kit.collector(), kit.collector()
    ids = [kit.add(collector_id, {"hours": [13]}) for collector_id in (broken, sound)]
    kit.database["collector"].update_one({"collector_id": broken}, {"$set": {"priority": "high"}})
    kit.clock.advance(HOUR)
    report = kit.ticker.tick()
    assert (report.parked, report.fired) == (1, 1)
    assert [len(kit.fired(schedule_id)) for schedule_id in ids] == [0, 1]
