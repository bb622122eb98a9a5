"""Building blocks of constructed streams."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from inventory.connector.ports import ResourceMessage

SUCCESS = 4
FAILURE = 5
SKIP = 8
SERVICE_RULES = {"1": ["reference.resource_id", "provider", "cloud_service_type", "cloud_service_group", "account"]}
TYPE_RULES = {"1": ["name", "group", "provider"]}
REGION_RULES = {"1": ["region_code", "provider"]}


def message(
    resource_type: str,
    resource: dict[str, Any],
    *,
    match_rules: dict[str, Any] | None = None,
    state: int = SUCCESS,
    text: str = "",
) -> ResourceMessage:
    """Return a message as a connector would decode it, fingerprint and size included."""
    written = json.dumps([resource_type, state, text, match_rules, resource], sort_keys=True, default=repr)
    encoded = written.encode("utf-8", "replace")
    return ResourceMessage(
        resource_type=resource_type,
        state=state,
        message=text,
        match_rules=match_rules or {},
        resource=resource,
        size=len(encoded),
        fingerprint=hashlib.blake2b(encoded, digest_size=16).digest(),
    )


def service(number: int | str, **fields: Any) -> ResourceMessage:
    """Return a CloudService ``i-<number>``; ``fields`` override or add, None takes away."""
    match_rules = fields.pop("match_rules", SERVICE_RULES)
    state = fields.pop("state", SUCCESS)
    resource: dict[str, Any] = {
        "name": f"server {number}",
        "account": "123456789012",
        "cloud_service_group": "EC2",
        "cloud_service_type": "Instance",
        "provider": "aws",
        "region_code": "ap-northeast-2",
        "reference": {"resource_id": f"i-{number}", "external_link": ""},
        "data": {"compute": {"instance_state": "RUNNING", "instance_id": f"i-{number}"}},
        "tags": {"Name": f"server {number}", "some.key/with$": "x"},
        **fields,
    }
    resource = {key: value for key, value in resource.items() if value is not None}
    return message("inventory.CloudService", resource, match_rules=match_rules, state=state)


def service_type(name: str = "Instance", **fields: Any) -> ResourceMessage:
    """Return a CloudServiceType."""
    resource = {
        "name": name,
        "provider": "aws",
        "group": "EC2",
        "service_code": "AmazonEC2",
        "is_primary": True,
        "is_major": True,
        "labels": ["Compute"],
        "tags": {"spaceone:icon": "x.svg"},
        "metadata": {"view": {"table": {}}},
        **fields,
    }
    return message("inventory.CloudServiceType", resource, match_rules=TYPE_RULES)


def region(code: str = "ap-northeast-2", **fields: Any) -> ResourceMessage:
    """Return a Region."""
    resource = {"name": f"Region {code}", "region_code": code, "provider": "aws", "tags": {"continent": "x"}, **fields}
    return message("inventory.Region", resource, match_rules=REGION_RULES)


def padded(number: int | str, *, bytes_of_data: int = 2048) -> ResourceMessage:
    """Return a CloudService of about ``bytes_of_data`` bytes with some structure."""
    disks = [
        {"device": f"/dev/sd{index}", "size": 8.0 + index, "tags": {"volume_id": f"vol-{number}-{index}"}}
        for index in range(max(bytes_of_data // 140, 1))
    ]
    data = {
        "compute": {"instance_state": "RUNNING", "instance_id": f"i-{number}", "image": "ami-1", "az": "a"},
        "hardware": {"core": 8.0, "memory": 64.0},
        "disks": disks,
        "os": {"os_type": "LINUX", "os_arch": "x86_64"},
        "nics": [{"cidr": "10.0.0.0/24", "ip_addresses": ["10.0.0.1"], "tags": {"eni_id": f"eni-{number}"}}],
    }
    return service(number, data=data, metadata={"view": {"sub_data": {"layouts": [{"name": "x", "type": "item"}]}}})
