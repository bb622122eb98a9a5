"""Clauses of the contract on collectors, jobs and what they collect that only the whole service can show."""

from __future__ import annotations

from collections.abc import Callable

from tests.fakes.plugin import Failure, FakePlugin, Gate
from tests.fakes.resources import cloud_service, cloud_service_type, region
from tests.integration.wire.wire_kit import Home, Wire

# Presence


def test_an_empty_struct_clears(home: Callable[..., Home]) -> None:
    own = home()
    client = own.client
    collector = own.create({"options": {"a": 1}}, tags={"b": 2})
    ids = {"collector_id": collector["collector_id"]}
    schedule = {**ids, "schedule": {"hours": [1]}, "filter": {}}
    client.call("Collector.add_schedule", schedule)

    untouched = client.call("Collector.update", {**ids, "name": "x"})
    assert (untouched["tags"], untouched["plugin_info"]["options"]) == ({"b": 2}, {"a": 1})
    assert client.call("Collector.update", {**ids, "tags": {}})["tags"] == {}
    assert client.call("Collector.update_plugin", {**ids, "options": {}})["plugin_info"]["options"] == {}


def test_metadata_comes_from_the_plugin_alone(home: Callable[..., Home], plugin: FakePlugin) -> None:
    plugin.metadata = {"supported_features": ["garbage_collection"]}

    collector = home().create({"metadata": {"mine": True}})

    assert collector["plugin_info"]["metadata"] == {"supported_features": ["garbage_collection"]}


def test_a_version_may_be_absent_only_where_the_plugin_service_names_it(wire: Wire, home: Callable[..., Home]) -> None:
    own = home()
    info = {"plugin_id": own.plugin_id, "upgrade_mode": "MANUAL"}
    refused = own.client.failure_of("Collector.create", {"name": "x", "plugin_info": info})
    assert refused.endswith("ERROR_REQUIRED_PARAMETER: Required parameter. (key = plugin_info.version)")

    made = own.client.call("Collector.create", {"name": "x", "plugin_info": info | {"upgrade_mode": "AUTO"}})

    assert (made["plugin_info"]["version"], made["plugin_info"]["upgrade_mode"]) == ("1.0", "AUTO")


# Failing plugins


def test_a_plugin_that_refuses_leaves_things_as_they_were(home: Callable[..., Home], plugin: FakePlugin) -> None:
    own = home(versions=["1.0", "2.0"])
    collector = own.create()
    plugin.init_failure = plugin.verify_failure = Failure()
    ids = {"collector_id": collector["collector_id"]}
    info = {"plugin_id": own.plugin_id, "version": "1.0"}

    create = own.client.fails("Collector.create", {"name": "y", "plugin_info": info})
    assert create == ("INTERNAL", "ERROR_VERIFY_PLUGIN_FAILURE")
    update = own.client.fails("Collector.update", {**ids, "name": "z", "plugin_info": {"version": "2.0"}})
    assert update == ("INTERNAL", "ERROR_INIT_PLUGIN_FAILURE")
    assert own.client.fails("Collector.update_plugin", {**ids, "version": "2.0"})[1] == "ERROR_INIT_PLUGIN_FAILURE"
    assert own.client.fails("Collector.verify_plugin", ids) == ("INTERNAL", "ERROR_VERIFY_PLUGIN_FAILURE")

    assert own.client.call("Collector.list")["results"] == [collector]


# Cascades


def test_deleting_a_collector_keeps_its_jobs_and_cancels_what_runs(
    wire: Wire, home: Callable[..., Home], plugin: FakePlugin
) -> None:
    own = home()
    collector = own.create()
    ids = {"collector_id": collector["collector_id"]}
    done = own.client.finished(own.collect(collector))
    own.client.call("Collector.add_schedule", {**ids, "schedule": {"hours": [1]}})
    rule = {"conditions_policy": "ALWAYS", "actions": {"match_project": {"source": "a", "target": "project_id"}}}
    own.client.call("CollectorRule.create", {**ids, **rule})
    plugin.gate = Gate()
    running = own.collect(collector)
    plugin.wait_for("collect", 2)

    own.client.call("Collector.delete", ids)

    canceled = own.client.finished(running)
    assert canceled["status"] == "CANCELED"
    assert [task["status"] for task in own.client.tasks(running)] == ["CANCELED"]
    kept = own.client.call("Job.list", ids)["results"]
    assert [job["job_id"] for job in kept] == [running["job_id"], done["job_id"]]
    assert all("collector_info" not in job for job in kept)
    assert own.client.call("CollectorRule.list") == {}
    left = wire.dump(own.domain_id)
    assert [name for name in ("collector", "schedule", "collector_rule", "collection_state") if left[name]] == []


def test_deleting_a_job_that_runs_cancels_it_first(wire: Wire, home: Callable[..., Home], plugin: FakePlugin) -> None:
    own = home()
    plugin.gate = Gate()
    job = own.collect(own.create())
    (call,) = plugin.wait_for("collect")

    own.client.call("Job.delete", {"job_id": job["job_id"]})

    plugin.wait_for("collect", ended=True)
    assert call.ended == "canceled"
    assert own.client.fails("Job.get", {"job_id": job["job_id"]})[1] == "ERROR_NOT_FOUND"
    assert own.client.call("JobTask.list") == {}


