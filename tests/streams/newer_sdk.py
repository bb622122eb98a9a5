"""Streams like a collector's of the newer SDK: many tasks, JSON text instead of structs, Namespace and Metric."""

from __future__ import annotations

import json

from inventory.connector.ports import ResourceMessage
from tests.streams.build import SKIP, message, region, service, service_type

TASKS = 41


def tasks(count: int = TASKS) -> list[list[ResourceMessage]]:
    """Return one stream per task: the first brings metadata, the others resources of one region each."""
    head = [
        service_type("Instance"),
        message("inventory.Namespace", {"namespace_id": "ns-aws-ec2", "name": "EC2"}, match_rules=None),
        message("inventory.Metric", {"metric_id": "metric-1", "query_options": {}}, match_rules=None),
    ]
    return [head, *(_region_task(number) for number in range(1, count))]


def _region_task(number: int) -> list[ResourceMessage]:
    code = f"region-{number}"
    resources = [_resource(number, index, code) for index in range(5)]
    skipped = service(f"skipped-{number}", state=SKIP)
    return [region(code), *resources, skipped]


def _resource(task: int, index: int, code: str) -> ResourceMessage:
    return service(
        f"{task}-{index}",
        region_code=code,
        data=None,
        json_data=json.dumps({"task": task, "index": index}),
        json_metadata=json.dumps({"query_sets": []}),
    )
