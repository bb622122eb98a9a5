"""Schedules as their callers see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory.errors import BadRequestError, InventoryError, NotFoundError
from tests.integration.scheduler.scheduler_kit import ME, OTHER, SchedulerKit


def test_a_new_schedule_waits_for_its_first_fire_time(kit: SchedulerKit) -> None:
    collector_id = kit.collector(priority=3)
    added = kit.service().add(ME, {"collector_id": collector_id, "name": "nightly", "schedule": {"hours": [13]}})
    assert added["schedule_id"].startswith("sched-")
    assert (added["name"], added["collect_mode"], added["schedule"]) == ("nightly", "ALL", {"hours": [13]})
    assert (added["filter"], added["created_at"]) == ({}, kit.clock.now())
    assert added["collector_info"]["collector_id"] == collector_id
    assert "last_scheduled_at" not in added
    stored = kit.stored(added["schedule_id"])
    assert stored["next_fire_at"] == kit.clock.now() + timedelta(hours=1)
    assert stored["priority"] == 3


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"collector_id": ""}, "ERROR_REQUIRED_PARAMETER", "collector_id"),
        ({"collector_id": "collector-000000000000"}, "ERROR_NOT_FOUND", "collector_id"),
        ({"schedule": None}, "ERROR_REQUIRED_PARAMETER", "schedule"),
        ({"schedule": {}}, "ERROR_INVALID_PARAMETER", "schedule"),
        ({"schedule": {"hours": [24]}}, "ERROR_INVALID_PARAMETER", "schedule.hours"),
        ({"schedule": {"interval": 60}}, "ERROR_UNSUPPORTED_SCHEDULE", "schedule.interval"),
        ({"collect_mode": "SOME"}, "ERROR_INVALID_PARAMETER", "collect_mode"),
        ({"filter": {"nope": 1}}, "ERROR_UNSUPPORTED_FILTER_KEY", "filter.nope"),
        ({"name": "x" * 256}, "ERROR_INVALID_PARAMETER", "name"),
    ],
)
def test_what_is_wrong_is_refused_at_add_and_at_update(
    kit: SchedulerKit, params: dict[str, Any], code: str, field: str
) -> None:
    metadata = {"supported_schedules": ["hours"], "filter_format": [{"key": "zone"}]}
    collector_id = kit.collector(metadata=metadata)
    base = {"collector_id": collector_id, "schedule": {"hours": [1]}}
    with pytest.raises(BadRequestError) as caught:
        kit.service().add(ME, base | params)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert kit.database["schedule"].count_documents({}) == 0
    if "collector_id" in params or params.get("schedule", {}) is None:
        return
    schedule_id = kit.add(collector_id, {"hours": [1]})
    before = kit.stored(schedule_id)
    with pytest.raises(BadRequestError) as caught:
        kit.service().update(ME, {"collector_id": collector_id, "schedule_id": schedule_id, "name": "n"} | params)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert kit.stored(schedule_id) == before


def test_update_replaces_what_was_sent_and_nothing_else(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(
        collector_id, {"hours": [1], "minutes": [5]}, name="a", filter={"x": 1}, collect_mode="CREATE"
    )
    key = {"collector_id": collector_id, "schedule_id": schedule_id}
    kit.clock.advance(timedelta(minutes=7))
    updated = kit.service().update(ME, key | {"schedule": {"interval": 60}})
    assert (updated["schedule"], updated["filter"], updated["name"]) == ({"interval": 60}, {"x": 1}, "a")
    assert kit.stored(schedule_id)["next_fire_at"] == kit.clock.now() + timedelta(seconds=60)
    updated = kit.service().update(ME, key | {"filter": {}, "name": "b", "collect_mode": "UPDATE"})
    assert (updated["filter"], updated["name"], updated["collect_mode"]) == ({}, "b", "UPDATE")
    assert updated["collector_info"]["name"] == "mine"


def test_an_interval_goes_on_where_nothing_of_it_changed(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    schedule_id = kit.add(collector_id, {"interval": 600})
    before = kit.stored(schedule_id)["next_fire_at"]
    kit.clock.advance(timedelta(minutes=7))
    request = {"collector_id": collector_id, "schedule_id": schedule_id, "schedule": {"interval": 600}, "name": "b"}
    kit.service().update(ME, request)
    assert kit.stored(schedule_id)["next_fire_at"] == before


def test_a_schedule_belongs_to_its_collector_and_domain(kit: SchedulerKit) -> None:
    mine, another, foreign = kit.collector(), kit.collector(), kit.collector(OTHER)
    schedule_id = kit.add(mine, {"hours": [1]})
    service = kit.service()
    for principal, collector_id in ((ME, another), (OTHER, mine), (OTHER, foreign)):
        request = {"collector_id": collector_id, "schedule_id": schedule_id, "name": "x"}
        with pytest.raises(NotFoundError):
            service.get(principal, collector_id, schedule_id)
        with pytest.raises(NotFoundError):
            service.update(principal, request)
        with pytest.raises(NotFoundError):
            service.delete(principal, collector_id, schedule_id)
        page = service.list(principal, {}, {"collector_id": collector_id})
        assert (list(page.results), page.total_count) == ([], 0)
    with pytest.raises(NotFoundError):
        service.add(OTHER, {"collector_id": mine, "schedule": {"hours": [1]}})
    assert service.get(ME, mine, schedule_id)["schedule_id"] == schedule_id
    service.delete(ME, mine, schedule_id)
    with pytest.raises(NotFoundError):
        service.delete(ME, mine, schedule_id)


def test_list_speaks_the_query_language(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    for name, hour in (("umber", 1), ("teal", 2), ("white", 2)):
        kit.add(collector_id, {"hours": [hour]}, name=name)
    kit.add(kit.collector(), {"hours": [2]}, name="elsewhere")
    service, mine = kit.service(), {"collector_id": collector_id}
    page = service.list(ME, {}, mine)
    assert [each["name"] for each in page.results] == ["teal", "umber", "white"]
    assert all(each["collector_info"]["collector_id"] == collector_id for each in page.results)
    two = {"filter": [{"k": "schedule.hours", "v": 2, "o": "eq"}], "page": {"start": 2, "limit": 1}}
    page = service.list(ME, two, mine)
    assert ([each["name"] for each in page.results], page.total_count) == (["white"], 2)
    page = service.list(ME, {"minimal": True}, mine)
    assert set(page.results[0]) <= {"schedule_id", "name", "collect_mode", "schedule", "collector_info"}
    page = service.list(ME, {"only": ["name"], "keyword": "UMB"}, mine)
    assert [dict(each) for each in page.results] == [{"name": "umber"}]
    enabled = {"filter": [{"k": "collector_info.state", "v": "DISABLED", "o": "eq"}]}
    assert service.list(ME, enabled, mine).total_count == 0
    with pytest.raises(InventoryError):
        service.list(ME, {}, {})


def test_spread_shifts_the_fire_times_of_a_schedule_for_good(kit: SchedulerKit) -> None:
    collector_id = kit.collector()
    service = kit.service(spread_seconds=600)
    found = set()
    for _ in range(5):
        added = service.add(ME, {"collector_id": collector_id, "schedule": {"hours": [13]}})
        late = kit.stored(added["schedule_id"])["next_fire_at"] - kit.clock.now() - timedelta(hours=1)
        assert timedelta(0) <= late < timedelta(minutes=10)
        found.add(late)
    assert len(found) > 1
