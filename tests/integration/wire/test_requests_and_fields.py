"""What requests must have and which fields answers fill, of every method (contract, sections 1 and 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import Client, Json, method_of
from tests.integration.wire.probes import base_request, methods
from tests.integration.wire.two_domains import Domain, furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

REQUIRED = {
    "Collector.create": ["name", "plugin_info", "plugin_info.plugin_id"],
    "Collector.add_schedule": ["collector_id", "schedule"],
    "Collector.list": [],
    "Collector.stat": ["query"],
    "Collector.list_schedules": ["collector_id"],
    **{f"Collector.{name}_schedule": ["collector_id", "schedule_id"] for name in ("get", "update", "delete")},
    **{
        f"Collector.{name}": ["collector_id"]
        for name in ("update", "update_plugin", "verify_plugin", "delete", "get", "enable", "disable", "collect")
    },
    "Operations.list_schedule_facts": ["collector_id"],
    "Operations.list_all_schedule_facts": [],
    "Operations.explain_schedule": ["collector_id", "schedule_id"],
    "Explanations.explain_resource": ["cloud_service_id"],
    "Explanations.explain_type": ["cloud_service_type_id"],
    "JobOperations.retry": ["job_id"],
    "JobOperations.get": ["job_id"],
    "JobOperations.list_slices": ["job_task_id"],
    "DryRun.start": ["collector_id"],
    "Diagnosis.get": [],
    "ResourcePages.list": [],
    "Deletion.undo": [],
    "Freshness.list": [],
    "Freshness.get": ["collector_id", "secret_id"],
    "CloudService.create": ["cloud_service_type", "cloud_service_group", "provider", "data"],
    "CloudService.analyze": ["query"],
    "CloudServiceType.create": ["name", "provider", "group"],
    "Region.create": ["name", "region_code", "provider"],
    "CollectorRule.create": ["collector_id", "conditions_policy", "actions"],
    "CollectorRule.change_order": ["collector_rule_id", "order"],
    "ChangeHistory.list": ["cloud_service_id"],
    "ChangeHistory.stat": ["query", "cloud_service_id"],
}
"""What each method requires beside ``domain_id`` (section 1); for the others see ``required``."""

OWN_IDS = {
    "Job": "job_id",
    "JobTask": "job_task_id",
    "CloudService": "cloud_service_id",
    "CloudServiceType": "cloud_service_type_id",
    "Region": "region_id",
    "CollectorRule": "collector_rule_id",
    "DryRun": "dry_run_id",
    "Deletion": "deletion_id",
}

COLLECTOR_MINIMAL = "collector_id name state provider capability plugin_info is_public project_id"
MINIMAL = {
    "Collector.list": COLLECTOR_MINIMAL,
    "Collector.list_schedules": "schedule_id name collect_mode schedule collector_info",
    "Job.list": "job_id status created_at finished_at",
    "CloudService.list": "cloud_service_id name cloud_service_group cloud_service_type provider reference region_code "
    "project_id",
    "CloudServiceType.list": "cloud_service_type_id name provider group service_code is_primary is_major resource_type",
    "Region.list": "region_id name region_code provider",
    "ChangeHistory.list": "record_id cloud_service_id action diff_count user_id collector_id job_id updated_by "
    "domain_id created_at",
    "CollectorRule.list": "collector_rule_id name order rule_type collector_id",
    "JobTask.list": "job_task_id job_id secret_id service_account_id project_id status created_count "
    "updated_count failure_count deleted_count disconnected_count created_at started_at finished_at",
}
"""The fields of each minimal form (section 3)."""


def required(name: str) -> list[str]:
    service, _, method = name.partition(".")
    if name in REQUIRED:
        return REQUIRED[name]
    return {"list": [], "stat": ["query"]}.get(method, [OWN_IDS.get(service, "")])


@pytest.fixture(scope="module")
def furnished(wire: Wire) -> Iterator[tuple[Client, Domain]]:
    with FakePlugin(resources=plugin_stream) as plugin:
        domain = furnish(wire, Client(wire.serve()), "gamma", plugin.endpoint)
        yield domain.client, domain


@pytest.mark.parametrize("name", methods())
def test_what_is_required_is_missed_by_name(furnished: tuple[Client, Domain], name: str) -> None:
    client, domain = furnished
    whole = base_request(name, domain)
    if name == "Collector.create":
        whole["plugin_info"]["plugin_id"] = domain.ids["plugin_id"]
    answers = {}
    for path in required(name):
        request = json.loads(json.dumps(whole))
        *above, last = path.split(".")
        target = request
        for each in above:
            target = target[each]
        target.pop(last)
        answers[path] = client.failure_of(name, request)
    anywhere = Client(client.channel)
    answers["domain_id"] = anywhere.failure_of(name, whole)

    expected = {
        path: f"INVALID_ARGUMENT ERROR_REQUIRED_PARAMETER: Required parameter. (key = {path})" for path in answers
    }
    assert answers == expected


@pytest.mark.parametrize("name", MINIMAL)
def test_minimal_wins_and_fills_just_its_fields(furnished: tuple[Client, Domain], name: str) -> None:
    client, domain = furnished
    request = base_request(name, domain)
    key = "created_at"

    rows = client.call(name, request | {"query": {"minimal": True, "only": [key]}})["results"]
    whole = client.call(name, request)["results"]

    assert rows
    for row, all_of_it in zip(rows, whole, strict=True):
        assert set(row) == set(MINIMAL[name].split()) & set(all_of_it)
        if name == "Collector.list":
            assert set(row["plugin_info"]) == {"plugin_id", "version"}
        if name == "Collector.list_schedules":
            assert set(row["collector_info"]) <= set(COLLECTOR_MINIMAL.split())
        if name == "CloudService.list":
            assert set(row["reference"]) == {"resource_id"}


@pytest.mark.parametrize("name", MINIMAL)
def test_only_fills_just_these_fields(furnished: tuple[Client, Domain], name: str) -> None:
    client, domain = furnished
    request = base_request(name, domain)
    output = method_of(name).output_type.fields_by_name["results"].message_type
    whole = client.call(name, request)["results"]

    for each in output.fields:
        rows = client.call(name, request | {"query": {"only": [each.name]}})["results"]
        assert [set(row) for row in rows] == [{each.name} & set(row) for row in whole], each.name
        assert [row.get(each.name) for row in rows] == [row.get(each.name) for row in whole]


@pytest.mark.parametrize("name", MINIMAL)
def test_count_only_counts_and_shows_nothing(furnished: tuple[Client, Domain], name: str) -> None:
    client, domain = furnished
    request = base_request(name, domain)

    counted = client.call(name, request | {"query": {"count_only": True}})

    assert counted == {"total_count": client.call(name, request)["total_count"]}


def test_times_look_the_same_in_statistics(furnished: tuple[Client, Domain]) -> None:
    client, _ = furnished
    created = client.call("Collector.list")["results"][0]["created_at"]

    distinct = client.call("Collector.stat", {"query": {"distinct": "created_at"}})

    assert distinct == {"results": [created]}


@pytest.mark.parametrize(
    ("name", "request_fields"),
    [("CloudService.list", {"resource_group_id": "x"}), ("CollectorRule.list", {"data_source_id": "x"})],
)
def test_what_this_service_has_no_answer_for_is_refused(
    furnished: tuple[Client, Domain], name: str, request_fields: Json
) -> None:
    client, _ = furnished
    (key, value) = next(iter(request_fields.items()))

    for request in (request_fields, {"query": {"filter": [{"k": key, "v": value, "o": "eq"}]}}):
        assert client.fails(name, request) == ("INVALID_ARGUMENT", "ERROR_INVALID_PARAMETER")
