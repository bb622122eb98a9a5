"""Collectors: create, change, verify, delete and read them."""

from __future__ import annotations

import time
from typing import Any

import grpc
import pytest

from inventory.errors import (
    InitPluginFailureError,
    InvalidParameterError,
    InventoryError,
    NotFoundError,
    RequestTimeoutError,
    RequiredParameterError,
    VerifyPluginFailureError,
)
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.model.time_limit import time_limit
from inventory.service.job.collect import CollectRequest
from tests.fakes.plugin import Failure, FakePlugin
from tests.integration.service.collector_kit import ME, OTHER, PLUGIN_ID, Kit

METADATA = {"supported_features": ["garbage_collection"], "supported_schedules": ["hours"]}
RULE = {
    "name": "by account",
    "conditions_policy": "ALWAYS",
    "actions": {"match_project": {"source": "account", "target": "project_id"}},
}


def test_create_stores_what_repository_and_plugin_say(kit: Kit) -> None:
    kit.plugin.metadata = METADATA
    made = kit.create(plugin_info={"options": {"a": 1}, "metadata": {"sent": "ignored"}}, tags={"env": "dev"})
    stored = kit.collector.get(ME, made["collector_id"])
    assert stored == made
    assert stored["state"] == "ENABLED"
    assert stored["priority"] == 10
    assert stored["is_public"] is True
    assert stored["provider"] == "aws"
    assert stored["capability"] == {"supported_schema": ["key"]}
    assert stored["created_at"] == kit.clock.now()
    assert "last_collected_at" not in stored
    assert stored["plugin_info"] == {
        "plugin_id": PLUGIN_ID,
        "version": "1.0",
        "options": {"a": 1},
        "metadata": METADATA,
        "provider": "aws",
        "upgrade_mode": "AUTO",
    }
    assert kit.plugin.calls_of("init")[0].options == {"a": 1}


def test_create_takes_the_extremes(kit: Kit) -> None:
    made = kit.create(priority=0, is_public=False, project_id="project-1", name="x" * 255)
    stored = kit.collector.get(ME, made["collector_id"])
    assert (stored["priority"], stored["is_public"], stored["project_id"]) == (0, False, "project-1")


def test_without_a_version_the_plugin_service_names_it(kit: Kit) -> None:
    made = kit.create(plugin_info={"version": ""})
    assert made["plugin_info"]["version"] == "1.0"


@pytest.mark.parametrize(
    ("params", "error", "field"),
    [
        ({"name": ""}, RequiredParameterError, "name"),
        ({"name": "x" * 256}, InvalidParameterError, "name"),
        ({"tags": {"a\0b": 1}}, InvalidParameterError, "tags"),
        ({"plugin_info": {"options": {"a\0b": 1}}}, InvalidParameterError, "plugin_info.options"),
        ({"priority": 100}, InvalidParameterError, "priority"),
        ({"is_public": False}, RequiredParameterError, "project_id"),
        ({"plugin_info": {"plugin_id": ""}}, RequiredParameterError, "plugin_info.plugin_id"),
        ({"plugin_info": {"plugin_id": "plugin-x"}}, NotFoundError, "plugin_id"),
        (
            {"plugin_info": {"version": "", "upgrade_mode": "MANUAL"}},
            RequiredParameterError,
            "plugin_info.version",
        ),
    ],
)
def test_create_refuses_what_cannot_be(
    kit: Kit, params: dict[str, Any], error: type[InventoryError], field: str
) -> None:
    with pytest.raises(error) as raised:
        kit.create(**params)
    assert raised.value.field == field
    assert kit.database["collector"].count_documents({}) == 0


@pytest.mark.parametrize("gone", [False, True])
def test_nothing_stays_behind_where_the_plugin_fails(kit: Kit, gone: bool) -> None:
    kit.plugin.metadata = {"collector_rules": [RULE]}
    kit.plugin.init_failure = Failure(grpc.StatusCode.UNKNOWN, "bad option hush-hush")
    if gone:
        kit.plugin.stop()
    with pytest.raises(VerifyPluginFailureError) as raised:
        kit.create(plugin_info={"options": {"password": "hush-hush"}})
    assert "hush-hush" not in raised.value.message
    assert kit.database["collector"].count_documents({}) == 0
    assert kit.database["collector_rule"].count_documents({}) == 0


