"""CloudService: create, update, delete and the history they leave."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from tests.integration.resources.conftest import Client, Refused
from tests.manual_clock import ManualClock

Make = Callable[..., dict[str, Any]]


def records(client: Client, service: dict[str, Any], **request: Any) -> list[dict[str, Any]]:
    answer = client("ChangeHistory.list", cloud_service_id=service["cloud_service_id"], **request)
    return answer.get("results", [])


def test_a_created_service_is_shown_as_it_was_sent(client: Client, make: Make) -> None:
    made = make(
        account="123",
        instance_type="t3.large",
        instance_size=2.5,
        ip_addresses=["10.0.0.1"],
        metadata={"view": {"a": 1}},
        reference={"resource_id": "arn:1", "external_link": "https://x"},
        tags={"a.b/c": "1", "$cost": "2", "50%": "3"},
        region_code="us-east-1",
        project_id="project-a",
    )

    got = client("CloudService.get", cloud_service_id=made["cloud_service_id"])

    assert got == made
    assert re.fullmatch("cloud-svc-[0-9a-f]{12}", made.pop("cloud_service_id"))
    assert made == {
        "name": "vm",
        "state": "ACTIVE",
        "account": "123",
        "instance_type": "t3.large",
        "instance_size": 2.5,
        "cloud_service_type": "Instance",
        "cloud_service_group": "EC2",
        "provider": "aws",
        "data": {"os": {"name": "linux"}, "cores": 2.0},
        "metadata": {"aws": {"view": {"a": 1.0}}},
        "reference": {"resource_id": "arn:1", "external_link": "https://x"},
        "tags": {"aws": {"a.b/c": "1", "$cost": "2", "50%": "3"}},
        "tag_keys": {"aws": ["$cost", "50%", "a.b/c"]},
        "ip_addresses": ["10.0.0.1"],
        "region_code": "us-east-1",
        "project_id": "project-a",
        "domain_id": "domain-one",
        "created_at": "2026-01-05T12:00:00.000Z",
        "updated_at": "2026-01-05T12:00:00.000Z",
    }


@pytest.mark.parametrize("missing", ["provider", "cloud_service_group", "cloud_service_type", "data"])
def test_create_requires(client: Client, make: Make, missing: str) -> None:
    fields = {"provider": "aws", "cloud_service_group": "EC2", "cloud_service_type": "Instance", "data": {}}
    del fields[missing]

    failure = client.refused("CloudService.create", **fields)

    assert (failure.code, failure.text) == ("ERROR_REQUIRED_PARAMETER", f"Required parameter. (key = {missing})")


def test_empty_data_is_data(client: Client, make: Make) -> None:
    assert make(data={})["data"] == {}


def test_the_project_must_exist_and_nothing_stays_behind(client: Client, make: Make) -> None:
    failure = client.refused(
        "CloudService.create",
        provider="aws",
        cloud_service_group="EC2",
        cloud_service_type="Instance",
        data={},
        project_id="project-x",
    )

    assert (failure.code, failure.text) == ("ERROR_NOT_FOUND", "Value not found. (project_id = project-x)")
    assert client("CloudService.list") == {}


def test_update_merges_data_and_keeps_user_tags_apart(client: Client, make: Make, clock: ManualClock) -> None:
    made = make(tags={"a.b": "provider"}, metadata={"view": 1}, region_code="us-east-1", project_id="project-a")
    clock.advance(timedelta(seconds=60))

    updated = client(
        "CloudService.update",
        cloud_service_id=made["cloud_service_id"],
        name="renamed",
        data={"cores": 4},
        tags={"own.er": "me"},
        metadata={"note": "x"},
        instance_size=8,
        project_id="project-b",
    )

    assert updated["data"] == {"os": {"name": "linux"}, "cores": 4.0}
    assert updated["tags"] == {"aws": {"a.b": "provider"}, "custom": {"own.er": "me"}}
    assert updated["tag_keys"] == {"aws": ["a.b"], "custom": ["own.er"]}
    assert updated["metadata"] == {"aws": {"view": 1.0}, "custom": {"note": "x"}}
    assert (updated["name"], updated["instance_size"], updated["project_id"]) == ("renamed", 8.0, "project-b")
    assert (updated["created_at"], updated["updated_at"]) == ("2026-01-05T12:00:00.000Z", "2026-01-05T12:01:00.000Z")
    assert client("CloudService.get", cloud_service_id=made["cloud_service_id"]) == updated


def test_an_empty_struct_clears_the_users_tags_only(client: Client, make: Make) -> None:
    made = make(tags={"a": "1"})
    client("CloudService.update", cloud_service_id=made["cloud_service_id"], tags={"b": "2"})

    updated = client("CloudService.update", cloud_service_id=made["cloud_service_id"], tags={})

    assert updated["tags"] == {"aws": {"a": "1"}}
    assert updated["tag_keys"] == {"aws": ["a"]}


def test_release_clears_project_and_region(client: Client, make: Make, database: Database[dict[str, Any]]) -> None:
    made = make(region_code="us-east-1", project_id="project-a")

    updated = client(
        "CloudService.update", cloud_service_id=made["cloud_service_id"], release_project=True, release_region=True
    )

    assert "project_id" not in updated
    assert "region_code" not in updated
    stored = database["cloud_service"].find_one({})
    assert stored is not None
    assert not {"project_id", "region_code", "ref_region"} & stored.keys()


def test_an_update_drops_what_ties_the_document_to_an_ingest(
    client: Client, make: Make, database: Database[dict[str, Any]]
) -> None:
    made = make()
    assert database["cloud_service"].count_documents({"match_key": {"$exists": True}}) == 0
    database["cloud_service"].update_one({}, {"$set": {"fingerprint": b"f", "match_key": b"m"}})

    client("CloudService.update", cloud_service_id=made["cloud_service_id"], name="vm")

    stored = database["cloud_service"].find_one({})
    assert stored is not None
    assert not {"fingerprint", "match_key"} & stored.keys()
    assert stored["revision"] == 2


def test_a_size_is_stored_as_it_was_meant(client: Client, make: Make) -> None:
    make(instance_size=0.1)
    query = {"filter": [{"k": "instance_size", "v": 0.1, "o": "eq"}]}

    assert client("CloudService.list", query=query)["results"][0]["instance_size"] == 0.1


def test_the_history_tells_who_changed_what(client: Client, make: Make, clock: ManualClock) -> None:
    made = make(tags={"a.b": "1"})
    clock.advance(timedelta(seconds=1))
    client.by("user-2")(
        "CloudService.update", cloud_service_id=made["cloud_service_id"], data={"os": {"name": "bsd"}}, account="7"
    )
    clock.advance(timedelta(seconds=1))
    client.by("user-2")("CloudService.update", cloud_service_id=made["cloud_service_id"], account="7")
    clock.advance(timedelta(seconds=1))
    client.by("user-3")("CloudService.delete", cloud_service_id=made["cloud_service_id"])

    deleted, updated, created = records(client, made)

    assert [(r["action"], r["updated_by"], r["user_id"]) for r in (created, updated, deleted)] == [
        ("CREATE", "USER", "user-1"),
        ("UPDATE", "USER", "user-2"),
        ("DELETE", "USER", "user-3"),
    ]
    assert updated["diff"] == [
        {"key": "account", "before": None, "after": "7", "type": "ADDED"},
        {"key": "data.os.name", "before": "linux", "after": "bsd", "type": "CHANGED"},
    ]
    assert updated["diff_count"] == 2
    assert {"key": "tags.aws.a.b", "before": None, "after": "1", "type": "ADDED"} in created["diff"]
    assert "diff" not in deleted or deleted["diff"] == []
    assert updated["created_at"] == "2026-01-05T12:00:01.000Z"
    assert updated["record_id"].startswith("record-")


def test_a_deleted_service_is_shown_by_get_only_and_refuses_changes(
    client: Client, make: Make, clock: ManualClock
) -> None:
    gone, kept = make("gone"), make("kept")
    clock.advance(timedelta(seconds=5))

    assert client("CloudService.delete", cloud_service_id=gone["cloud_service_id"]) == {}

    shown = client("CloudService.get", cloud_service_id=gone["cloud_service_id"])
    assert (shown["state"], shown["deleted_at"]) == ("DELETED", "2026-01-05T12:00:05.000Z")
    assert client.ids("CloudService.list", "name") == ["kept"]
    for method in ("update", "delete"):
        failure = client.refused(f"CloudService.{method}", cloud_service_id=gone["cloud_service_id"])
        assert failure.code == "ERROR_RESOURCE_ALREADY_DELETED"
    assert len(records(client, kept)) == 1


@pytest.mark.parametrize("method", ["get", "update", "delete"])
def test_another_domains_service_does_not_exist(client: Client, make: Make, method: str) -> None:
    made = make()

    failure = client.by("user@domain-two").refused(f"CloudService.{method}", cloud_service_id=made["cloud_service_id"])

    assert failure.code == "ERROR_NOT_FOUND"
    assert client.by("user@domain-two")("CloudService.list") == {}
    assert client("CloudService.get", cloud_service_id=made["cloud_service_id"]) == made


def test_concurrent_updates_all_come_about_and_each_leaves_its_record(client: Client, make: Make) -> None:
    made = make()

    def write(number: int) -> None:
        client("CloudService.update", cloud_service_id=made["cloud_service_id"], data={f"n{number}": number})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))

    data = client("CloudService.get", cloud_service_id=made["cloud_service_id"])["data"]
    assert {f"n{number}" for number in range(12)} <= data.keys()
    changed = [entry["key"] for record in records(client, made, action="UPDATE") for entry in record["diff"]]
    assert sorted(changed) == sorted(f"data.n{number}" for number in range(12))


def test_a_reference_in_data_survives_an_update(client: Client, make: Make) -> None:
    whole = make(data={"$ref": "things", "$id": "1"})
    made = make(data={"link": {"$ref": "things", "$id": "1"}, "$odd": 1, "a.b": 2})

    updated = client("CloudService.update", cloud_service_id=made["cloud_service_id"], data={"more": True})

    assert updated["data"] == {"link": {"$ref": "things", "$id": "1"}, "$odd": 1.0, "a.b": 2.0, "more": True}
    assert client("CloudService.get", cloud_service_id=whole["cloud_service_id"])["data"] == whole["data"]


def test_history_is_per_service_and_filtered(client: Client, make: Make, clock: ManualClock) -> None:
    one, two = make("one"), make("two")
    clock.advance(timedelta(seconds=1))
    client("CloudService.update", cloud_service_id=one["cloud_service_id"], name="uno")

    assert [r["action"] for r in records(client, one)] == ["UPDATE", "CREATE"]
    assert [r["action"] for r in records(client, one, action="UPDATE")] == ["UPDATE"]
    assert [r["action"] for r in records(client, one, query={"keyword": "uno"})] == ["UPDATE"]
    other = {"filter_or": [{"k": "cloud_service_id", "v": two["cloud_service_id"], "o": "eq"}]}
    assert records(client, one, query=other) == []
    minimal = records(client, one, query={"minimal": True})[0]
    assert "diff" not in minimal
    assert minimal["diff_count"] == 1
    stat = client(
        "ChangeHistory.stat",
        cloud_service_id=one["cloud_service_id"],
        query={"aggregate": [{"group": {"keys": [{"k": "action", "n": "action"}]}}, {"sort": {"key": "action"}}]},
    )
    assert stat["results"] == [{"action": "CREATE"}, {"action": "UPDATE"}]


@pytest.mark.parametrize("user", ["user-1", "user-1@domain-two", "only-project-b"])
def test_the_history_of_an_unknown_or_foreign_resource_is_not_found(client: Client, make: Make, user: str) -> None:
    known = make(project_id="project-a")["cloud_service_id"]
    client("CloudService.delete", cloud_service_id=known)
    nobody = {"keyword": "nobody"}
    assert client("ChangeHistory.list", cloud_service_id=known, query=nobody) == {}
    assert client("ChangeHistory.stat", cloud_service_id=known, query={**nobody, "distinct": "action"}) == {
        "results": []
    }

    asked = "cloud-svc-000000000000" if user == "user-1" else known
    caller = client.by(user)
    for refusal in (
        caller.refused("ChangeHistory.list", cloud_service_id=asked),
        caller.refused("ChangeHistory.list", cloud_service_id=asked, query={"count_only": True}),
        caller.refused("ChangeHistory.stat", cloud_service_id=asked, query={"distinct": "action"}),
        caller.refused("ChangeHistory.stat", cloud_service_id=asked, query={"aggregate": [{"count": {"name": "n"}}]}),
    ):
        assert (refusal.code, refusal.text) == ("ERROR_NOT_FOUND", f"Value not found. (cloud_service_id = {asked})")


def test_history_needs_a_cloud_service_id(client: Client) -> None:
    assert client.refused("ChangeHistory.list").text == "Required parameter. (key = cloud_service_id)"
    failure = client.refused("ChangeHistory.stat", query={"distinct": "action"})
    assert failure.text == "Required parameter. (key = cloud_service_id)"


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("updates", [False, True])
@pytest.mark.parametrize("cut", ["write", "record", "commit"])
def test_a_write_that_is_cut_off_leaves_resource_and_record_or_neither(
    client: Client,
    make: Make,
    database: Database[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    cut: str,
    updates: bool,
    done: bool,
) -> None:
    owner: Any = ClientSession if cut == "commit" else Collection
    write = "find_one_and_update" if updates else "insert_one"
    method = {"write": write, "record": "insert_many", "commit": "commit_transaction"}[cut]
    original = getattr(owner, method)

    def cut_off(*arguments: Any, **options: Any) -> Any:
        if done:
            original(*arguments, **options)
        raise AutoReconnect("connection closed")

    made = make() if updates else {}
    before = database["record"].count_documents({})
    monkeypatch.setattr(owner, method, cut_off)
    change = (
        partial(client, "CloudService.update", cloud_service_id=made["cloud_service_id"], name="other")
        if made
        else make
    )
    with pytest.raises(Refused) as caught:
        change()

    assert caught.value.code == "ERROR_GRPC_CONNECTION"
    came_about = done and cut == "commit"
    assert database["record"].count_documents({}) == before + came_about
    assert database["cloud_service"].count_documents({"name": "other"} if made else {}) == came_about


def test_history_is_listed_in_the_order_of_revisions_whatever_the_clocks_said(
    client: Client, make: Make, database: Database[dict[str, Any]], clock: ManualClock
) -> None:
    """Also where somebody asks for the order of time; what older versions and the original wrote comes before."""
    made = make()
    for number in range(4):
        # Each write by a machine whose clock is further behind.
        clock.advance(timedelta(seconds=-60))
        client("CloudService.update", cloud_service_id=made["cloud_service_id"], name=f"name-{number}")
    told = database["record"].find_one({"action": "CREATE"})
    assert told is not None
    assert told["revision"] == 1
    original = {"domain_id": told["domain_id"], "cloud_service_id": told["cloud_service_id"], "diff": []}
    for number, minutes in enumerate((600, 300)):
        at = clock.now() + timedelta(minutes=minutes)
        database["record"].insert_one(
            {**original, "record_id": f"record-{number}", "action": "UPDATE", "created_at": at}
        )

    def names(**request: Any) -> list[str]:
        found = records(client, made, **request)
        return [next((e["after"] for e in each.get("diff", []) if e["key"] == "name"), "") for each in found]

    oldest_first = ["", "", "vm", "name-0", "name-1", "name-2", "name-3"]
    assert names() == oldest_first[::-1]
    assert [each["record_id"] for each in records(client, made)][-2:] == ["record-0", "record-1"]
    by_time = {"sort": {"key": "created_at"}}
    assert names(query=by_time) == oldest_first
    assert names(query={**by_time, "page": {"start": 3, "limit": 2}}) == oldest_first[2:4]


def test_an_update_that_mongodb_refuses_leaves_no_record(client: Client, make: Make) -> None:
    made = make(data={"a": "x" * 9_000_000})
    mine, more = made["cloud_service_id"], {"b": "y" * 9_000_000}

    failure = client.refused("CloudService.update", cloud_service_id=mine, name="other", data=more)

    assert failure.code == "ERROR_INVALID_PARAMETER"
    assert "key = data, reason = the resource would become too large" in failure.text
    assert [record["action"] for record in records(client, made)] == ["CREATE"]
