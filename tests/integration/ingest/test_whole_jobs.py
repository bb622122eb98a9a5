"""Whole jobs: from the collect to what the inventory shows, with everything that works in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from inventory.errors import NotFoundError, ResourceAlreadyDeletedError
from tests.fakes.plugin import Call, Failure, FakePlugin
from tests.fakes.resources import Message, State, cloud_service, cloud_service_type, error_resource, message, region
from tests.integration.ingest.whole_kit import DOMAIN, GARBAGE, USER, Whole, counts
from tests.manual_clock import ManualClock

HOUR = timedelta(hours=1)


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    with FakePlugin(metadata=GARBAGE) as running:
        yield running


@pytest.fixture
def make(database: Any, clock: ManualClock, plugin: FakePlugin, tmp_path: Any) -> Iterator[Callable[..., Whole]]:
    """Makes a service with further settings."""
    made: list[Whole] = []

    def build(**settings: Any) -> Whole:
        made.append(Whole(database, clock, plugin.endpoint, tmp_path, **settings))
        return made[-1]

    yield build
    for whole in made:
        whole.container.plugin_connector.close()


@pytest.fixture
def whole(make: Callable[..., Whole]) -> Whole:
    return make()


def by_secret(**streams: Iterable[Message]) -> Callable[[Call], Iterable[Message]]:
    """Return a script that sends each secret (by its number) a stream of its own."""
    return lambda call: streams.get(call.secret_data["account"].replace("secret-", "s"), ())


def see(plugin: FakePlugin, *resource_ids: str) -> None:
    plugin.resources = [cloud_service(resource_id) for resource_id in resource_ids]


# Slices


def test_a_sliced_plugin_is_collected_in_parallel_and_its_task_adds_up(whole: Whole, plugin: FakePlugin) -> None:
    def resources(call: Call) -> Iterable[Message]:
        if call.task_options is None:
            return []
        name = call.task_options["region"]
        return [cloud_service_type(), region(name), *(cloud_service(f"{name}-{n}", region_code=name) for n in range(5))]

    plugin.tasks = [{"region": f"r{number}"} for number in range(6)]
    plugin.resources = resources
    collector_id = whole.collector()

    [task] = whole.collect(collector_id, secret_id="secret-1", threads=4)

    assert (task["status"], counts(task), task["total_count"]) == ("SUCCESS", {"created": 30}, 42)
    assert len(whole.listed()) == 30
    assert whole.database["cloud_service_type"].count_documents({}) == 1
    assert {call.task_options["region"] for call in plugin.calls_of("collect") if call.task_options} == {
        f"r{number}" for number in range(6)
    }
    assert all(call.task_options is not None for call in plugin.calls_of("collect"))
    assert counts(whole.collect(collector_id, secret_id="secret-1", threads=4)[0]) == {"updated": 30}


def test_what_no_slice_sees_is_garbage_and_only_where_all_slices_ended_well(
    whole: Whole, plugin: FakePlugin, clock: ManualClock
) -> None:
    failing: set[str] = set()
    seen = {"r1": ["a", "b"], "r2": ["c"]}

    def resources(call: Call) -> Iterable[Message]:
        assert call.task_options is not None
        name = call.task_options["region"]
        yield from [cloud_service(resource_id) for resource_id in seen[name]]
        if name in failing:
            raise Failure()

    plugin.tasks = [{"region": "r1"}, {"region": "r2"}]
    plugin.resources = resources
    collector_id = whole.collector()
    whole.collect(collector_id, secret_id="secret-1")
    seen["r1"].remove("b")
    told = []
    for broken in (set(), {"r2"}, set(), set()):
        clock.advance(2 * HOUR)
        failing = broken
        told.append(counts(whole.collect(collector_id, secret_id="secret-1")[0]))

    assert told == [
        {"updated": 2, "disconnected": 1},
        {"updated": 2},
        {"updated": 2, "disconnected": 1},
        {"updated": 2, "deleted": 1},
    ]
    assert whole.listed() == ["a", "c"]


# What is sent


def test_options_secret_and_filter_are_always_sent_and_defaults_fill_the_options(
    whole: Whole, plugin: FakePlugin
) -> None:
    plugin.metadata = {"options_schema": {"properties": {"depth": {"type": "number", "default": 3}}}}
    whole.collect(whole.collector(options={"own": "x"}), secret_id="secret-1")

    [call] = plugin.calls_of("collect")
    assert call.present == {"options", "secret_data", "filter"}
    assert call.options == {"own": "x", "depth": 3.0}
    assert call.filter == {}


def test_a_looked_up_filter_reaches_only_the_secret_that_collected(whole: Whole, plugin: FakePlugin) -> None:
    plugin.metadata = GARBAGE | {
        "filter_format": [
            {
                "key": "name",
                "type": "list",
                "resource_type": "inventory.CloudService",
                "search_key": "inventory.CloudService.name",
                "change_rules": [{"resource_key": "reference.resource_id", "change_key": "instance_id"}],
            }
        ]
    }
    plugin.resources = by_secret(s1=[cloud_service("i-1"), cloud_service("i-2")], s2=[cloud_service("i-3")])
    collector_id = whole.collector()
    assert [counts(task) for task in whole.collect(collector_id)] == [{"created": 2}, {"created": 1}]
    plugin.calls.clear()
    plugin.resources = [cloud_service("i-2", name="renamed")]

    [task] = whole.collect(collector_id, filter={"name": ["name of i-2"]})

    [call] = plugin.calls_of("collect")
    assert call.secret_data["account"] == "secret-1"
    assert call.filter == {"instance_id": ["i-2"]}
    assert counts(task) == {"updated": 1}
    assert whole.collect(collector_id, filter={"name": ["nobody"]}) == []


def test_the_filter_cache_narrows_only_who_asks_and_proves_nothing(
    whole: Whole, plugin: FakePlugin, clock: ManualClock
) -> None:
    cache = message("inventory.FilterCache", {"region_name": ["r1", "r2"]})
    plugin.resources = by_secret(s1=[cloud_service("i-1"), cloud_service("i-2"), cache], s2=[cloud_service("i-3")])
    collector_id = whole.collector()
    first, _ = whole.collect(collector_id)
    assert (first["uncounted_count"], counts(first)) == (1, {"created": 2})
    plugin.calls.clear()
    plugin.resources = by_secret(s1=[cloud_service("i-1")], s2=[cloud_service("i-3")])
    clock.advance(2 * HOUR)

    tasks = whole.collect(collector_id, use_cache=True)
    unasked = whole.collect(collector_id, secret_id="secret-1")

    sent = [(call.secret_data["account"], call.filter) for call in plugin.calls_of("collect")]
    assert sent[:2] == [("secret-1", {"region_name": ["r1", "r2"]}), ("secret-2", {})]
    assert sent[2:] == [("secret-1", {})]
    assert [counts(task) for task in tasks] == [{"updated": 1}, {"updated": 1}]
    assert counts(unasked[0]) == {"updated": 1, "disconnected": 1}
    clock.advance(25 * HOUR)
    whole.collect(collector_id, use_cache=True, secret_id="secret-1")
    assert plugin.calls_of("collect")[-1].filter == {}


# Modes


def test_the_modes_write_only_their_share_and_all_is_seen(whole: Whole, plugin: FakePlugin, clock: ManualClock) -> None:
    collector_id = whole.collector()
    request = {"collector_id": collector_id, "secret_id": "secret-1"}
    see(plugin, "i-1")
    whole.collect(**request)
    plugin.resources = [
        cloud_service("i-1", name="new"),
        cloud_service("i-2"),
        region(),
        cloud_service_type(),
    ]
    clock.advance(HOUR)

    [created] = whole.collect(**request, collect_mode="CREATE")
    assert (counts(created), created["uncounted_count"]) == ({"created": 1}, 3)
    assert whole.named("i-1")["name"] == "name of i-1"
    assert whole.database["collection_state"].count_documents({"seen_at": clock.now()}) == 2

    plugin.resources = [cloud_service("i-1", name="new"), cloud_service("i-3"), region("other")]
    [updated] = whole.collect(**request, collect_mode="UPDATE")
    assert (counts(updated), updated["uncounted_count"]) == ({"updated": 1}, 2)
    assert whole.listed() == ["i-1", "i-2"]
    assert whole.named("i-1")["name"] == "new"
    assert whole.database["region"].distinct("region_code") == ["region-1"]


# Garbage collection


def test_what_three_jobs_do_not_see_is_deleted_shown_by_get_only_and_gone_after_ninety_days(
    whole: Whole, plugin: FakePlugin, clock: ManualClock
) -> None:
    collector_id = whole.collector()
    see(plugin, "i-1", "i-2")
    whole.collect(collector_id, secret_id="secret-1")
    gone = whole.named("i-2")["cloud_service_id"]
    see(plugin, "i-1")
    told = []
    for _ in range(3):
        clock.advance(2 * HOUR)
        [task] = whole.collect(collector_id, secret_id="secret-1")
        told.append(counts(task))

    assert told == [{"updated": 1, "disconnected": 1}] * 2 + [{"updated": 1, "deleted": 1}]
    services, history = whole.container.cloud_service_service, whole.container.change_history_service
    assert whole.listed() == ["i-1"]
    assert whole.listed(filter=[{"k": "state", "v": "DELETED", "o": "eq"}]) == ["i-2"]
    grouped = {"aggregate": [{"group": {"keys": [{"key": "state", "name": "state"}]}}]}
    assert services.stat(USER, grouped) == {"results": [{"state": "ACTIVE"}]}
    counted = {"group_by": ["state"], "fields": {"n": {"operator": "count"}}}
    assert [row["state"] for row in services.analyze(USER, counted)["results"]] == ["ACTIVE"]
    assert services.get(USER, gone)["state"] == "DELETED"
    for refused in (lambda: services.update(USER, {"cloud_service_id": gone}), lambda: services.delete(USER, gone)):
        with pytest.raises(ResourceAlreadyDeletedError):
            refused()
    deletion, creation = history.list(USER, {}, {"cloud_service_id": gone}).results
    assert (deletion["action"], deletion["diff_count"], creation["action"]) == ("DELETE", 0, "CREATE")
    assert (deletion["collector_id"], deletion["job_id"]) == (collector_id, task["job_id"])

    clock.advance(timedelta(days=91))
    assert whole.container.housekeeping.run(clock.now())[DOMAIN].terminated == 1
    with pytest.raises(NotFoundError):
        services.get(USER, gone)
    with pytest.raises(NotFoundError):
        history.list(USER, {}, {"cloud_service_id": gone})


@pytest.mark.parametrize(
    ("stream", "metadata", "request_"),
    [
        ([], GARBAGE, {}),
        ([cloud_service("i-1", state=8)], GARBAGE, {}),
        ([message("inventory.Namespace", {"x": 1})], GARBAGE, {}),
        ([cloud_service("i-1"), error_resource("denied")], GARBAGE, {}),
        ([cloud_service("i-1"), message("compute.Server", {})], GARBAGE, {}),
        ([cloud_service("i-1")], {}, {}),
        ([cloud_service("i-1")], GARBAGE, {"collect_mode": "UPDATE"}),
        ([cloud_service("i-1")], GARBAGE, {"collect_mode": "CREATE"}),
        ([cloud_service("i-1")], GARBAGE, {"filter": {"unknown": "x"}}),
    ],
)
def test_what_proves_nothing_disconnects_nothing(
    make: Callable[..., Whole], plugin: FakePlugin, clock: ManualClock, stream: Any, metadata: Any, request_: Any
) -> None:
    whole = make(disconnect_threshold=1)
    plugin.metadata = metadata
    collector_id = whole.collector()
    see(plugin, "i-1", "i-2")
    whole.collect(collector_id, secret_id="secret-1")
    clock.advance(2 * HOUR)
    plugin.resources = stream

    [task] = whole.collect(collector_id, secret_id="secret-1", **request_)

    assert (task["deleted_count"], task["disconnected_count"]) == (0, 0)
    assert whole.listed() == ["i-1", "i-2"]


def test_types_alone_prove_nothing(make: Callable[..., Whole], plugin: FakePlugin, clock: ManualClock) -> None:
    whole = make(disconnect_threshold=1)
    collector_id = whole.collector()
    see(plugin, "i-1")
    whole.collect(collector_id, secret_id="secret-1")
    clock.advance(2 * HOUR)
    plugin.resources = [cloud_service_type()]
    assert counts(whole.collect(collector_id, secret_id="secret-1")[0]) == {}
    assert whole.listed() == ["i-1"]


def test_what_the_other_secret_still_sees_is_not_deleted(
    make: Callable[..., Whole], plugin: FakePlugin, clock: ManualClock
) -> None:
    whole = make(disconnect_threshold=1)
    collector_id = whole.collector()
    plugin.resources = by_secret(s1=[cloud_service("i-1"), cloud_service("i-2")], s2=[cloud_service("i-2")])
    whole.collect(collector_id)
    clock.advance(2 * HOUR)
    plugin.resources = by_secret(s1=[cloud_service("i-1")], s2=[cloud_service("i-2")])
    whole.collect(collector_id, secret_id="secret-2")
    clock.advance(2 * HOUR)
    [first] = whole.collect(collector_id, secret_id="secret-1")
    assert counts(first) == {"updated": 1, "disconnected": 1}
    assert whole.listed() == ["i-1", "i-2"]


# Housekeeping


def test_resources_age_only_once_their_collector_and_secret_work_again(
    whole: Whole, plugin: FakePlugin, clock: ManualClock
) -> None:
    plugin.metadata = {}
    collector_id = whole.collector()
    see(plugin, "i-1", "i-2")
    whole.collect(collector_id, secret_id="secret-1")
    by_hand = whole.container.cloud_service_service.create(
        USER,
        {
            "provider": "test",
            "cloud_service_group": "Compute",
            "cloud_service_type": "Server",
            "reference": {"resource_id": "by-hand"},
            "data": {},
        },
    )
    clock.advance(49 * HOUR)
    plugin.abort = (0, Failure())
    assert whole.collect(collector_id, secret_id="secret-1")[0]["status"] == "FAILURE"
    assert whole.container.housekeeping.run(clock.now())[DOMAIN].deleted == 0

    plugin.abort = None
    plugin.resources = [cloud_service("i-1")]
    whole.collect(collector_id, secret_id="secret-2")
    plugin.resources = [cloud_service("i-3")]
    assert whole.collect(collector_id, secret_id="secret-1")[0]["status"] == "SUCCESS"

    assert whole.container.housekeeping.run(clock.now())[DOMAIN].deleted == 1
    assert whole.listed() == ["by-hand", "i-1", "i-3"]
    assert by_hand["state"] == "ACTIVE"
    record = whole.database["record"].find_one({"action": "DELETE"})
    assert record is not None
    assert record["collector_id"] == collector_id


def test_a_type_has_an_age_of_its_own_by_the_settings(
    make: Callable[..., Whole], plugin: FakePlugin, clock: ManualClock
) -> None:
    whole = make(resource_max_age_hours_by_type={"test.Compute.Disk": 5})
    plugin.metadata = {}
    plugin.resources = [cloud_service("server"), cloud_service("disk", type="Disk")]
    collector_id = whole.collector()
    whole.collect(collector_id, secret_id="secret-1")
    clock.advance(6 * HOUR)
    see(plugin, "other")
    whole.collect(collector_id, secret_id="secret-1")

    assert whole.container.housekeeping.run(clock.now())[DOMAIN].deleted == 1
    assert whole.listed() == ["other", "server"]


# Projects and collector rules


def test_rules_come_before_the_resources_project_and_that_before_the_secrets(whole: Whole, plugin: FakePlugin) -> None:
    def rule(key: str, value: str, actions: Any, **options: Any) -> dict[str, Any]:
        conditions = [{"key": key, "operator": "eq", "value": value}]
        return {"conditions_policy": "ALL", "conditions": conditions, "actions": actions, "options": options}

    plugin.metadata = {
        "collector_rules": [
            rule("region_code", "managed", {"change_project": "project-managed"}, stop_processing=True),
            rule("region_code", "managed", {"change_project": "project-sent"}),
            rule("region_code", "both", {"change_project": "project-managed"}),
        ]
    }
    plugin.resources = [
        cloud_service("plain"),
        cloud_service("sent", project_id="project-sent"),
        cloud_service("unknown", project_id="project-unknown"),
        cloud_service("managed", region_code="managed", project_id="project-sent"),
        cloud_service("both", region_code="both"),
        cloud_service("tagged", region_code="tagged"),
        cloud_service("account", region_code="account"),
    ]
    collector_id = whole.collector()
    rules = whole.container.collector_rule_service
    match = {"source": "account", "target": "tags.account"}
    account = {"source": "account", "target": "data.account_id"}
    for custom in (
        rule("region_code", "both", {"change_project": "project-custom"}),
        rule("region_code", "tagged", {"match_project": match}),
        rule("region_code", "account", {"match_service_account": account}),
    ):
        rules.create(USER, {"collector_id": collector_id, **custom})

    [task] = whole.collect(collector_id, secret_id="secret-1")

    stored = {doc["reference"]["resource_id"]: doc["project_id"] for doc in whole.database["cloud_service"].find()}
    assert stored == {
        "plain": "project-of-secret-1",
        "sent": "project-sent",
        "managed": "project-managed",
        "both": "project-custom",
        "tagged": "project-tagged",
        "account": "project-account",
    }
    assert [error["error_code"] for error in task["errors"]] == ["ERROR_NOT_FOUND"]
    assert counts(task) == {"created": 6, "failure": 1}


def test_a_rule_made_later_reaches_what_did_not_change(whole: Whole, plugin: FakePlugin) -> None:
    collector_id = whole.collector()
    see(plugin, "i-1")
    whole.collect(collector_id, secret_id="secret-1")
    whole.container.collector_rule_service.create(
        USER,
        {
            "collector_id": collector_id,
            "conditions_policy": "ALWAYS",
            "actions": {"change_project": "project-custom"},
        },
    )
    whole.collect(collector_id, secret_id="secret-1")
    assert whole.named("i-1")["project_id"] == "project-custom"
    record = whole.database["record"].find_one({"action": "UPDATE"})
    assert record is not None
    assert record["diff"] == [
        {"key": "project_id", "before": "project-of-secret-1", "after": "project-custom", "type": "CHANGED"}
    ]


# Failures


def test_no_error_of_a_task_shows_a_secret(whole: Whole, plugin: FakePlugin) -> None:
    secret = "very-secret-1-value"
    plugin.resources = [
        error_resource(f"denied for {secret}", resource_id=f"arn:{secret}"),
        cloud_service("i-1", state=State.FAILURE, name=secret),
        cloud_service("i-2", project_id=secret),
        cloud_service(secret, match_rules={}),
        message(f"type.{secret}", {}),
        message(f"inventory.{secret}", {}),
    ]
    plugin.abort = (6, Failure(details=f"could not log in as {secret}"))

    [task] = whole.collect(whole.collector(), secret_id="secret-1")

    assert (task["status"], task["failure_count"], task["error_count"]) == ("FAILURE", 5, 6)
    assert secret not in str(task["errors"])
    assert "***" in task["errors"][0]["message"]
    assert task["errors"][-1]["error_code"] == "ERROR_COLLECTOR_COLLECTING"


def test_what_came_before_a_break_stays_and_counts(whole: Whole, plugin: FakePlugin) -> None:
    see(plugin, "i-1", "i-2", "i-3")
    plugin.abort = (2, Failure())
    [task] = whole.collect(whole.collector(), secret_id="secret-1")
    assert (task["status"], counts(task), task["error_count"]) == ("FAILURE", {"created": 2}, 1)
    assert whole.listed() == ["i-1", "i-2"]


# Reading


def test_a_tag_is_found_by_its_providers_key_whatever_it_holds(whole: Whole, plugin: FakePlugin) -> None:
    tags = {"kubernetes.io/app.name": "web", "$cost": "low", "100%": "yes", "plain": "x"}
    plugin.resources = [cloud_service("i-1", tags=tags), cloud_service("i-2", tags={"plain": "y"})]
    whole.collect(whole.collector(), secret_id="secret-1")
    for key, value in tags.items():
        found = whole.listed(filter=[{"k": f"tags.test.{key}", "v": value, "o": "eq"}])
        assert found == ["i-1"], key
    updated = whole.named("i-2")["cloud_service_id"]
    whole.container.cloud_service_service.update(USER, {"cloud_service_id": updated, "tags": {"own.er/$": "me"}})
    assert whole.listed(filter=[{"k": "tags.custom.own.er/$", "v": "me", "o": "eq"}]) == ["i-2"]


def test_slices_that_cannot_be_stored_fail_the_task_at_once(whole: Whole, plugin: FakePlugin) -> None:
    plugin.tasks = [{"region": "r1"}, {"a\0b": "x"}]
    [task] = whole.collect(whole.collector(), secret_id="secret-1")
    assert [error["error_code"] for error in task["errors"]] == ["ERROR_COLLECTOR_COLLECTING"]
    assert plugin.calls_of("collect") == []
