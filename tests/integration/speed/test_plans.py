"""No list in its default order reads or sorts more than it answers: each finds an index that has its order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from tests.integration.speed.conftest import DOMAIN, Api, Json
from tests.manual_clock import ManualClock

STORED = 60
_OURS = ("find", "filter", "sort", "limit", "skip", "projection", "aggregate", "pipeline", "cursor", "count", "query")

LISTS = [
    ("Collector.list", {}),
    ("Collector.list", {"plugin_id": "plugin-1"}),
    ("Collector.list_schedules", {"collector_id": "id-1"}),
    ("Job.list", {}),
    ("Job.list", {"status": "IN_PROGRESS"}),
    ("Job.list", {"collector_id": "id-1"}),
    ("JobTask.list", {}),
    ("CloudService.list", {}),
    ("CloudServiceType.list", {}),
    ("Region.list", {}),
    ("ChangeHistory.list", {"cloud_service_id": "id-1"}),
    ("CollectorRule.list", {}),
]


@pytest.fixture
def stored(database: Database[Json], clock: ManualClock) -> None:
    """Some documents of every kind, in two domains."""
    kinds = (
        ("collector", "collector_id"),
        ("schedule", "schedule_id"),
        ("job", "job_id"),
        ("job_task", "job_task_id"),
        ("cloud_service", "cloud_service_id"),
        ("cloud_service_type", "cloud_service_type_id"),
        ("region", "region_id"),
        ("record", "record_id"),
        ("collector_rule", "collector_rule_id"),
    )
    for collection, id_field in kinds:
        database[collection].insert_many(
            {
                "domain_id": DOMAIN if number % 2 else "another",
                "name": f"name-{number}",
                "collector_id": f"id-{number % 5}",
                "cloud_service_id": f"id-{number % 5}",
                "job_id": f"job-{number}",
                "secret_id": f"secret-{number}",
                "created_at": clock.now(),
                "provider": "aws",
                "group": f"group-{number}",
                "region_code": f"region-{number}",
                "state": "ACTIVE",
                "status": "IN_PROGRESS" if collection == "job" else "SUCCESS",
                "order": number,
                "plugin_info": {"plugin_id": "plugin-1"},
                id_field: f"own-{number}",
            }
            for number in range(STORED)
        )


def _stages(plan: Mapping[str, Any]) -> Iterator[str]:
    yield plan.get("stage", "")
    for inner in (*plan.get("inputStages", ()), *(plan[name] for name in ("inputStage", "queryPlan") if name in plan)):
        yield from _stages(inner)


def _explained(database: Database[Json], command: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {name: value for name, value in command.items() if name in _OURS}
    answer = database.command({"explain": own, "verbosity": "executionStats"})
    inner: Mapping[str, Any] = answer["stages"][0]["$cursor"] if "stages" in answer else answer
    return inner


@pytest.mark.usefixtures("stored")
def test_a_list_reads_by_an_index_that_has_its_order(api: Api, database: Database[Json]) -> None:
    for method, filters in LISTS:
        for page in ({}, {"start": 1, "limit": 5}, {"start": 6, "limit": 5}):
            assert api.call(method, {**filters, "query": {"page": page}})["total_count"]
            own, *others = list(api.recorder.commands)
            for command in (own, *others):
                stages = set(_stages(_explained(database, command)["queryPlanner"]["winningPlan"]))
                assert not stages & {"SORT", "COLLSCAN"}, (method, command, stages)
            read = _explained(database, own)["executionStats"]["totalDocsExamined"]
            assert not page or read <= page["start"] + page["limit"], (method, own)


@pytest.mark.usefixtures("stored")
def test_a_deep_page_of_resources_reads_no_more_than_the_first(
    api: Api, database: Database[Json], clock: ManualClock
) -> None:
    for number, stored in enumerate(database["cloud_service"].find({}, {"_id": 1})):
        created = {"created_at": clock.now() - timedelta(seconds=number // 4)}
        database["cloud_service"].update_one(stored, {"$set": created})
    after = ""
    for _ in range(STORED // 2 // 5 - 1):
        answer = api.call("ResourcePages.list", {"query": {"page": {"limit": 5}}, "after": after})
        after = answer["next"]
        found, counted = (_explained(database, each) for each in api.recorder.commands[-2:])
        # One more than the page has, and at most those that were created at the same time as the last one before.
        assert found["executionStats"]["totalDocsExamined"] <= 5 + 1 + 4
        assert found["executionStats"]["totalKeysExamined"] <= 5 + 1 + 4 + 4
        assert "SORT" not in set(_stages(found["queryPlanner"]["winningPlan"]))
        assert counted["executionStats"]["totalDocsExamined"] == 0


@pytest.mark.usefixtures("stored")
def test_a_count_reads_no_documents(api: Api, database: Database[Json]) -> None:
    for method, filters in LISTS:
        if filters.keys() <= {"collector_id", "cloud_service_id"}:
            assert api.call(method, {**filters, "query": {"count_only": True}})["total_count"]
            explained = _explained(database, api.recorder.commands[-1])
            assert explained["executionStats"]["totalDocsExamined"] == 0, method


def test_the_sweeper_reads_no_jobs_that_have_ended(api: Api, database: Database[Json], clock: ManualClock) -> None:
    common = {"domain_id": DOMAIN, "planned": False, "created_at": clock.now() - timedelta(minutes=1)}
    states = ["IN_PROGRESS"] * 3 + ["SUCCESS"] * STORED
    database["job"].insert_many({**common, "job_id": f"job-{n}", "status": each} for n, each in enumerate(states))
    api.recorder.commands.clear()

    found = api.container.jobs.plans.unplanned(enqueued_before=clock.now(), limit=100)

    assert [job["job_id"] for job in found] == ["job-0", "job-1", "job-2"]
    [command] = api.recorder.commands
    explained = _explained(database, command)
    assert explained["executionStats"]["totalDocsExamined"] == 3
    assert "COLLSCAN" not in set(_stages(explained["queryPlanner"]["winningPlan"]))
