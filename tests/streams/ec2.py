"""A stream like an EC2 collector's: one type, three regions, 300 servers of about 14 KB, metadata 17 levels deep."""

from __future__ import annotations

from typing import Any

from inventory.connector.ports import ResourceMessage
from tests.streams.build import region, service, service_type

REGIONS = ("ap-northeast-2", "us-east-1", "eu-west-1")
METADATA_DEPTH = 17


def stream(servers: int = 300) -> list[ResourceMessage]:
    """Return the messages of one collect: types and regions first, as such plugins do."""
    head = [service_type("Instance", metadata=deep_metadata()), *(region(code) for code in REGIONS)]
    return [*head, *(server(number) for number in range(servers))]


def server(number: int) -> ResourceMessage:
    """Return one instance of about 14 KB."""
    code = REGIONS[number % len(REGIONS)]
    return service(
        f"{number:017x}",
        name=f"srv-{code}-{number:04d}",
        region_code=code,
        instance_type="r5.2xlarge",
        instance_size=8.0,
        ip_addresses=[f"172.31.{number // 250}.{number % 250}", f"54.214.{number // 250}.{number % 250}"],
        launched_at="2026-01-02T08:22:26.000000+0000",
        server_type="VM",
        data=_data(number, code),
        metadata=deep_metadata(),
        tags=[{"key": "Name", "value": f"srv-{number}"}, {"key": "aws:autoscaling/group.name", "value": "web"}],
        data_json=None,
    )


def _data(number: int, code: str) -> dict[str, Any]:
    return {
        "compute": {
            "instance_id": f"i-{number:017x}",
            "instance_state": "RUNNING",
            "az": f"{code}a",
            "keypair": "",
            "security_groups": [{"id": f"sg-{number:017x}", "name": "web", "display": "web"}],
            "tags": {},
        },
        "aws": {f"property_{index}": None if index % 3 else f"value {index}" for index in range(40)},
        "hardware": {"core": 8.0, "memory": 64.0},
        "disks": [
            {"device": f"/dev/sd{index}", "size": 8.0, "tags": {"volume_id": f"vol-{number}-{index}", "iops": 3000.0}}
            for index in range(6)
        ],
        "nics": [{"cidr": "172.31.48.0/20", "ip_addresses": ["172.31.48.22"], "tags": {"public_dns": "x.internal"}}],
        "security_group": [
            {
                "description": f"rule {index}",
                "direction": "inbound",
                "port_range_min": float(index),
                "port_range_max": float(index + 1000),
                "protocol": "tcp",
                "remote": "0.0.0.0/0",
                "security_group_name": "web",
                "security_group_id": f"sg-{index:017x}",
            }
            for index in range(36)
        ],
    }


def deep_metadata() -> dict[str, Any]:
    """Return table metadata of :data:`METADATA_DEPTH` levels."""
    node: dict[str, Any] = {"type": "text", "options": {"icon": {"color": "red.500"}}}
    for level in range(METADATA_DEPTH - 4):
        node = {f"level_{level}": node, "name": "Instance State", "key": "data.compute.instance_state"}
    return {"view": node}


def depth(value: Any) -> int:
    """Return how deep dicts and lists nest in ``value``."""
    if isinstance(value, dict):
        return 1 + max((depth(part) for part in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth(part) for part in value), default=0)
    return 0
