"""Builders of the messages that a collector plugin streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2

Message = collector_pb2.ResourceInfo
State = collector_pb2.ResourceInfo.State

CLOUD_SERVICE_RULES = {
    "1": ["reference.resource_id", "provider", "cloud_service_type", "cloud_service_group", "account"]
}
CLOUD_SERVICE_TYPE_RULES = {"1": ["name", "group", "provider"]}
REGION_RULES = {"1": ["region_code", "provider"]}


def struct(content: Mapping[str, Any]) -> Struct:
    """Return ``content`` as a Struct."""
    result = Struct()
    json_format.ParseDict(dict(content), result)
    return result


def message(
    resource_type: str,
    resource: Mapping[str, Any] | None = None,
    *,
    match_rules: Mapping[str, Any] | None = None,
    state: int = State.SUCCESS,
    text: str = "",
) -> Message:
    """Return any ResourceInfo; what is None is left unset."""
    result = Message(state=state, message=text, resource_type=resource_type)
    if match_rules is not None:
        result.match_rules.CopyFrom(struct(match_rules))
    if resource is not None:
        result.resource.CopyFrom(struct(resource))
    return result


def cloud_service(
    resource_id: str,
    *,
    provider: str = "test",
    group: str = "Compute",
    type: str = "Server",
    region_code: str = "region-1",
    account: str = "account-1",
    match_rules: Mapping[str, Any] = CLOUD_SERVICE_RULES,
    state: int = State.SUCCESS,
    **fields: Any,
) -> Message:
    """Return a CloudService message; ``fields`` are further members of the resource, or replace those above."""
    resource: dict[str, Any] = {
        "name": f"name of {resource_id}",
        "provider": provider,
        "cloud_service_group": group,
        "cloud_service_type": type,
        "region_code": region_code,
        "account": account,
        "reference": {"resource_id": resource_id, "external_link": f"https://console.invalid/{resource_id}"},
        "data": {"id": resource_id},
        "tags": {},
    }
    return message("inventory.CloudService", resource | fields, match_rules=match_rules, state=state)


def cloud_service_type(
    name: str = "Server", *, provider: str = "test", group: str = "Compute", **fields: Any
) -> Message:
    """Return a CloudServiceType message."""
    resource: dict[str, Any] = {"name": name, "provider": provider, "group": group, "is_primary": True}
    return message("inventory.CloudServiceType", resource | fields, match_rules=CLOUD_SERVICE_TYPE_RULES)


def region(region_code: str = "region-1", *, provider: str = "test", **fields: Any) -> Message:
    """Return a Region message."""
    resource: dict[str, Any] = {"name": f"Region {region_code}", "region_code": region_code, "provider": provider}
    return message("inventory.Region", resource | fields, match_rules=REGION_RULES)


def error_resource(text: str, *, resource_type: str = "inventory.CloudService", resource_id: str = "") -> Message:
    """Return an ErrorResource message."""
    resource = {"provider": "test", "resource_id": resource_id, "resource_type": resource_type}
    return message("inventory.ErrorResource", resource, state=State.FAILURE, text=text)
