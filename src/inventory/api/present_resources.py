"""Stored resources of the inventory → their Info messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inventory.api.present import Presenter
from inventory.domain.keys import unescape_key
from inventory.stubs.spaceone.api.inventory.v1 import (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_rule_pb2,
    region_pb2,
)

_SCOPED: Final = ("metadata", "tag_keys")


def with_plain_keys(cloud_service: dict[str, Any]) -> dict[str, Any]:
    """Return a CloudService with the keys of tags, and the providers, as they were sent."""
    plain = dict(cloud_service)
    for field in _SCOPED:
        if isinstance(plain.get(field), Mapping):
            plain[field] = _unescaped(plain[field])
    tags = plain.get("tags")
    if isinstance(tags, Mapping):
        plain["tags"] = {
            provider: _unescaped(part) if isinstance(part, Mapping) else part
            for provider, part in _unescaped(tags).items()
        }
    return plain


def _unescaped(content: Mapping[str, Any]) -> dict[str, Any]:
    return {unescape_key(key): value for key, value in content.items()}


CLOUD_SERVICE: Final = Presenter(cloud_service_pb2.CloudServiceInfo.DESCRIPTOR, derive=with_plain_keys)
"""Presents cloud services."""
CLOUD_SERVICE_TYPE: Final = Presenter(cloud_service_type_pb2.CloudServiceTypeInfo.DESCRIPTOR)
"""Presents cloud service types."""
REGION: Final = Presenter(region_pb2.RegionInfo.DESCRIPTOR)
"""Presents regions."""
RECORD: Final = Presenter(change_history_pb2.RecordInfo.DESCRIPTOR)
"""Presents the records of a change history."""
COLLECTOR_RULE: Final = Presenter(collector_rule_pb2.CollectorRuleInfo.DESCRIPTOR)
"""Presents collector rules."""
