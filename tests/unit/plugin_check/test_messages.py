"""What counts as a violation of the plugin protocol, message by message."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.connector.ports import ResourceMessage
from inventory.plugin_check.fault import Faults, Severity, violation
from inventory.plugin_check.message import faults_of_message, secret_values, shows_secret
from inventory.plugin_check.metadata import faults_of_metadata, undeclared
from inventory.plugin_check.stream import StreamWatcher

RULES = {"1": ["reference.resource_id", "provider", "cloud_service_type", "cloud_service_group"]}
SERVICE = {
    "name": "one",
    "provider": "aws",
    "cloud_service_group": "EC2",
    "cloud_service_type": "Instance",
    "data": {"a": 1},
    "reference": {"resource_id": "i-1"},
    "region_code": "us-east-1",
}
SUCCESS, FAILURE = 4, 5


def _message(
    resource: dict[str, Any] | None = None,
    *,
    kind: str = "inventory.CloudService",
    state: int = SUCCESS,
    rules: dict[str, Any] | None = None,
    text: str = "",
    size: int = 100,
) -> ResourceMessage:
    content = SERVICE if resource is None else resource
    return ResourceMessage(kind, state, text, RULES if rules is None else rules, content, size)


def _found(message: ResourceMessage) -> list[tuple[str, str]]:
    return [(fault.severity.value, fault.code) for fault in faults_of_message(message)]


def test_a_good_resource_has_no_fault() -> None:
    assert _found(_message()) == []
    assert (
        _found(_message({**SERVICE, "data": None, "json_data": '{"a": 1}', "tags": [{"key": "a.b", "value": 1}]})) == []
    )
    region = {"region_code": "us-east-1", "provider": "aws"}
    for named in ({"name": "x"}, {"name": ""}, {}):
        found = _message({**region, **named}, kind="inventory.Region", rules={"1": ["region_code", "provider", "name"]})
        assert _found(found) == []


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (_message(rules={}), ("violation", "ERROR_MATCH_RULE")),
        (_message(rules={"first": ["provider"]}), ("violation", "ERROR_MATCH_RULE")),
        (_message(rules={"1": ["no_such_key", *RULES["1"]]}), ("remark", "UNKNOWN_KEY")),
        (_message(rules={**RULES, "2": [1.0]}), ("violation", "ERROR_MATCH_RULE")),
        (_message(rules={"1": ["account"]}), ("violation", "ERROR_MATCH_RULE")),
        (_message({**SERVICE, "data": "text"}), ("violation", "ERROR_INVALID_RESOURCE")),
        (_message({**SERVICE, "json_data": "{", "data": None}), ("violation", "ERROR_INVALID_RESOURCE")),
        (_message({**SERVICE, "ip_addresses": {"a": 1}}), ("violation", "ERROR_INVALID_RESOURCE")),
        (_message({**SERVICE, "data": {"a": 2**70}}), ("violation", "ERROR_INVALID_RESOURCE")),
        (_message({**SERVICE, "data": {"a\0b": 1}}), ("violation", "ERROR_INVALID_RESOURCE")),
        (_message({k: v for k, v in SERVICE.items() if k != "data"}), ("violation", "ERROR_REQUIRED_PARAMETER")),
        (_message(kind="aws.Instance"), ("violation", "ERROR_UNSUPPORTED_RESOURCE_TYPE")),
        (_message(kind=""), ("violation", "ERROR_UNSUPPORTED_RESOURCE_TYPE")),
        (_message(state=99), ("violation", "STATE")),
        (_message(state=FAILURE), ("violation", "NO_MESSAGE")),
        (_message({}, kind="inventory.ErrorResource", state=FAILURE), ("violation", "NO_MESSAGE")),
        (_message(state=0), ("remark", "STATE")),
        (_message(size=5 * 1024 * 1024), ("remark", "LARGE_MESSAGE")),
        (_message(rules={"1": ["name", "provider"]}), ("remark", "SLOW_RULE")),
        (_message(kind="inventory.Novelty"), ("remark", "PASSED_OVER")),
        (_message({}, kind="inventory.FilterCache"), ("remark", "EMPTY_CACHE")),
    ],
)
def test_a_fault_is_told(message: ResourceMessage, fault: tuple[str, str]) -> None:
    assert _found(message) == [fault]


def test_a_reported_error_is_no_fault_of_the_protocol() -> None:
    assert _found(_message({}, kind="inventory.ErrorResource", state=FAILURE, text="access denied")) == []


def test_a_secret_that_a_resource_shows_is_a_violation() -> None:
    secrets = secret_values(
        {"region": "us-east-1", "client_secret": "abcdefgh", "nested": {"tokens": ['qu"oted-token']}}
    )
    assert secrets == {"abcdefgh", 'qu"oted-token'}
    assert [each.code for each in shows_secret(_message({"data": {"x": "y abcdefgh"}}), secrets)] == ["SECRET_SHOWN"]
    assert [each.code for each in shows_secret(_message({"data": 'qu"oted-token'}), secrets)] == ["SECRET_SHOWN"]
    assert list(shows_secret(_message(), secrets)) == []


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({}, "EMPTY_METADATA"),
        ({"supported_schedules": "hours"}, "METADATA"),
        ({"supported_schedules": ["weekly"]}, "SCHEDULE"),
        ({"options_schema": []}, "METADATA"),
        ({"filter_format": [{"name": "no key"}]}, "FILTER_FORMAT"),
        ({"filter_format": [{"key": "r", "resource_type": "inventory.Region", "type": "str"}]}, "FILTER_FORMAT"),
        ({"collector_rules": [{"conditions_policy": "SOME"}]}, "COLLECTOR_RULE"),
        ({"a": {"b\0": 1}}, "METADATA"),
    ],
)
def test_a_fault_of_the_metadata_is_told(metadata: dict[str, Any], code: str) -> None:
    assert code in [fault.code for fault in faults_of_metadata(metadata)]


def test_a_type_that_was_not_declared_is_remarked() -> None:
    metadata = {"supported_resource_type": ["inventory.CloudService"]}
    sent = {"inventory.CloudService", "inventory.Region", "inventory.ErrorResource"}
    assert [fault.message for fault in undeclared(metadata, sent)] == [
        "sends inventory.Region, which supported_resource_type does not name"
    ]


def test_the_whole_stream_shows_doubles_and_what_is_named_but_not_sent() -> None:
    faults = Faults()
    watcher = StreamWatcher(secret_data={"password": "hunter2hunter2"}, secrets=set(), faults=faults)

    watcher.take(_message(), waited=0.5)
    watcher.take(_message({**SERVICE, "name": "hunter2hunter2"}), waited=61.0)
    faults.extend(watcher.closing(cut=False))

    assert {each.fault.code for each in faults.of(Severity.REMARK)} == {
        "DOUBLE",
        "NO_CLOUDSERVICETYPE",
        "NO_REGION",
        "SILENCE",
    }
    report = watcher.report
    assert (report.count, report.bytes, report.first_seconds, report.longest_silence) == (2, 200, 0.5, 61.0)
    assert "hunter2" not in str(report) + str(faults.of(Severity.REMARK))


def test_identities_that_are_empty_or_the_same_are_counted_with_an_example() -> None:
    """Three resources without an id would become one, with SUCCESS."""
    faults = Faults()
    watcher = StreamWatcher(secret_data={}, secrets=set(), faults=faults)
    for number in range(3):
        watcher.take(_message({**SERVICE, "name": f"nameless {number}", "reference": {"resource_id": ""}}), waited=0)

    found = {each.fault.code: each for each in faults.of(Severity.REMARK)}
    assert (found["EMPTY_IDENTITY"].count, found["DOUBLE"].count) == (3, 2)
    assert "reference.resource_id" in found["EMPTY_IDENTITY"].fault.message
    assert found["EMPTY_IDENTITY"].examples[0] == "message 1, inventory.CloudService nameless 0"


def test_what_resources_name_and_what_was_sent_are_compared_both_ways() -> None:
    faults = Faults()
    watcher = StreamWatcher(secret_data={}, secrets=set(), faults=faults)
    for number in range(4):
        watcher.take(_message({**SERVICE, "reference": {"resource_id": f"i-{number}"}}), waited=0)
    for code in ("eu-1", "eu-2"):
        region = {"region_code": code, "provider": "aws", "name": code}
        watcher.take(_message(region, kind="inventory.Region", rules={"1": ["region_code", "provider"]}), waited=0)
    faults.extend(watcher.closing(cut=False))

    assert sorted(each.fault.message for each in faults.of(Severity.REMARK)) == [
        "2 regions were sent that no resource names, such as aws/eu-1",
        "4 resources name aws/EC2/Instance, but no such CloudServiceType was sent; one is inventory.CloudService i-0",
        "4 resources name aws/us-east-1, but no such Region was sent; one is inventory.CloudService i-0",
    ]


def test_a_type_without_metadata_is_remarked() -> None:
    kind = {"provider": "aws", "group": "EC2", "name": "Instance"}
    rules = {"1": ["name", "group", "provider"]}
    assert _found(_message(kind, kind="inventory.CloudServiceType", rules=rules)) == [("remark", "NO_METADATA")]
    shown = {**kind, "metadata": {"view": {}}}
    assert _found(_message(shown, kind="inventory.CloudServiceType", rules=rules)) == []


def test_faults_that_differ_in_numbers_only_are_counted_together() -> None:
    faults = Faults()
    for number in range(1000):
        faults.add(violation("collect", "X", f"resource {number}"), where=str(number))
        faults.add(violation("collect", f"CODE_{'x' * number}", "endless kinds"))
    counted = faults.of(Severity.VIOLATION)
    assert len(counted) <= 202
    (same,) = [each for each in counted if each.fault.code == "X"]
    assert (same.count, same.examples) == (1000, ["0", "1", "2"])


def test_a_stream_that_was_cut_is_checked_as_far_as_it_went_and_that_is_said() -> None:
    faults = Faults()
    watcher = StreamWatcher(secret_data={}, secrets=set(), faults=faults)
    region = {"region_code": "eu-1", "provider": "aws", "name": "eu-1"}
    watcher.take(_message(region, kind="inventory.Region", rules={"1": ["region_code", "provider"]}), waited=0)
    watcher.take(_message(), waited=0)
    faults.extend(watcher.closing(cut=True))

    assert {each.fault.code: each.fault.message for each in faults.of(Severity.REMARK)} == {
        "NO_CLOUDSERVICETYPE": "1 resources name aws/EC2/Instance, but no such CloudServiceType was sent before it was "
        "cut short; one is inventory.CloudService i-1",
        "NO_REGION": "1 resources name aws/us-east-1, but no such Region was sent before it was cut short; one is "
        "inventory.CloudService i-1",
        "CUT": "cut short after 2 messages: what comes later, such as regions, was not checked (--limit 0 reads all)",
    }
