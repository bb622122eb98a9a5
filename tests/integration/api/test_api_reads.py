"""Collectors, jobs and job tasks as clients read them."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from bson import Int64, encode
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from tests.integration.api.conftest import DOMAIN, Client, collector, job, job_task

Store = Database[dict[str, Any]]


def test_a_collector_is_shown_whole(database: Store, client: Client) -> None:
    database["collector"].insert_one(collector())

    found = client.call("Collector.get", {"collector_id": "collector-000000000000"})

    assert found == {
        "collector_id": "collector-000000000000",
        "name": "Collector 000",
        "state": "ENABLED",
        "provider": "aws",
        "capability": {"supported_schema": ["aws_access_key"]},
        "plugin_info": {
            "plugin_id": "plugin-30d21ef75a5d",
            "version": "1.13.13",
            "options": {"regions": ["us-east-1"], "depth": 3, "ratio": 0.5, "none": None},
            "metadata": {"supported_features": ["garbage_collection"]},
            "provider": "aws",
            "upgrade_mode": "AUTO",
        },
        "priority": 10,
        "tags": {"type": "test"},
        "is_public": True,
        "domain_id": DOMAIN,
        "created_at": "2026-01-05T12:00:00.195Z",
    }


def test_a_list_has_the_page_and_the_count_of_all(database: Store, client: Client) -> None:
    database["collector"].insert_many([collector(number) for number in range(7)])
    database["collector"].insert_one(collector(8, domain_id="another"))

    found = client.call("Collector.list", {"query": {"page": {"start": 3, "limit": 2}}})

    assert [item["name"] for item in found["results"]] == ["Collector 002", "Collector 003"]
    assert found["total_count"] == 7


def test_count_only_gives_no_results(database: Store, client: Client) -> None:
    database["collector"].insert_many([collector(number) for number in range(3)])

    assert client.call("Collector.list", {"query": {"count_only": True}}) == {"total_count": 3}


def test_only_fills_just_these_fields(database: Store, client: Client) -> None:
    database["collector"].insert_one(collector())

    listed = client.call("Collector.list", {"query": {"only": ["name", "plugin_info.version"]}})
    got = client.call("Collector.get", {"collector_id": "collector-000000000000", "only": ["plugin_id"]})

    assert listed["results"] == [{"name": "Collector 000", "plugin_info": {"version": "1.13.13"}}]
    assert got == {"plugin_info": {"plugin_id": "plugin-30d21ef75a5d"}}


def test_minimal_wins_over_only(database: Store, client: Client) -> None:
    database["collector"].insert_one(collector())

    (shown,) = client.call("Collector.list", {"query": {"minimal": True, "only": ["tags"]}})["results"]

    assert shown == {
        "collector_id": "collector-000000000000",
        "name": "Collector 000",
        "state": "ENABLED",
        "provider": "aws",
        "capability": {"supported_schema": ["aws_access_key"]},
        "plugin_info": {"plugin_id": "plugin-30d21ef75a5d", "version": "1.13.13"},
        "is_public": True,
    }


def test_the_requests_own_fields_narrow_the_list(database: Store, client: Client) -> None:
    database["collector"].insert_many([collector(0), collector(1, state="DISABLED", priority=3)])

    def names(**request: Any) -> list[str]:
        return [item["name"] for item in client.call("Collector.list", request).get("results", [])]

    assert names(state="DISABLED") == ["Collector 001"]
    assert names(priority=3) == ["Collector 001"]
    assert names(plugin_id="plugin-30d21ef75a5d", name="Collector 000") == ["Collector 000"]
    assert names(plugin_id="another") == []


def test_a_filter_on_domain_id_opens_no_other_domain(database: Store, client: Client) -> None:
    database["collector"].insert_many([collector(0), collector(1, domain_id="another")])
    widening = {"filter": [{"k": "domain_id", "v": "another", "o": "eq"}]}

    assert client.call("Collector.list", {"query": widening}) == {}
    assert client.call("Collector.stat", {"query": {"distinct": "name"}}) == {"results": ["Collector 000"]}
    with pytest.raises(grpc.RpcError) as caught:
        client.call("Collector.get", {"collector_id": "collector-000000000001"})
    assert caught.value.details() == "ERROR_NOT_FOUND: Value not found. (collector_id = collector-000000000001)"


def test_stat_answers_times_as_text_and_counts_with_a_page(database: Store, client: Client) -> None:
    database["collector"].insert_many([collector(number) for number in range(5)])
    group = {"keys": [{"key": "created_at", "name": "at"}], "fields": [{"name": "n", "operator": "count"}]}
    query = {
        "aggregate": [{"group": group}, {"sort": {"key": "at"}}],
        "page": {"limit": 2},
    }

    assert client.call("Collector.stat", {"query": query}) == {
        "results": [{"at": "2026-01-05T12:00:00.195Z", "n": 1}, {"at": "2026-01-05T12:00:01.195Z", "n": 1}],
        "total_count": 5,
    }


def test_a_job_shows_its_collector_in_minimal_form(database: Store, client: Client) -> None:
    database["collector"].insert_one(collector())
    database["job"].insert_one(job())

    found = client.call("Job.get", {"job_id": "job-000000000000"})

    assert found == {
        "job_id": "job-000000000000",
        "status": "IN_PROGRESS",
        "filter": {},
        "total_tasks": 2,
        "remained_tasks": 1,
        "errors": [{"error_code": "ERROR_X", "message": "went wrong", "additional": {"a": 1}}],
        "collector_info": {
            "collector_id": "collector-000000000000",
            "name": "Collector 000",
            "state": "ENABLED",
            "provider": "aws",
            "capability": {"supported_schema": ["aws_access_key"]},
            "plugin_info": {"plugin_id": "plugin-30d21ef75a5d", "version": "1.13.13"},
            "is_public": True,
        },
        "project_id": "project-a",
        "domain_id": DOMAIN,
        "created_at": "2026-01-05T12:00:00.195Z",
        "updated_at": "2026-01-05T12:00:00.195Z",
    }


def test_jobs_are_newest_first_and_reach_into_their_collector(database: Store, client: Client) -> None:
    database["collector"].insert_many([collector(0), collector(1, name="Other")])
    database["job"].insert_many(
        [
            job(0),
            job(1, collector_id="collector-000000000001"),
            job(2, collector_id="collector-00000000dead", projects=["project-a", "project-b"]),
        ]
    )

    def ids(query: dict[str, Any] | None = None, **request: Any) -> list[str]:
        found = client.call("Job.list", {"query": {"only": ["job_id"], **(query or {})}, **request})
        return [item["job_id"][-1] for item in found.get("results", [])]

    assert ids() == ["2", "1", "0"]
    assert ids({"filter": [{"k": "collector_info.name", "v": "Other", "o": "eq"}]}) == ["1"]
    assert ids({"filter": [{"k": "collector.plugin_info.plugin_id", "v": "x", "o": "eq"}]}) == []
    assert ids(collector_id="collector-00000000dead") == ["2"]
    assert ids(project_id="project-b") == ["2"]
    assert ids(status="ERROR") == []


def test_only_of_a_job_reaches_the_collector_and_the_project(database: Store, client: Client) -> None:
    database["collector"].insert_one(collector())
    database["job"].insert_one(job())

    def shown(*only: str) -> dict[str, Any]:
        got = client.call("Job.get", {"job_id": "job-000000000000", "only": list(only)})
        (listed,) = client.call("Job.list", {"query": {"only": list(only)}})["results"]
        assert got == listed
        return got

    assert shown("collector_info.name", "status") == {
        "status": "IN_PROGRESS",
        "collector_info": {"name": "Collector 000"},
    }
    assert shown("project_id") == {"project_id": "project-a"}
    assert shown("collector_info")["collector_info"]["name"] == "Collector 000"
    assert shown("job_id") == {"job_id": "job-000000000000"}


def test_a_job_of_a_deleted_collector_shows_none(database: Store, client: Client) -> None:
    database["job"].insert_one(job())

    assert "collector_info" not in client.call("Job.get", {"job_id": "job-000000000000"})


def test_deleting_a_running_job_removes_its_tasks(database: Store, client: Client) -> None:
    database["job"].insert_one(job())
    database["job_task"].insert_many([job_task(0), job_task(1, secret_id="s1", status="SUCCESS")])

    assert client.call("Job.delete", {"job_id": "job-000000000000"}) == {}

    assert database["job"].count_documents({}) == database["job_task"].count_documents({}) == 0
    with pytest.raises(grpc.RpcError, match="ERROR_NOT_FOUND"):
        client.call("Job.delete", {"job_id": "job-000000000000"})


def test_job_tasks_are_read_counted_and_removed(database: Store, client: Client) -> None:
    database["job_task"].insert_many([job_task(0), job_task(1, status="FAILURE", secret_id="s1")])

    got = client.call("JobTask.get", {"job_task_id": "job_task-000000000000"})
    listed = client.call("JobTask.list", {"status": "FAILURE", "query": {"minimal": True}})
    counted = client.call("JobTask.stat", {"query": {"distinct": "status"}})
    client.call("JobTask.delete", {"job_task_id": "job_task-000000000000"})

    assert got == {
        "job_task_id": "job_task-000000000000",
        "status": "IN_PROGRESS",
        "created_count": 3,
        "job_id": "job-000000000000",
        "secret_id": "secret-0",
        "project_id": "project-a",
        "domain_id": DOMAIN,
        "created_at": "2026-01-05T12:00:00.195Z",
        "started_at": "2026-01-05T12:00:00.195Z",
    }
    assert [item["job_task_id"] for item in listed["results"]] == ["job_task-000000000001"]
    assert "domain_id" not in listed["results"][0]
    assert counted == {"results": ["FAILURE", "IN_PROGRESS"]}
    assert database["job_task"].count_documents({}) == 1


def test_what_was_sent_arrives_with_zero_false_and_empty(client: Client, container: Any) -> None:
    plugin_info = {"plugin_id": "plugin-1", "options": {}}

    shown = client.call(
        "Collector.create", {"name": "x", "plugin_info": plugin_info, "priority": 0, "is_public": False, "tags": {}}
    )

    assert container.collector_service.sent == {
        "name": "x",
        "plugin_info": plugin_info,
        "priority": 0,
        "is_public": False,
        "tags": {},
    }
    assert shown["plugin_info"] == plugin_info


def test_get_version_needs_no_domain(client: Client) -> None:
    assert client.call("spaceone.api.core.v1.ServerInfo.get_version")["version"]


def test_no_number_key_or_text_of_one_collector_hides_the_others(database: Store, client: Client) -> None:
    odd = {"nan": float("nan"), "inf": float("-inf"), "long": Int64(2**63 - 1), "a.b": "\x9b", "$set": [1e308]}
    broken = encode(collector(1, tags={"text": "NOT-UTF8", "at": datetime(2000, 1, 1, tzinfo=UTC)}))
    broken = broken.replace(b"NOT-UTF8", b"NOT-\xff\xfe\xed\xa0")
    beyond = struct.pack("<q", 400_000_000_000_000)  # milliseconds: in the year 14645
    broken = broken.replace(struct.pack("<q", 946_684_800_000), beyond)
    misfits = {"priority": "high", "capability": ["a"], "plugin_info": "none", "last_collected_at": 7, "is_public": 1}
    database["collector"].insert_many([collector(0, tags=odd), RawBSONDocument(broken), collector(2) | misfits])

    found = client.call("Collector.list", {})["results"]

    assert [item["name"] for item in found] == ["Collector 000", "Collector 001", "Collector 002"]
    assert found[0]["tags"] == {"nan": None, "inf": None, "long": 2.0**63, "a.b": "\x9b", "$set": [1e308]}
    assert found[1]["tags"]["text"].startswith("NOT-")
    assert found[1]["tags"]["at"].startswith("9999-12-31")
