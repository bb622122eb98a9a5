"""Users and collectors that write the same resources."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from tests.integration.ingest.ingest_tools import ingest
from tests.integration.resources.conftest import DOMAIN, Client
from tests.manual_clock import ManualClock
from tests.streams.build import region, service, service_type

Db = Database[dict[str, Any]]


@pytest.fixture
def collected(client: Client, database: Db, clock: ManualClock) -> dict[str, Any]:
    """A service that a collector found."""
    ingest(database, clock, [service_type(), region(), service(1)], domain_id=DOMAIN)
    clock.advance(timedelta(minutes=1))
    return client("CloudService.list")["results"][0]


def collect(database: Db, clock: ManualClock, *stream: Any) -> Any:
    clock.advance(timedelta(minutes=1))
    return ingest(database, clock, stream, domain_id=DOMAIN, job_id="job-2", job_task_id="job_task-2")


def test_a_collected_service_is_shown_whole(collected: dict[str, Any]) -> None:
    assert collected["tags"] == {"aws": {"Name": "server 1", "some.key/with$": "x"}}
    assert collected["tag_keys"] == {"aws": ["Name", "some.key/with$"]}
    assert collected["collection_info"] == [
        {
            "provider": "aws",
            "service_account_id": "sa-1",
            "secret_id": "secret-1",
            "collector_id": "collector-1",
            "last_collected_at": "2026-01-05T12:00:00.000Z",
        }
    ]
    assert "fingerprint" not in collected


def test_the_next_collect_restores_its_own_and_keeps_the_users(
    client: Client, database: Db, clock: ManualClock, collected: dict[str, Any]
) -> None:
    cloud_service_id = collected["cloud_service_id"]
    client("CloudService.update", cloud_service_id=cloud_service_id, name="mine", tags={"own.er": "me"})

    result = collect(database, clock, service(1))

    assert result.counts.updated == 1
    shown = client("CloudService.get", cloud_service_id=cloud_service_id)
    assert shown["name"] == "server 1"
    assert shown["tags"] == collected["tags"] | {"custom": {"own.er": "me"}}
    history = client("ChangeHistory.list", cloud_service_id=cloud_service_id)["results"]
    assert [(record["action"], record["updated_by"]) for record in history] == [
        ("UPDATE", "COLLECTOR"),
        ("UPDATE", "USER"),
        ("CREATE", "COLLECTOR"),
    ]
    assert history[0]["diff"] == [{"key": "name", "before": "mine", "after": "server 1", "type": "CHANGED"}]


def test_what_a_user_deleted_and_a_collector_still_sees_is_a_new_one(
    client: Client, database: Db, clock: ManualClock, collected: dict[str, Any]
) -> None:
    client("CloudService.delete", cloud_service_id=collected["cloud_service_id"])

    result = collect(database, clock, service(1))

    assert result.counts.created == 1
    [found] = client("CloudService.list")["results"]
    assert found["cloud_service_id"] != collected["cloud_service_id"]


def test_a_collector_takes_over_what_a_user_created(client: Client, database: Db, clock: ManualClock) -> None:
    made = client(
        "CloudService.create",
        name="by hand",
        account="123456789012",
        provider="aws",
        cloud_service_group="EC2",
        cloud_service_type="Instance",
        reference={"resource_id": "i-1"},
        data={"note": "x"},
    )

    result = collect(database, clock, service(1))

    assert (result.counts.created, result.counts.updated) == (0, 1)
    shown = client("CloudService.get", cloud_service_id=made["cloud_service_id"])
    assert shown["name"] == "server 1"
    assert shown["data"]["note"] == "x"
    assert shown["collection_info"][0]["collector_id"] == "collector-1"
