"""How many operations each request costs MongoDB, and how many messages are built: neither may grow unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from inventory.api.present import Presenter
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.counts import MANY
from inventory.protobuf.encoder import MessageEncoder
from tests.integration.speed.conftest import DOMAIN, Api, Json

Make = Callable[..., Json]
GROUP = {"keys": [{"key": "provider", "name": "provider"}], "fields": [{"name": "count", "operator": "count"}]}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The documents that messages were built of."""
    documents: list[object] = []
    present = Presenter._present

    def noted(self: Presenter, document: Any) -> bytes:
        documents.append(document)
        return present(self, document)

    monkeypatch.setattr(Presenter, "_present", noted)
    return documents


def noted_messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which the name of each message that is encoded from now on is added."""
    encoded: list[str] = []
    encode = MessageEncoder.__call__

    def noted(self: MessageEncoder, document: Any) -> bytes:
        encoded.append(self.full_name.rpartition(".")[2])
        return encode(self, document)

    monkeypatch.setattr(MessageEncoder, "__call__", noted)
    return encoded


def test_a_create_is_one_insert(api: Api, collector: Make) -> None:
    collector()

    assert api.recorder.names == ["insert collector"]


def test_one_collector(api: Api, collector: Make) -> None:
    mine = {"collector_id": collector()["collector_id"]}

    for method, commands in {
        "get": ["find collector"],
        "enable": ["findAndModify collector"],
        "disable": ["findAndModify collector"],
        "update": ["find collector", "findAndModify collector"],
        "verify_plugin": ["find collector"],
    }.items():
        api.call(f"Collector.{method}", mine | ({"name": "new"} if method == "update" else {}))
        assert api.recorder.names == commands, method


def test_a_collect_reads_once_and_writes_each_document_once_and_waits_for_a_majority_twice(
    api: Api, collector: Make
) -> None:
    mine = {"collector_id": collector()["collector_id"]}

    job = api.call("Collector.collect", mine)

    assert api.recorder.names == [
        "find collector",
        "insert job",
        "insert job_task",
        "insert slice",
        "commitTransaction 1",
        "update collector",
    ]
    assert ["autocommit" in command for command in api.recorder.commands] == [False, *[True] * 4, False]
    assert job["collector_info"] == api.call("Job.get", {"job_id": job["job_id"]})["collector_info"]


def test_the_minimal_form_is_the_same_read_or_made(api: Api, collector: Make, database: Any) -> None:
    collector_id = collector()["collector_id"]
    manager = CollectorManager(database=database, timeout_seconds=10)

    read = manager.minimal_many(DOMAIN, [collector_id])[collector_id]

    assert manager.minimal(manager.get(DOMAIN, collector_id)) == read


def test_schedules(api: Api, collector: Make) -> None:
    mine = {"collector_id": collector()["collector_id"]}

    added = api.call("Collector.add_schedule", {**mine, "name": "nightly", "schedule": {"hours": [1]}})
    assert api.recorder.names == ["find collector", "insert schedule"]

    api.call("Collector.get_schedule", {**mine, "schedule_id": added["schedule_id"]})
    assert api.recorder.names == ["find schedule", "find collector"]

    api.call("Collector.list_schedules", mine)
    assert api.recorder.names == ["find schedule", "find collector"]

    api.call("Collector.delete_schedule", {**mine, "schedule_id": added["schedule_id"]})
    assert api.recorder.names == ["delete schedule"]


def test_a_list_costs_the_same_however_long_it_is(api: Api, collector: Make) -> None:
    for number in range(3):
        api.call("Collector.collect", {"collector_id": collector(f"{number}")["collector_id"]})

    for service, commands in {
        "Collector": ["find collector"],
        "Job": ["find job", "find collector"],
        "JobTask": ["find job_task"],
    }.items():
        assert len(api.call(f"{service}.list")["results"]) == 3
        assert api.recorder.names == commands


def test_a_total_of_very_many_is_counted_once_until_something_is_written(
    api: Api, collector: Make, database: Any
) -> None:
    stored = database["collector"].find_one({"collector_id": collector()["collector_id"]}, {"_id": 0})
    database["collector"].insert_many([{**stored, "collector_id": f"collector-{number}"} for number in range(MANY)])
    api.container.counts._monotonic = count(0, 0.1).__next__
    page = {"query": {"page": {"limit": 1}}}

    def listed() -> tuple[int, list[str]]:
        return api.call("Collector.list", page)["total_count"], api.recorder.names

    assert listed() == (MANY + 1, ["find collector", "count collector"])
    assert listed() == (MANY + 1, ["find collector"])

    elsewhere = {"domain_id": "domain-2", "name": "theirs", "plugin_info": stored["plugin_info"]}
    api.call("Collector.create", elsewhere)
    assert listed() == (MANY + 1, ["find collector"])

    collector("another")

    assert listed() == (MANY + 2, ["find collector", "count collector"])


def test_a_stat_is_one_aggregation(api: Api) -> None:
    for service in ("Collector", "Job", "JobTask", "CloudService", "CloudServiceType", "Region"):
        key = "status" if service.startswith("Job") else "provider"
        group = {**GROUP, "keys": [{"key": key, "name": key}]}
        api.call(f"{service}.stat", {"query": {"aggregate": [{"group": group}]}})
        assert [name.split()[0] for name in api.recorder.names] == ["aggregate"], service


def test_a_message_is_built_once_until_its_document_changes(api: Api, collector: Make, built: list[object]) -> None:
    ids = [collector(f"{number}")["collector_id"] for number in range(3)]
    built.clear()

    api.call("Collector.list")
    assert len(built) == 3

    api.call("Collector.list")
    api.call("Collector.get", {"collector_id": ids[0]})
    assert len(built) == 3

    api.call("Collector.disable", {"collector_id": ids[0]})
    built.clear()
    api.call("Collector.list")
    assert len(built) == 1


def test_what_the_rows_of_a_list_share_is_built_once(
    api: Api, collector: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"collector_id": collector()["collector_id"]}
    for number in range(5):
        api.call("Collector.add_schedule", {**mine, "name": f"{number}", "schedule": {"hours": [1]}})
    encoded = noted_messages(monkeypatch)

    listed = api.call("Collector.list_schedules", mine)["results"]

    assert [schedule["collector_info"]["name"] for schedule in listed] == ["mine"] * 5
    assert (encoded.count("ScheduleInfo"), encoded.count("CollectorInfo")) == (5, 1)


def test_an_added_schedule_shows_its_collector_by_the_message_that_a_get_has_built(
    api: Api, collector: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"collector_id": collector()["collector_id"]}
    shown = api.call("Collector.get", mine)
    encoded = noted_messages(monkeypatch)

    added = [api.call("Collector.add_schedule", {**mine, "name": "hourly", "schedule": {"hours": [1]}}) for _ in "ab"]

    assert [schedule["collector_info"] for schedule in added] == [shown, shown]
    assert (encoded.count("ScheduleInfo"), encoded.count("CollectorInfo")) == (2, 0)
