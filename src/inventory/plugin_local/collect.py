"""One collect of this machine: areas, filter, order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil

from inventory.plugin import Plugin, Resource
from inventory.plugin.resources import CLOUD_SERVICE
from inventory.plugin_local import resources
from inventory.plugin_local.areas import AREAS, Area, host
from inventory.plugin_local.resources import LocalResource

METADATA: Mapping[str, resources.JSON] = {
    **Plugin.metadata,
    "filter_format": [
        {
            "key": "cloud_service_group",
            "name": "Cloud Service Group",
            "type": "list",
            "resource_type": "CUSTOM",
        },
        {
            "key": "cloud_service_type",
            "name": "Cloud Service Type",
            "type": "list",
            "resource_type": "CUSTOM",
        },
        {
            "key": "cloud_service_id",
            "name": "Cloud Service",
            "type": "list",
            "resource_type": CLOUD_SERVICE,
            "search_key": "cloud_service_id",
            "change_rules": [{"resource_key": "reference.resource_id", "change_key": "resource_id"}],
        },
    ],
}
"""The metadata returned by `init`."""


class FilterError(ValueError):
    """The filter has a key that this plugin did not announce, or a value of the wrong type."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """The filter of a collect; an absent part does not restrict, an empty one excludes everything."""

    cloud_service_group: frozenset[str] | None = None
    cloud_service_type: frozenset[str] | None = None
    resource_id: frozenset[str] | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, object]) -> Filter:
        """Return the filter of a CollectRequest.

        Raises:
            FilterError: an unknown key or a value that is not a list of strings. Ignoring such a key would widen the
                collect.
        """
        parsed: dict[str, frozenset[str]] = {}
        for key, value in raw.items():
            if key not in cls.__dataclass_fields__:
                raise FilterError(f"unknown filter key {key}")
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, Sequence) or not all(isinstance(one, str) for one in values):
                raise FilterError(f"filter {key} must be a list of strings")
            parsed[key] = frozenset(values)
        return cls(**parsed)

    def admits_group(self, group: str) -> bool:
        """Return whether anything in the group can pass."""
        return self.cloud_service_group is None or group in self.cloud_service_group

    def admits(self, item: LocalResource, resource_id: str) -> bool:
        """Return whether the item, whose full id is ``resource_id``, passes."""
        return (
            self.admits_group(item.type.group)
            and (self.cloud_service_type is None or item.type.name in self.cloud_service_type)
            and (self.resource_id is None or resource_id in self.resource_id)
        )


def collect_machine(wanted: Filter | None = None, *, areas: Iterable[Area] = AREAS) -> Iterator[Resource]:
    """Yield all resources of this machine: per area its types, then its items; the region comes first.

    An area that cannot be read yields one error and does not stop the others.

    Args:
        wanted: the filter; absent: everything.
        areas: the areas to collect.
    """
    wanted = wanted or Filter()
    account = host.account()
    yield resources.region(time_zone=host.time_zone())
    for area in areas:
        if not wanted.admits_group(area.group):
            continue
        yield from (resources.cloud_service_type(kind) for kind in area.types)
        try:
            for item in area.find():
                if wanted.admits(item, f"{account}/{item.resource_id}"):
                    yield resources.cloud_service(item, account=account)
        except (OSError, psutil.Error) as error:
            yield resources.error(f"{area.group} cannot be read: {type(error).__name__}", group=area.group)
