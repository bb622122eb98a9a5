"""A stream with every malformation we could think of between good resources."""

from __future__ import annotations

from typing import Any

from inventory.connector.ports import ResourceMessage
from tests.streams.build import FAILURE, SERVICE_RULES, message, service, service_type

SECRET = "s3cr3t-value"
GOOD = ("good-1", "good-2", "good-3")


def nested(levels: int) -> dict[str, Any]:
    """Return dicts nested ``levels`` deep."""
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def malformed() -> list[ResourceMessage]:
    """Return messages each of which must fail, and fail alone."""
    return [
        service("nul", data={"a\0b": 1}),
        service("nul-in-tag", data={"x": {"k\0": 1}}),
        service("surrogate", data={"a": "\ud800"}),
        service("huge-number", data={"a": 2**70}),
        service("deep", data=nested(400)),
        service("deep-2", data=nested(190)),
        service("too-large", data={"a": "x" * (17 * 1024 * 1024)}),
        service("data-is-a-list", data=[1, 2]),
        service("data-is-text", data="text"),
        service("no-data", data=None),
        service("bad-json", data=None, json_data="{not json"),
        service("json-list", data=None, json_data="[1]"),
        service("deep-json", data=None, json_data='{"a":' * 100_000 + "1" + "}" * 100_000),
        service("metadata-is-a-list", metadata=["x"]),
        service("tags-are-text", tags="Name=x"),
        service("tags-of-numbers", tags=[1, 2]),
        service("no-type", cloud_service_type=None),
        service("empty-group", cloud_service_group=""),
        service("no-provider", provider=None),
        service("name-is-a-dict", name={"a": 1}),
        service("reference", reference="i-1"),
        service("size", instance_size="large"),
        service("addresses", ip_addresses=[{"ip": 1}]),
        service("unknown-project", project_id="project-unknown"),
        service("no-rules", match_rules={}),
        service("lettered-rules", match_rules={"first": ["provider"]}),
        service("rules-are-text", match_rules={"1": 5.0}),
        service("operator", match_rules={"1": ["$where"]}),
        service("operator-below", match_rules={"1": ["data.$where"]}),
        service("empty-segment", match_rules={"1": ["data..x"]}),
        service("unknown-key", match_rules={"1": ["server_type"]}),
        service("nothing-there", match_rules={"1": ["data.absent", "tags.absent"]}),
        service("operator-deep", match_rules={"1": ["data" + ".a" * 300]}),
        service("looks-up-a-dict", match_rules={"1": ["data.compute"]}),
        service("looks-up-too-much", reference={"resource_id": "x" * (17 * 1024 * 1024)}),
        service("\ud800"),
        message("inventory.FilterCache", {"a": [2**70]}),
        service("failed", state=FAILURE),
        service_type("", provider="aws"),
        message("inventory.ErrorResource", {}, text=f"denied for {SECRET}", state=FAILURE),
        message("inventory.ErrorResource", {"resource_id": SECRET * 500}, text="x" * 10_000, state=FAILURE),
        message("compute.Server", {"name": "x"}, match_rules=SERVICE_RULES),
        message("", {}, match_rules=SERVICE_RULES),
    ]


def passed_over() -> list[ResourceMessage]:
    """Return messages that are neither stored nor errors."""
    return [
        message("inventory.Namespace", {"x": 1}),
        message("inventory.Metric", {"x": 1}),
        message("inventory.Dream", {"x": 1}),
        message("inventory.Dream", {"x": 2}),
        message("inventory.FilterCache", {"region_name": ["a", "b"], "": ["x"], "odd": {"a": 1}, "one": "x"}),
    ]


def odd_but_fine() -> list[ResourceMessage]:
    """Return resources that look strange and must be stored."""
    return [
        service(
            GOOD[0],
            account=123456789012.0,
            name="",
            instance_size="2",
            ip_addresses=["10.0.0.1", None, 5.0],
            tags=[{"Key": "a.b/$c", "Value": "x"}, {"value": "no key"}],
            data={"$ref": "x", "$id": "y", "a.b": 1, "$set": {"$gt": ""}, "": 0, "nested": {"$ref": "c", "$id": 1}},
            metadata=None,
            launched_at={"x": 1},
            region_code="",
        ),
        service(GOOD[1], name=None, tags=None, match_rules={"10": ["name"], "2": ["reference.resource_id", "state"]}),
        service(GOOD[2], data=None, json_data='{"a": 1}', metadata={}, json_metadata='{"view": {}}', state=0),
    ]


def stream() -> list[ResourceMessage]:
    """Return the malformed ones between the good ones."""
    odd = odd_but_fine()
    return [odd[0], *malformed(), odd[1], *passed_over(), odd[2]]
