"""The messages of a plugin (contract, section 7), as dataclasses with the usual match rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from inventory.domain.plain import Json

CLOUD_SERVICE: Final = "inventory.CloudService"
CLOUD_SERVICE_TYPE: Final = "inventory.CloudServiceType"
REGION: Final = "inventory.Region"
ERROR_RESOURCE: Final = "inventory.ErrorResource"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Base of all kinds of resources.

    Attributes:
        resource_type: the name of the kind in the protocol.
        match: the fields by which the next collect recognizes the resource.
    """

    resource_type: ClassVar[str]
    match: Sequence[str] = ()

    @property
    def match_rules(self) -> Mapping[str, Sequence[str]]:
        """The match rules in the form of the protocol."""
        return {"1": self.match} if self.match else {}

    @property
    def resource(self) -> dict[str, Any]:
        """The content as it is sent."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CloudService(Resource):
    """One resource of a cloud.

    Attributes:
        provider, group, type: its CloudServiceType.
        resource_id: identifies it in its account, the same in every collect; without it, all resources of a type are
            the same.
        name: for people.
        account: its account, project or subscription.
        region_code: the code of a Region of the same provider.
        data: its properties.
        tags: key and value.
        instance_type, instance_size: its model, and its size in the usual unit of its type.
        external_link: its page in the provider's console.
        project_id: its project, if the provider knows it.
        metadata: how a console shows it.
    """

    resource_type: ClassVar[str] = CLOUD_SERVICE

    provider: str
    group: str
    type: str
    resource_id: str
    name: str = ""
    account: str = ""
    region_code: str = ""
    data: Json = field(default_factory=dict)
    tags: Json = field(default_factory=dict)
    ip_addresses: Sequence[str] = ()
    instance_type: str = ""
    instance_size: float = 0.0
    external_link: str = ""
    project_id: str = ""
    metadata: Json = field(default_factory=dict)
    match: Sequence[str] = (
        "reference.resource_id",
        "provider",
        "cloud_service_type",
        "cloud_service_group",
        "account",
    )

    @property
    def resource(self) -> dict[str, Any]:
        """The content in the form of the protocol, without unknown fields."""
        reference = {"resource_id": self.resource_id, **_known(external_link=self.external_link)}
        return {
            "name": self.name,
            "provider": self.provider,
            "cloud_service_group": self.group,
            "cloud_service_type": self.type,
            "reference": reference,
            "data": self.data,
            "tags": self.tags,
            "ip_addresses": self.ip_addresses,
            **_known(
                account=self.account,
                region_code=self.region_code,
                instance_type=self.instance_type,
                instance_size=self.instance_size,
                project_id=self.project_id,
                metadata=self.metadata,
            ),
        }


@dataclass(frozen=True, kw_only=True)
class CloudServiceType(Resource):
    """A kind of resource.

    Attributes:
        provider, group, name: the names by which CloudServices refer to it.
        service_code: the provider's name of it.
        is_primary, is_major: whether consoles show it first.
        labels: its categories.
        tags: for example, an icon.
        columns: of its table in a console: the headings by the dotted path into the resource, such as
            ``{"data.size": "Size"}``.
        metadata: the complete description for a console; None: a table with the columns.
    """

    resource_type: ClassVar[str] = CLOUD_SERVICE_TYPE

    provider: str
    group: str
    name: str
    service_code: str = ""
    is_primary: bool = False
    is_major: bool = False
    labels: Sequence[str] = ()
    tags: Json = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    match: Sequence[str] = ("name", "group", "provider")

    @property
    def resource(self) -> dict[str, Any]:
        """The content as it is sent."""
        return {
            "name": self.name,
            "group": self.group,
            "provider": self.provider,
            "is_primary": self.is_primary,
            "is_major": self.is_major,
            "resource_type": CLOUD_SERVICE,
            "labels": self.labels,
            "tags": self.tags,
            **_known(service_code=self.service_code, metadata=self.metadata or _table(self.columns)),
        }


@dataclass(frozen=True, kw_only=True)
class Region(Resource):
    """A region of a provider."""

    resource_type: ClassVar[str] = REGION

    provider: str
    region_code: str
    name: str = ""
    tags: Json = field(default_factory=dict)
    match: Sequence[str] = ("region_code", "provider")

    @property
    def resource(self) -> dict[str, Any]:
        """The content as it is sent."""
        name = self.name or self.region_code
        return {"name": name, "region_code": self.region_code, "provider": self.provider, "tags": self.tags}


@dataclass(frozen=True, kw_only=True)
class Error(Resource):
    """Reports that something could not be collected; the stream continues.

    Attributes:
        message: the reason, without secrets.
        provider, group, type, region_code, resource_id: the resource concerned, as far as it is known.
    """

    resource_type: ClassVar[str] = ERROR_RESOURCE

    message: str
    provider: str = ""
    group: str = ""
    type: str = ""
    region_code: str = ""
    resource_id: str = ""

    @property
    def resource(self) -> dict[str, Any]:
        """The content as it is sent."""
        return {
            "resource_type": CLOUD_SERVICE,
            **_known(
                provider=self.provider,
                cloud_service_group=self.group,
                cloud_service_type=self.type,
                region_code=self.region_code,
                resource_id=self.resource_id,
            ),
        }


def _table(columns: Mapping[str, str]) -> Json:
    """Return the metadata of a type whose resources have these columns in tables and searches."""
    if not columns:
        return {}
    fields = [{"key": key, "name": name, "type": "text"} for key, name in columns.items()]
    layout = {"name": "", "type": "query-search-table", "options": {"fields": fields}}
    search = [{"key": key, "name": name} for key, name in columns.items()]
    return {"view": {"search": search, "table": {"layout": layout}}}


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