# Secrets


def test_secrets_by_group_by_id_and_by_provider(wire: Wire, home: Callable[..., Home]) -> None:
    own = home(secrets=3)
    group = [
        {**each, "groups": ["group-1"]} if each["secret_id"] in own.secret_ids[1:] else each
        for each in wire.platform["secrets"]
    ]
    wire.write_platform({**wire.platform, "secrets": group})
    wanted = [
        ({"secret_group_id": "group-1", "secret_id": own.secret_ids[0]}, own.secret_ids),
        ({"secret_group_id": "group-1"}, own.secret_ids[1:]),
        ({"secret_id": own.secret_ids[2]}, own.secret_ids[2:]),
        ({"provider": "aws"}, own.secret_ids),
    ]
    for info, secret_ids in wanted:
        base = {"plugin_id": own.plugin_id, "version": "1.0", **info}
        collector = own.client.call("Collector.create", {"name": "x", "plugin_info": base})
        job = own.client.finished(own.collect(collector))
        assert sorted(task["secret_id"] for task in own.client.tasks(job)) == sorted(secret_ids), info
    none = {"plugin_id": own.plugin_id, "version": "1.0"}
    job = own.collect(own.client.call("Collector.create", {"name": "x", "plugin_info": none}))
    assert (job["status"], job.get("total_tasks", 0), "finished_at" in job) == ("SUCCESS", 0, True)


def test_a_job_is_found_by_the_projects_of_its_secrets(wire: Wire, home: Callable[..., Home]) -> None:
    own = home(secrets=2)
    projects = dict(zip(own.secret_ids, ("project-1", "project-2"), strict=True))
    secrets = [
        {**each, "project_id": projects[each["secret_id"]]} if each["secret_id"] in projects else each
        for each in wire.platform["secrets"]
    ]
    wire.write_platform({**wire.platform, "secrets": secrets})
    collector = own.create()
    both = own.client.finished(own.collect(collector))
    one = own.client.finished(own.collect(collector, secret_id=own.secret_ids[0]))

    assert (both.get("project_id"), one["project_id"]) == (None, "project-1")
    found = own.client.call("Job.list", {"project_id": "project-2"})["results"]
    assert [job["job_id"] for job in found] == [both["job_id"]]
    tasks = own.client.call("JobTask.list", {"project_id": "project-1"})
    assert tasks["total_count"] == 2


# What was collected


def test_what_a_plugin_sends_is_there_with_its_history(home: Callable[..., Home], plugin: FakePlugin) -> None:
    plugin.resources = [
        cloud_service_type(provider="aws"),
        region(provider="aws"),
        cloud_service("i-1", provider="aws", tags={"a.b/c": "x"}),
        cloud_service("i-2", provider="aws", tags=[{"key": "k", "value": "v"}]),
    ]
    own = home()
    collector = own.create()

    first = own.client.finished(own.collect(collector))
    second = own.client.finished(own.collect(collector))

    (task,) = own.client.tasks(first)
    assert (task["status"], task["created_count"], task.get("updated_count", 0)) == ("SUCCESS", 2, 0)
    (task,) = own.client.tasks(second)
    assert (task["status"], task.get("created_count", 0), task["updated_count"]) == ("SUCCESS", 0, 2)
    services = own.client.call("CloudService.list", {"query": {"sort": {"key": "name"}}})["results"]
    assert [each["tags"] for each in services] == [{"aws": {"a.b/c": "x"}}, {"aws": {"k": "v"}}]
    assert services[0]["tag_keys"] == {"aws": ["a.b/c"]}
    (seen,) = services[0]["collection_info"]
    assert (seen["collector_id"], seen["secret_id"]) == (collector["collector_id"], own.secret_ids[0])
    by_tag = {"query": {"filter": [{"k": "tags.aws.a.b/c", "v": "x", "o": "eq"}]}}
    assert own.client.call("CloudService.list", by_tag)["total_count"] == 1
    history = own.client.call("ChangeHistory.list", {"cloud_service_id": services[0]["cloud_service_id"]})
    (record,) = history["results"]
    assert (record["action"], record["updated_by"], record["job_id"]) == ("CREATE", "COLLECTOR", first["job_id"])
    assert record["diff_count"] == len(record["diff"])
    collected = own.client.call("Collector.get", {"collector_id": collector["collector_id"]})
    assert collected["last_collected_at"] >= second["created_at"]


def test_deleted_services_are_shown_to_those_who_ask(home: Callable[..., Home]) -> None:
    own = home()
    content = {"cloud_service_type": "T", "cloud_service_group": "G", "provider": "p", "data": {"a": 1}}
    made = own.client.call("CloudService.create", content)
    ids = {"cloud_service_id": made["cloud_service_id"]}

    own.client.call("CloudService.delete", ids)

    assert own.client.call("CloudService.list") == {}
    assert own.client.call("CloudService.list", {"state": "DELETED"})["total_count"] == 1
    gone = own.client.call("CloudService.get", ids)
    assert (gone["state"], "deleted_at" in gone) == ("DELETED", True)
    for method, more in (("update", {"name": "x"}), ("delete", {})):
        answer = own.client.fails(f"CloudService.{method}", {**ids, **more})
        assert answer == ("INVALID_ARGUMENT", "ERROR_RESOURCE_ALREADY_DELETED")
