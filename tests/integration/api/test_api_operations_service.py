"""Our own service for operators, and the commands that show it, over the server as production has it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from pymongo.database import Database

from inventory.api.app import Server
from inventory.domain.clock import SystemClock, isoformat
from inventory.model.indexes import build_indexes
from inventory.protobuf.api_files import published_files
from tests.integration.api.conftest import DOMAIN, Client, collector, job

Store = Database[dict[str, Any]]
Ended = subprocess.CompletedProcess[str]
OPERATIONS = "inventory.operations.v1.Operations"
COLLECTOR_ID = "collector-000000000000"
NOW = SystemClock().now().replace(minute=0, second=0, microsecond=0)
"""The last full hour."""


@pytest.fixture
def client(whole_server: Server, database: Store) -> Client:
    """A client of a server that has one collector."""
    build_indexes(database)
    database["collector"].insert_one(collector())
    return Client(whole_server)


@pytest.fixture
def inventory(whole_server: Server) -> Callable[..., Ended]:
    """Runs a command against the server."""
    return lambda *words: run(whole_server, *words)


def run(server: Server, *words: str) -> Ended:
    command = [sys.executable, "-m", "inventory", "--endpoint", server.address, "--domain", DOMAIN, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def add_schedule(client: Client, name: str = "hourly") -> str:
    request = {"collector_id": COLLECTOR_ID, "name": name, "schedule": {"minutes": [0]}}
    return str(client.call("Collector.add_schedule", request)["schedule_id"])


def has_fired(database: Store, schedule_id: str) -> None:
    """Let the schedule be old, have fired at the last full hour, and have passed over two hours before that."""
    skip = {"fire_at": NOW - timedelta(hours=3), "last_at": NOW - timedelta(hours=2), "reason": "DOWNTIME"}
    old = {"anchor_at": NOW - timedelta(days=9), "last_scheduled_at": NOW, "skips": [skip]}
    database["schedule"].update_one({"schedule_id": schedule_id}, {"$set": old})
    made = {"schedule_id": schedule_id, "fire_at": NOW, "status": "SUCCESS", "finished_at": NOW + timedelta(minutes=1)}
    database["job"].insert_one(job(**made))


def test_facts_tell_the_next_fire_the_last_one_and_its_job(client: Client, database: Store) -> None:
    schedule_id = add_schedule(client)
    has_fired(database, schedule_id)

    found = client.call(f"{OPERATIONS}.list_schedule_facts", {"collector_id": COLLECTOR_ID})

    stored = database["schedule"].find_one({"schedule_id": schedule_id})
    assert stored is not None
    assert found["total_count"] == 1
    assert found["results"] == [
        {
            "schedule_id": schedule_id,
            "name": "hourly",
            "collector_id": COLLECTOR_ID,
            "collect_mode": "ALL",
            "schedule": {"minutes": [0]},
            "collector_enabled": True,
            "next_fire_at": isoformat(stored["next_fire_at"]),
            "last_scheduled_at": isoformat(NOW),
            "last_job": {
                "job_id": "job-000000000000",
                "status": "SUCCESS",
                "fire_at": isoformat(NOW),
                "created_at": isoformat(job()["created_at"]),
                "finished_at": isoformat(NOW + timedelta(minutes=1)),
                "total_tasks": 2,
                "remained_tasks": 1,
            },
        }
    ]


def test_the_schedules_of_all_collectors_are_listed_with_their_last_jobs_if_asked(
    client: Client, database: Store
) -> None:
    has_fired(database, add_schedule(client))

    of_one = client.call(f"{OPERATIONS}.list_schedule_facts", {"collector_id": COLLECTOR_ID})
    (job,) = [
        each.pop("last_job")
        for each in client.call(f"{OPERATIONS}.list_all_schedule_facts", {"with_last_jobs": True})["results"]
    ]
    of_all = client.call(f"{OPERATIONS}.list_all_schedule_facts", {})

    assert of_one["results"][0].pop("last_job") == job
    assert of_all == of_one
    assert "results" not in client.call(f"{OPERATIONS}.list_all_schedule_facts", {"domain_id": "domain-other"})


def test_a_schedule_that_never_fired_has_no_last_job(client: Client) -> None:
    add_schedule(client)

    (found,) = client.call(f"{OPERATIONS}.list_schedule_facts", {"collector_id": COLLECTOR_ID})["results"]

    assert {"last_job", "last_scheduled_at"}.isdisjoint(found)


def test_an_explanation_has_ten_fire_times_and_what_was_passed_over(client: Client, database: Store) -> None:
    schedule_id = add_schedule(client)
    has_fired(database, schedule_id)

    request = {"collector_id": COLLECTOR_ID, "schedule_id": schedule_id}
    found = client.call(f"{OPERATIONS}.explain_schedule", request)

    assert found["facts"]["last_job"]["status"] == "SUCCESS"
    assert len(set(found["next_times"])) == 10
    assert found["next_times"][0] == found["facts"]["next_fire_at"]
    first, last = (isoformat(NOW - timedelta(hours=hours)) for hours in (3, 2))
    assert found["skipped"] == [{"first": first, "last": last, "reason": "DOWNTIME", "count": 2}]


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        ({"cron": "what?"}, {"cron": "what?"}),
        ({"cron": 5, "hours": "all"}, {}),
        ("hourly", {}),
    ],
)
def test_a_schedule_that_was_broken_by_hand_says_what_is_wrong(
    client: Client, database: Store, broken: Any, shown: dict[str, Any]
) -> None:
    schedule_id = add_schedule(client)
    database["schedule"].update_one({"schedule_id": schedule_id}, {"$set": {"schedule": broken}})

    request = {"collector_id": COLLECTOR_ID, "schedule_id": schedule_id}
    found = client.call(f"{OPERATIONS}.explain_schedule", request)
    (listed,) = client.call(f"{OPERATIONS}.list_schedule_facts", {"collector_id": COLLECTOR_ID})["results"]

    assert found["facts"] == listed
    assert found["facts"].get("schedule", {}) == shown
    assert "schedule" in found["facts"]["problem"]
    assert "next_times" not in found


def test_commands_say_what_is_wrong_with_a_schedule_that_was_broken_by_hand(
    client: Client, database: Store, inventory: Callable[..., Ended]
) -> None:
    schedule_id = add_schedule(client)
    database["schedule"].update_one({"schedule_id": schedule_id}, {"$set": {"schedule": {"cron": "what?"}}})

    listed = inventory("schedule", "list", COLLECTOR_ID)
    shown = inventory("schedule", "explain", COLLECTOR_ID, schedule_id)

    assert (listed.returncode, shown.returncode) == (0, 0)
    assert "unreadable" in listed.stdout
    assert "schedule.cron" in shown.stdout


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("list_schedule_facts", {}, "collector_id"),
        ("explain_schedule", {"collector_id": COLLECTOR_ID}, "schedule_id"),
    ],
)
def test_what_is_missing_is_named(client: Client, method: str, request_: dict[str, Any], field: str) -> None:
    with pytest.raises(grpc.RpcError, match=f"ERROR_REQUIRED_PARAMETER.*{field}"):
        client.call(f"{OPERATIONS}.{method}", request_)


@pytest.mark.parametrize("method", ["list_schedule_facts", "explain_schedule"])
def test_another_domain_finds_nothing(client: Client, method: str) -> None:
    content = {"collector_id": COLLECTOR_ID, "domain_id": "domain-other"}
    if method == "explain_schedule":
        content["schedule_id"] = add_schedule(client)

    with pytest.raises(grpc.RpcError, match="ERROR_NOT_FOUND"):
        client.call(f"{OPERATIONS}.{method}", content)


def test_the_list_command_shows_next_fire_last_fire_and_outcome(
    client: Client, database: Store, inventory: Callable[..., Ended]
) -> None:
    schedule_id = add_schedule(client)
    has_fired(database, schedule_id)
    stored = database["schedule"].find_one({"schedule_id": schedule_id})
    assert stored is not None

    table = inventory("schedule", "list", COLLECTOR_ID)
    (row,) = json.loads(inventory("schedule", "list", COLLECTOR_ID, "--json").stdout)["results"]

    for text in (schedule_id, isoformat(stored["next_fire_at"]), isoformat(NOW), "job-000000000000", "SUCCESS"):
        assert text in table.stdout
    assert (row["schedule_id"], row["last_job"]["status"]) == (schedule_id, "SUCCESS")
    assert row["created_at"] == isoformat(stored["created_at"])


def test_the_explain_command_says_why(client: Client, database: Store, inventory: Callable[..., Ended]) -> None:
    schedule_id = add_schedule(client, name="[bold]nightly")
    has_fired(database, schedule_id)

    shown = inventory("schedule", "explain", COLLECTOR_ID, schedule_id)
    told = json.loads(inventory("schedule", "explain", COLLECTOR_ID, schedule_id, "--json").stdout)

    assert shown.returncode == 0
    assert "[bold]nightly" in shown.stdout
    assert all(moment in shown.stdout for moment in told["next_times"])
    assert "no scheduler ran for longer than the grace time" in shown.stdout
    assert isoformat(NOW - timedelta(hours=3)) in shown.stdout


def test_commands_say_that_a_disabled_collector_does_not_fire(
    client: Client, database: Store, inventory: Callable[..., Ended]
) -> None:
    schedule_id = add_schedule(client)
    database["collector"].update_one({"collector_id": COLLECTOR_ID}, {"$set": {"state": "DISABLED"}})

    assert "collector disabled" in inventory("schedule", "list", COLLECTOR_ID).stdout
    shown = inventory("schedule", "explain", COLLECTOR_ID, schedule_id).stdout
    assert "once the collector is enabled" in shown
    assert "last fired: never" in shown


def test_a_schedule_that_is_not_there_has_an_returncode_of_its_own(
    client: Client, inventory: Callable[..., Ended]
) -> None:
    found = inventory("schedule", "explain", COLLECTOR_ID, "sched-000000000000")

    assert found.returncode == 3
    assert "ERROR_NOT_FOUND" in found.stderr


def test_on_a_server_without_the_service_the_list_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, start: Callable[..., Server], database: Store
) -> None:
    monkeypatch.setattr("inventory.api.app.all_files", published_files)
    server = start()
    database["collector"].insert_one(collector())

    listed = run(server, "schedule", "list", COLLECTOR_ID)
    explained = run(server, "schedule", "explain", COLLECTOR_ID, "sched-111111111111")

    assert listed.returncode == 0
    assert "does not report next fire times" in listed.stderr
    assert "next fire" not in listed.stdout
    assert (explained.returncode, "cannot explain" in explained.stderr) == (1, True)
