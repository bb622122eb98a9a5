"""What a dry run says is what the collect after it does, and it changes nothing of the inventory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import bson
import pytest
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.model.indexes import build_indexes
from inventory.service.job.collect import CollectRequest
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import Message, cloud_service, cloud_service_type, error_resource, message, region
from tests.integration.dry_run.conftest import Rehearsals
from tests.integration.ingest.whole_kit import USER, Whole
from tests.manual_clock import ManualClock
from tests.streams import ec2, hostile, newer_sdk
from tests.streams.recording import on_the_wire

NOT_RECORDED = ("MISS", "UNSEEN")
OF_REPORTS = ("dry_run", "dry_run_change")


def services(*names: str, **fields: Any) -> list[Message]:
    return [cloud_service(name, **fields) for name in names]


BY_NAME = {"1": ["reference.resource_id", "account"], "2": ["name", "account"]}
TWO_RULES = {"1": ["data.serial"], "2": ["reference.resource_id", "account"]}

STREAMS: Mapping[str, tuple[Sequence[Message], Sequence[Message]]] = {
    "all is new": ([], [cloud_service_type(), region(), *services(*"abcdefgh")]),
    "nothing has changed": (services(*"abcdefgh"), services(*"abcdefgh")),
    "contents change": (services(*"abcdef"), services(*"abc") + services(*"def", data={"size": 4}, name="new")),
    "some is gone": (services(*"abcdefgh"), services(*"abc")),
    "the stream meets what it has created itself": (
        services("a"),
        [*services("n"), *services("n", data={"then": "changed"}), *services("a", "n", tags={"t": "1"})],
    ),
    "other match rules find what the stream has created": (
        services("a", data={"serial": "s-1"}),
        [
            cloud_service("a2", data={"serial": "s-1"}, match_rules=TWO_RULES),
            cloud_service("b", data={"serial": "s-2"}, match_rules=TWO_RULES),
            cloud_service("b", data={"serial": "s-2", "more": 1}, match_rules=BY_NAME),
        ],
    ),
    "two stored ones match": (
        [cloud_service("a", account="1", name="same"), cloud_service("b", account="1", name="same")],
        [cloud_service("c", account="1", name="same", match_rules={"1": ["name", "account"]})],
    ),
    "messages fail": (
        services(*"abc"),
        [
            *services("a"),
            error_resource("not allowed to list"),
            message("inventory.CloudService", {"provider": "test"}, match_rules={"1": ["reference.resource_id"]}),
            message("other.Thing", {}),
        ],
    ),
    "of a cloud provider": (on_the_wire(ec2.stream(40)), on_the_wire(ec2.stream(60))),
    "of a newer plugin": (
        [each for part in newer_sdk.tasks(2) for each in on_the_wire(part)],
        [each for part in newer_sdk.tasks(4) for each in on_the_wire(part)],
    ),
    "of members without a place": ([], on_the_wire(hostile.passed_over()) + services("a")),
}


def contents(database: Database[Document]) -> dict[str, str]:
    """Return a hash of all that every collection holds, without the reports of dry runs."""
    found = {}
    for name in sorted(database.list_collection_names()):
        digest = hashlib.sha256()
        for document in database[name].find({}).sort("_id", 1):
            digest.update(bson.encode(document))
        if name not in OF_REPORTS:
            found[name] = digest.hexdigest()
    return found


def shape(change: Document, resource: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a change is about, comparable between a forecast and what came true."""
    reference = (resource.get("reference") or {}).get("resource_id")
    diff = sorted((str(entry["key"]), str(entry["before"]), str(entry["after"])) for entry in change["diff"])
    return change["action"], reference, resource.get("name"), tuple(diff)


@pytest.mark.parametrize("name", STREAMS)
def test_the_collect_does_what_the_dry_run_said_and_the_dry_run_did_nothing(
    name: str, whole: Whole, plugin: FakePlugin, clock: ManualClock, rehearsals: Rehearsals
) -> None:
    before, then = STREAMS[name]
    build_indexes(whole.database)
    collector_id = whole.collector()
    for _ in range(2 if before else 0):
        plugin.resources = before
        run(whole, collector_id)
        # Once more, so that what the next one does not see is at its last miss.
        plugin.resources = [each for each in before if each in then] or before
        clock.advance(timedelta(hours=2))
    plugin.resources = then
    untouched = contents(whole.database)
    known = {each["_id"] for each in whole.database["record"].find({}, {"_id": 1})}

    report = rehearsals.run(collector_id, secret_id="secret-1")

    assert contents(whole.database) == untouched
    [task] = run(whole, collector_id)
    counts = report["counts"]
    assert report["status"] == task["status"], str(report["tasks"])
    assert counts["created"] == task["created_count"]
    assert counts["updated"] + counts["unchanged"] == task["updated_count"]
    assert counts["deleted"] == task["deleted_count"]
    assert counts["missed"] == task["disconnected_count"]
    assert counts["failed"] == task["failure_count"]
    assert [error["message"] for error in report["tasks"][0]["error_list"]] == [
        error["message"] for error in task["errors"][:20]
    ]
    forecast = [
        shape(each, each["resource"]) for each in rehearsals.changes(report) if each["action"] not in NOT_RECORDED
    ]
    stored = {each["cloud_service_id"]: each for each in whole.database["cloud_service"].find()}
    made = whole.database["record"].find({"_id": {"$nin": list(known)}})
    assert sorted(forecast, key=str) == sorted(
        (shape(each, stored[each["cloud_service_id"]]) for each in made), key=str
    )


def run(whole: Whole, collector_id: str) -> list[Document]:
    job = whole.container.collect.collect(USER, CollectRequest(collector_id, secret_id="secret-1"))
    whole.work()
    return list(whole.database["job_task"].find({"job_id": job["job_id"]}))
