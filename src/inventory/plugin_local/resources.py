"""The resources that this plugin sends, with tables and pages for consoles.

Field names are those of the contract of `ResourceInfo.resource`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from inventory.plugin import CloudService, CloudServiceType, Error, Region

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

PROVIDER = "local"
REGION_CODE = "local"


@dataclass(frozen=True, kw_only=True)
class DisplayField:
    """One column of a type's table and one line of a resource's page.

    Attributes:
        key: dotted path into the resource.
        name: the heading.
        type: how a console displays it: text, size, datetime, list, badge, …
        options: of that type, such as a unit.
        optional: hidden in the table by default.
        data_type: for searching, if it is not a string: integer, float, boolean, datetime.
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
    """A kind of resource, sent as a CloudServiceType, to which its CloudServices refer."""

    group: str
    name: str
    fields: Sequence[DisplayField]
    labels: Sequence[str] = ()
    is_primary: bool = False
    is_major: bool = False


@dataclass(frozen=True, kw_only=True)
class LocalResource:
    """One thing found on the machine.

    Attributes:
        type: its kind.
        resource_id: identifies it on this machine, the same in every collect.
        data: its properties, keyed as the type's fields expect below ``data``.
        tags: plain keys and values.
        instance_type: its model, if there is one.
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


def cloud_service(item: LocalResource, *, account: str) -> CloudService:
    """Return the CloudService for ``item`` on the machine ``account``."""
    return CloudService(
        provider=PROVIDER,
        group=item.type.group,
        type=item.type.name,
        resource_id=f"{account}/{item.resource_id}",
        name=item.name,
        account=account,
        region_code=REGION_CODE,
        data=item.data,
        tags=item.tags,
        ip_addresses=item.ip_addresses,
        instance_type=item.instance_type,
        instance_size=item.instance_size,
        metadata={"view": {"sub_data": {"layouts": [_page(item.type)]}}},
    )


def cloud_service_type(kind: ServiceType) -> CloudServiceType:
    """Return the CloudServiceType for ``kind``, with its table and its search keys."""
    columns = [shown.as_column() for shown in kind.fields]
    return CloudServiceType(
        provider=PROVIDER,
        group=kind.group,
        name=kind.name,
        service_code=f"{PROVIDER}.{kind.group}",
        is_primary=kind.is_primary,
        is_major=kind.is_major,
        labels=kind.labels,
        metadata={
            "view": {
                "search": [shown.as_search() for shown in kind.fields],
                "table": {"layout": {"name": "", "type": "query-search-table", "options": {"fields": columns}}},
                "widget": [_count_card(kind)],
            }
        },
    )


def region(*, time_zone: str) -> Region:
    """Return the only Region of this provider."""
    return Region(provider=PROVIDER, region_code=REGION_CODE, name="Local", tags={"time_zone": time_zone})


def error(message: str, *, group: str) -> Error:
    """Return the report that ``group`` could not be collected."""
    return Error(message=message, provider=PROVIDER, group=group, region_code=REGION_CODE)


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
