"""What a collector plugin sends: pure builders of its messages' content, without gRPC.

Field names are those of the contract of `ResourceInfo.resource`. Each builder returns an :class:`Envelope`, which
``server`` turns into the protobuf message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

PROVIDER = "local"
REGION_CODE = "local"

CLOUD_SERVICE = "inventory.CloudService"
CLOUD_SERVICE_TYPE = "inventory.CloudServiceType"
REGION = "inventory.Region"
ERROR_RESOURCE = "inventory.ErrorResource"

CLOUD_SERVICE_MATCH = ("reference.resource_id", "provider", "cloud_service_type", "cloud_service_group", "account")
CLOUD_SERVICE_TYPE_MATCH = ("name", "group", "provider")
REGION_MATCH = ("region_code", "provider")
"""The fields that make a resource the same one in the next collect."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a type's table and one line of a resource's page.

    Attributes:
        key: dotted path into the resource.
        name: the heading.
        type: how a console shows it: text, size, datetime, list, badge, …
        options: of that type, such as a unit.
        optional: hidden in the table until somebody asks for it.
        data_type: of the search, where it is no string: integer, float, boolean, datetime.
    """

    key: str
    name: str
    type: str = "text"
    options: Mapping[str, JSON] = field(default_factory=dict)
    optional: bool = False
    data_type: str = ""

    def as_column(self) -> JSON:
        """Return it as a field of a dynamic layout."""
        options: dict[str, JSON] = dict(self.options)
        if self.optional:
            options["is_optional"] = True
        column: dict[str, JSON] = {"key": self.key, "name": self.name, "type": self.type}
        return {**column, "options": options} if options else column

    def as_search(self) -> JSON:
        """Return it as a search key."""
        search: dict[str, JSON] = {"key": self.key, "name": self.name}
        return {**search, "data_type": self.data_type} if self.data_type else search


@dataclass(frozen=True, kw_only=True)
class ServiceType:
    """A kind of resource: what becomes a CloudServiceType, and what its CloudServices refer to."""

    group: str
    name: str
    fields: Sequence[Field]
    labels: Sequence[str] = ()
    is_primary: bool = False
    is_major: bool = False


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing found on the machine.

    Attributes:
        type: its kind.
        resource_id: what names it on this machine, the same in every collect.
        name: what people call it.
        data: what is known about it, keyed as the type's fields expect below ``data``.
        tags: plain key and value.
        ip_addresses: addresses it can be reached at.
        instance_type: its make, where that means something.
        instance_size: its size in a unit natural to its type.
    """

    type: ServiceType
    resource_id: str
    name: str
    data: Mapping[str, JSON]
    tags: Mapping[str, str] = field(default_factory=dict)
    ip_addresses: Sequence[str] = ()
    instance_type: str = ""
    instance_size: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One message of the stream, before it becomes protobuf."""

    resource_type: str
    resource: Mapping[str, JSON]
    match_rules: Mapping[str, Sequence[str]] = field(default_factory=dict)
    error: str = ""


def cloud_service(item: Item, *, account: str) -> Envelope:
    """Return the CloudService for ``item`` on the machine ``account``."""
    resource: dict[str, JSON] = {
        "name": item.name,
        "provider": PROVIDER,
        "account": account,
        "cloud_service_group": item.type.group,
        "cloud_service_type": item.type.name,
        "region_code": REGION_CODE,
        "reference": {"resource_id": f"{account}/{item.resource_id}"},
        "data": item.data,
        "tags": item.tags,
        "ip_addresses": item.ip_addresses,
        "metadata": {"view": {"sub_data": {"layouts": [_page(item.type)]}}},
    }
    if item.instance_type:
        resource["instance_type"] = item.instance_type
    if item.instance_size:
        resource["instance_size"] = item.instance_size
    return Envelope(resource_type=CLOUD_SERVICE, resource=resource, match_rules={"1": CLOUD_SERVICE_MATCH})


def cloud_service_type(kind: ServiceType) -> Envelope:
    """Return the CloudServiceType for ``kind``, with its table and its search keys."""
    columns = [shown.as_column() for shown in kind.fields]
    resource: dict[str, JSON] = {
        "name": kind.name,
        "group": kind.group,
        "provider": PROVIDER,
        "service_code": f"{PROVIDER}.{kind.group}",
        "is_primary": kind.is_primary,
        "is_major": kind.is_major,
        "resource_type": CLOUD_SERVICE,
        "labels": kind.labels,
        "tags": {},
        "metadata": {
            "view": {
                "search": [shown.as_search() for shown in kind.fields],
                "table": {"layout": {"name": "", "type": "query-search-table", "options": {"fields": columns}}},
                "widget": [_count_card(kind)],
            }
        },
    }
    return Envelope(resource_type=CLOUD_SERVICE_TYPE, resource=resource, match_rules={"1": CLOUD_SERVICE_TYPE_MATCH})


def region(*, time_zone: str) -> Envelope:
    """Return the one Region of this provider."""
    resource: dict[str, JSON] = {
        "name": "Local",
        "region_code": REGION_CODE,
        "provider": PROVIDER,
        "tags": {"time_zone": time_zone},
    }
    return Envelope(resource_type=REGION, resource=resource, match_rules={"1": REGION_MATCH})


def error(message: str, *, group: str) -> Envelope:
    """Return the report that ``group`` could not be collected."""
    resource: dict[str, JSON] = {
        "resource_type": CLOUD_SERVICE,
        "provider": PROVIDER,
        "cloud_service_group": group,
        "region_code": REGION_CODE,
    }
    return Envelope(resource_type=ERROR_RESOURCE, resource=resource, error=message)


def _page(kind: ServiceType) -> JSON:
    columns = [shown.as_column() for shown in kind.fields]
    return {"name": kind.name, "type": "item", "options": {"fields": columns}}


def _count_card(kind: ServiceType) -> JSON:
    conditions = {"provider": PROVIDER, "cloud_service_group": kind.group, "cloud_service_type": kind.name}
    return {
        "name": "Total Count",
        "type": "card",
        "query": {
            "aggregate": [{"count": {"name": "value"}}],
            "filter": [{"key": key, "value": value, "operator": "eq"} for key, value in conditions.items()],
        },
        "options": {"value_options": {"key": "value", "type": "text", "options": {"default": 0}}},
    }