def test_a_plugin_whose_metadata_cannot_be_stored_is_refused(kit: Kit) -> None:
    kit.plugin.metadata = {"a\0b": 1, "collector_rules": [RULE]}
    with pytest.raises(VerifyPluginFailureError):
        kit.create()
    kit.plugin.metadata = {"v": 1}
    made = kit.create()
    kit.plugin.metadata = {"a\0b": 1, "collector_rules": [RULE]}
    with pytest.raises(InitPluginFailureError):
        kit.collector.update_plugin(ME, {"collector_id": made["collector_id"]})
    assert kit.collector.get(ME, made["collector_id"]) == made
    assert kit.database["collector_rule"].count_documents({}) == 0


def test_nothing_stays_behind_where_the_callers_time_runs_out(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.plugin.metadata = {"collector_rules": [RULE]}
    replace = CollectorRuleManager.replace_managed

    def slow(*arguments: Any, **options: Any) -> None:
        replace(*arguments, **options)
        time.sleep(max(deadline - time.monotonic(), 0))

    monkeypatch.setattr(CollectorRuleManager, "replace_managed", slow)
    deadline = time.monotonic() + 1
    with pytest.raises(RequestTimeoutError), time_limit(1):
        kit.create()

    assert kit.database["collector_rule"].count_documents({}) == 0
    assert kit.database["collector"].count_documents({}) == 0


def test_the_plugins_rules_become_managed_ones(kit: Kit) -> None:
    kit.plugin.metadata = {"collector_rules": [RULE, {**RULE, "name": "second"}]}
    made = kit.create()
    rules = kit.rules.list_of_collector("domain-1", made["collector_id"])
    assert [(rule["name"], rule["order"], rule["rule_type"]) for rule in rules] == [
        ("by account", 1, "MANAGED"),
        ("second", 2, "MANAGED"),
    ]


BROKEN = {"collector_rules": [RULE, {**RULE, "name": "broken", "actions": {}}]}


def test_a_plugins_rule_that_is_none_is_refused_by_name_and_nothing_stays_behind(kit: Kit) -> None:
    kit.plugin.metadata = BROKEN

    with pytest.raises(VerifyPluginFailureError, match="rule 2 'broken': Required parameter"):
        kit.create()

    assert kit.database["collector_rule"].count_documents({}) == 0
    assert kit.database["collector"].count_documents({}) == 0


def test_an_update_to_a_rule_that_is_none_is_refused_and_the_collector_is_as_it_was(kit: Kit) -> None:
    kit.plugin.metadata = {"collector_rules": [RULE], "v": 1}
    made = kit.create()
    rules = kit.rules.list_of_collector("domain-1", made["collector_id"])
    kit.plugin.metadata = BROKEN

    with pytest.raises(InitPluginFailureError, match="rule 2 'broken'"):
        kit.collector.update_plugin(ME, {"collector_id": made["collector_id"]})

    assert kit.rules.list_of_collector("domain-1", made["collector_id"]) == rules
    stored = kit.database["collector"].find_one({"collector_id": made["collector_id"]})
    assert stored is not None
    assert stored["plugin_info"]["metadata"]["v"] == 1


def test_update_changes_only_what_was_sent(kit: Kit) -> None:
    made = kit.create(tags={"a": "b"})
    ref = {"collector_id": made["collector_id"]}
    assert kit.collector.update(ME, {**ref, "name": "other"}) == {**made, "name": "other"}
    assert kit.collector.update(ME, {**ref, "priority": 0, "tags": {}}) == {
        **made,
        "name": "other",
        "priority": 0,
        "tags": {},
    }
    assert kit.collector.update(ME, ref)["name"] == "other"
    assert len(kit.plugin.calls_of("init")) == 1


@pytest.mark.parametrize("plugin_info", [None, {"options": {}}])
def test_a_changed_priority_reaches_the_collectors_schedules(kit: Kit, plugin_info: dict[str, Any] | None) -> None:
    mine, other = kit.create()["collector_id"], kit.create()["collector_id"]
    kit.database["schedule"].insert_many(
        {"schedule_id": f"sched-{each}", "domain_id": "domain-1", "collector_id": each, "priority": 10}
        for each in (mine, other)
    )
    sent = {"collector_id": mine, "priority": 3} | ({"plugin_info": plugin_info} if plugin_info else {})
    kit.collector.update(ME, sent)
    kit.collector.update(ME, {"collector_id": other, "name": "renamed"})
    found = kit.database["schedule"].find({})
    assert {schedule["collector_id"]: schedule["priority"] for schedule in found} == {mine: 3, other: 10}


def test_update_with_a_plugin_info_goes_the_way_of_update_plugin(kit: Kit) -> None:
    made = kit.create(plugin_info={"options": {"a": 1}, "secret_id": "secret-1"})
    kit.plugin.metadata = METADATA
    sent = {"plugin_id": "another", "options": {}, "upgrade_mode": "MANUAL", "secret_id": "secret-2"}
    updated = kit.collector.update(ME, {"collector_id": made["collector_id"], "name": "renamed", "plugin_info": sent})
    assert updated["name"] == "renamed"
    assert updated["plugin_info"] == {
        **made["plugin_info"],
        "options": {},
        "upgrade_mode": "MANUAL",
        "metadata": METADATA,
    }


def test_update_plugin_refreshes_metadata_and_managed_rules(kit: Kit) -> None:
    kit.plugin.metadata = {"collector_rules": [RULE, {**RULE, "name": "second"}]}
    made = kit.create()
    kit.plugin.metadata = {"collector_rules": [{**RULE, "name": "new"}], "v": 2}
    updated = kit.collector.update_plugin(ME, {"collector_id": made["collector_id"]})
    assert updated["plugin_info"]["metadata"]["v"] == 2
    rules = kit.rules.list_of_collector("domain-1", made["collector_id"])
    assert [(rule["name"], rule["order"]) for rule in rules] == [("new", 1)]


@pytest.mark.parametrize("method", ["update", "update_plugin"])
def test_a_failing_init_leaves_all_as_it_was(kit: Kit, method: str) -> None:
    kit.plugin.metadata = {"collector_rules": [RULE]}
    made = kit.create()
    kit.plugin.init_failure = Failure(grpc.StatusCode.INVALID_ARGUMENT, "no")
    change: dict[str, Any] = {"options": {"b": 2}, "version": "1.0"}
    sent = {"name": "renamed", "plugin_info": change} if method == "update" else change
    with pytest.raises(InitPluginFailureError):
        getattr(kit.collector, method)(ME, {"collector_id": made["collector_id"], **sent})
    assert kit.collector.get(ME, made["collector_id"]) == made
    assert len(kit.rules.list_of_collector("domain-1", made["collector_id"])) == 1


def test_update_plugin_moves_to_another_version(kit: Kit) -> None:
    made = kit.create(plugin_info={"upgrade_mode": "MANUAL"})
    with FakePlugin(metadata={"v": 2}) as newer:
        kit.upgrade("2.0", newer.endpoint)
        updated = kit.collector.update_plugin(ME, {"collector_id": made["collector_id"], "version": "2.0"})
    assert (updated["plugin_info"]["version"], updated["plugin_info"]["metadata"]) == ("2.0", {"v": 2})


@pytest.mark.parametrize("method", ["update", "update_plugin"])
@pytest.mark.parametrize("caller", [ME, OTHER])
def test_unknown_and_foreign_collectors_are_not_found(kit: Kit, method: str, caller: Any) -> None:
    made = kit.create()
    collector_id = "collector-none" if caller is ME else made["collector_id"]
    with pytest.raises(NotFoundError):
        getattr(kit.collector, method)(caller, {"collector_id": collector_id})
    for call in (kit.collector.get, kit.collector.enable, kit.collector.delete, kit.collector.verify_plugin):
        with pytest.raises(NotFoundError):
            call(caller, collector_id)
    assert kit.collector.get(ME, made["collector_id"]) == made


def test_verify_passes_where_one_secret_passes(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    kit.plugin.metadata = {"options_schema": {"properties": {"depth": {"default": "deep"}}}}
    made = kit.create()
    kit.collector.verify_plugin(ME, made["collector_id"])
    kit.collector.verify_plugin(ME, made["collector_id"], "secret-2")
    calls = kit.plugin.calls_of("verify")
    assert [call.secret_data["key"] for call in calls] == ["value-of-secret-1", "value-of-secret-2"]
    assert calls[0].options == {"depth": "deep"}


def test_verify_fails_where_none_passes_and_tells_no_secret(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    made = kit.create()
    kit.plugin.verify_failure = Failure(grpc.StatusCode.UNAUTHENTICATED, "denied: value-of-secret-2")
    with pytest.raises(VerifyPluginFailureError) as raised:
        kit.collector.verify_plugin(ME, made["collector_id"])
    assert "denied" in raised.value.message
    assert "value-of" not in raised.value.message
    assert len(kit.plugin.calls_of("verify")) == 2


def test_verify_refuses_a_secret_that_is_not_the_collectors(kit: Kit) -> None:
    kit.add_secrets("secret-1", "secret-2")
    made = kit.create(plugin_info={"secret_id": "secret-1"})
    with pytest.raises(NotFoundError, match="secret-2"):
        kit.collector.verify_plugin(ME, made["collector_id"], "secret-2")


def test_verify_needs_a_secret_and_a_plugin(kit: Kit) -> None:
    made = kit.create()
    with pytest.raises(VerifyPluginFailureError, match="no secret"):
        kit.collector.verify_plugin(ME, made["collector_id"])
    kit.add_secrets("secret-1")
    kit.plugin.stop()
    with pytest.raises(VerifyPluginFailureError):
        kit.collector.verify_plugin(ME, made["collector_id"])


def test_enable_and_disable(kit: Kit) -> None:
    made = kit.create()
    assert kit.collector.disable(ME, made["collector_id"])["state"] == "DISABLED"
    enabled = kit.collector.enable(ME, made["collector_id"])
    assert enabled == made | {"enabled_at": kit.clock.now(), "disabled_at": kit.clock.now()}


def test_list_and_stat_stay_within_the_domain(kit: Kit) -> None:
    first, second = kit.create(name="a", priority=0), kit.create(name="b")
    kit.create(OTHER, name="c")
    page = kit.collector.list(ME, {}, {})
    assert [dict(found) for found in page.results] == [first, second]
    assert page.total_count == 2
    assert kit.collector.list(ME, {}, {"plugin_id": PLUGIN_ID, "priority": 10}).total_count == 1
    counted = kit.collector.stat(ME, {"aggregate": [{"count": {"name": "n"}}]})
    assert counted == {"results": [{"n": 2}]}
    assert kit.collector.get(ME, first["collector_id"], only=["name"]) == {"name": "a"}


def test_delete_takes_all_that_is_the_collectors_own(kit: Kit) -> None:
    kit.add_secrets("secret-1")
    kit.plugin.metadata = {"collector_rules": [RULE]}
    made, kept = kit.create(), kit.create()
    job = kit.collects.collect(ME, CollectRequest(made["collector_id"]))
    for collector in (made, kept):
        own = {"domain_id": "domain-1", "collector_id": collector["collector_id"]}
        for name in ("schedule", "collection_state", "filter_cache"):
            kit.database[name].insert_one({**own, "cloud_service_id": "x", "schedule_id": own["collector_id"]})
    kit.collector.delete(ME, made["collector_id"])
    for name in ("collector", "schedule", "collection_state", "filter_cache", "collector_rule"):
        found = kit.database[name].distinct("collector_id")
        assert found == [kept["collector_id"]], name
    assert kit.jobs.get("domain-1", job["job_id"])["status"] == "CANCELED"
    assert [task["status"] for task in kit.tasks_of(job)] == ["CANCELED"]
    with pytest.raises(NotFoundError):
        kit.collector.delete(ME, made["collector_id"])


def test_a_delete_cut_short_can_be_repeated(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kit.create()
    with monkeypatch.context() as patch:
        patch.setattr(kit.rules, "delete_of_collector", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            kit.collector.delete(ME, made["collector_id"])
    kit.collector.delete(ME, made["collector_id"])
    assert kit.database["collector"].count_documents({}) == 0
